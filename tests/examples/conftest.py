"""Runs examples as a reader would: the file as it stands, `jobctl` found on the PATH, a folder of its own."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.program import Starter

from jobctl.sandbox import Sandbox, Script

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
_FENCE = re.compile(r"^(<!-- not run: .*-->\n)?```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXIT = re.compile(r"\s*# exit (\d+)$")
_CHECK = 'code=$?; [ $code -eq {code} ] || {{ echo "@@ exit $code, not {code}:" {line}; exit 99; }}'


class Shell:
    """Runs programs of examples in one folder, `jobctl` and `python3` those of this environment."""

    def __init__(self, folder, **environ):
        self.cwd = folder
        own = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environ = Starter(folder, **environ).environ | {"PATH": own}

    def run(self, *command, timeout=60, **environ):
        """Run one program to its end; its output as text. It reads nothing."""
        return subprocess.run(
            [str(part) for part in command],
            cwd=self.cwd,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *command, output, **environ):
        """Start one in a process group of its own, all it says into a file."""
        with Path(output).open("wb") as file:
            return subprocess.Popen(
                [str(part) for part in command],
                cwd=self.cwd,
                env=self.environ | environ,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )


@pytest.fixture(scope="session")
def examples():
    """The folder."""
    return EXAMPLES


@pytest.fixture(scope="session")
def _shared_box():
    with Sandbox(defaults=Script(duration=0.3, steps=3, pending=0.0)) as running:
        yield running


@pytest.fixture
def box(_shared_box):
    """A sandbox whose jobs are quick, without faults."""
    _shared_box.set_faults((), (), seed=0)
    yield _shared_box
    _shared_box.set_faults((), ())


@pytest.fixture
def shell(tmp_path, box):
    """Runs examples against the sandbox."""
    return Shell(tmp_path, JOBCTL_BASE_URL=box.url)


@pytest.fixture
def shell_of():
    """`shell_of(folder, VARIABLE=value)`: runs examples elsewhere."""
    return Shell


def _blocks(text):
    """Pairs (shell lines, words its output has) of a walk-through."""
    pairs = []
    for not_run, language, body in _FENCE.findall(text):
        if language == "text":
            pairs[-1][1].extend(body.splitlines())
        elif not not_run:
            pairs.append((body.splitlines(), []))
    return pairs


def _script(blocks, exports):
    """One bash script: exports replaced, each line held to its exit code."""
    lines, left = [], dict(exports)
    for number, (block, _) in enumerate(blocks):
        lines.append(f"echo '@@ block {number}'")
        for line in block:
            expected = _EXIT.search(line)
            statement = _EXIT.sub("", line)
            if statement.startswith("export "):
                for name in [name for name in left if f" {name}=" in statement]:
                    value = left.pop(name)
                    statement = re.sub(rf"\b{name}=\S+", lambda _, is_=f"{name}={value}": is_, statement)
            lines.append(statement)
            if not statement.endswith("&"):
                lines.append(_CHECK.format(code=expected[1] if expected else 0, line=shlex.quote(statement)))
    assert not left, f"the walk-through does not export {sorted(left)}"
    return "\n".join([*lines, "echo '@@ end'", ""])


@pytest.fixture
def walk(tmp_path):
    """`walk(name, timeout, VARIABLE=value)`: go through examples/NAME/README.md; what each block said.

    The variables stand in for what the text exports. Whatever the text started is ended after.
    """

    def go(name, timeout, **exports):
        folder = tmp_path / name
        shutil.copytree(EXAMPLES / name, folder)
        blocks = _blocks((folder / "README.md").read_text("utf-8"))
        script, output = tmp_path / "walk.sh", tmp_path / "walk.txt"
        script.write_text(_script(blocks, exports), "utf-8")
        process = Shell(folder).start("bash", script, output=output)
        try:
            process.wait(timeout)
        finally:
            _end_group(process)
            said = output.read_text("utf-8", errors="replace")
            print(said)
        assert process.returncode == 0, said[-2000:]
        parts = re.split(r"^@@ .*\n", said, flags=re.MULTILINE)[1:-1]
        assert len(parts) == len(blocks)
        for part, (_, expected) in zip(parts, blocks, strict=True):
            assert [words for words in expected if words not in part] == [], part
        return parts

    return go


def _end_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait(10)

"""What a wheel installs beside the package: current, installed, and at work in real shells."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.program import ROOT

from jobctl.cli.installed import FOLDER, files

pexpect = pytest.importorskip("pexpect")

needs = {
    shell: pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")
    for shell in ("bash", "zsh", "fish")
}


def test_they_are_current():
    kept = {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()}
    assert kept == files(), "the command line has changed: run `python -m jobctl.cli.installed`"


def test_the_wheel_installs_each():
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    shared = metadata["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert sorted(Path(source).name for source in shared) == sorted(files())
    installed = {Path(str(one)).as_posix() for one in importlib.metadata.files("jobctl") or ()}
    for target in shared.values():
        assert any(one.endswith(target) for one in installed), f"{target}: install jobctl again (pip install)"


@pytest.fixture
def home(tmp_path):
    """The environment of a shell in which `jobctl` is on the path."""
    here = str(Path(sys.executable).parent)
    # A terminal's completions must not hold what colours and width bring along.
    return {
        "PATH": f"{here}:{os.environ['PATH']}", "HOME": str(tmp_path), "TERM": "dumb", "PS1": "$ ",
        "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), "JOBCTL_STATE_DIR": str(tmp_path / "state"),
    }  # fmt: skip


def typed(shell, keys, expected):
    """Press keys, and wait for what the shell makes of them."""
    shell.send(keys)
    shell.expect_exact(expected)


@pytest.fixture
def spawn(home):
    """Starts interactive shells."""
    shells = []

    def _spawn(program, *arguments):
        shell = pexpect.spawn(program, list(arguments), env=home, encoding="utf-8", timeout=30)
        shells.append(shell)
        return shell

    yield _spawn
    for shell in shells:
        shell.close(force=True)


@needs["bash"]
def test_bash(spawn):
    bash = spawn("bash", "--norc", "--noprofile", "-i")
    typed(bash, f"source '{FOLDER / 'jobctl.bash'}'; echo rea''dy\r", "ready")
    typed(bash, "jobctl wat\t", "watch ")
    typed(bash, "--unt\t", "--until ")
    typed(bash, "comp\t", "completed ")
    typed(bash, "--prof\t", "--profile ")
    typed(bash, "openai\t", "openai-batch ")


@needs["zsh"]
def test_zsh_from_the_first_key_on(spawn):
    zsh = spawn("zsh", "-f", "-i")
    start = f"fpath=('{FOLDER}' $fpath); autoload -Uz compinit; compinit -u -D; echo rea''dy"
    typed(zsh, f"{start}\r", "ready")
    typed(zsh, "jobctl wat\t", "watch ")
    typed(zsh, "--unt\t", "--until ")
    typed(zsh, "comp\t", "completed ")


@needs["fish"]
@pytest.mark.parametrize(
    ("line", "expected"),
    [("jobctl wat", "watch"), ("jobctl watch --unt", "--until"), ("jobctl watch -p openai", "openai-batch")],
)
def test_fish(home, line, expected):
    script = f"source '{FOLDER / 'jobctl.fish'}'; complete -C '{line}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        env=home,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stderr == ""
    assert [offered.split("\t")[0] for offered in done.stdout.splitlines()] == [expected]

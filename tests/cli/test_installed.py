"""What a wheel installs beside the package: current, installed, and at work in real shells."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.components import require_program
from support.program import ROOT

from jobctl.cli.installed import FOLDER, files

pexpect = pytest.importorskip("pexpect")

_OF_TYPER = (r"\fB\-\-install\-completion", r"\fB\-\-show\-completion", r"\fB\-h\fR", r"\fB\-\-help")


def ours(page):
    """The page without what Typer words itself, version by version."""
    return [entry for entry in page.split(".TP\n") if not entry.startswith(_OF_TYPER)]


def test_the_page_is_current():
    kept = (FOLDER / "jobctl.1").read_text("utf-8")
    assert ours(kept) == ours(files()["jobctl.1"]), "run `python -m jobctl.cli.installed`"


def test_each_is_kept():
    assert {path.name for path in FOLDER.iterdir()} == set(files())


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


def test_bash(spawn):
    require_program("bash")
    bash = spawn("bash", "--norc", "--noprofile", "-i")
    typed(bash, f"source '{FOLDER / 'jobctl.bash'}'; echo rea''dy\r", "ready")
    typed(bash, "jobctl wat\t", "watch ")
    typed(bash, "--unt\t", "--until ")
    typed(bash, "comp\t", "completed ")
    typed(bash, "--prof\t", "--profile ")
    typed(bash, "openai\t", "openai-batch ")


def test_zsh_from_the_first_key_on(spawn):
    require_program("zsh")
    zsh = spawn("zsh", "-f", "-i")
    start = f"fpath=('{FOLDER}' $fpath); autoload -Uz compinit; compinit -u -D; echo rea''dy"
    typed(zsh, f"{start}\r", "ready")
    typed(zsh, "jobctl wat\t", "watch ")
    typed(zsh, "--unt\t", "--until ")
    typed(zsh, "comp\t", "completed ")


@pytest.mark.parametrize(
    ("line", "expected"),
    [("jobctl wat", "watch"), ("jobctl watch --unt", "--until"), ("jobctl watch -p openai", "openai-batch")],
)
def test_fish(home, line, expected):
    require_program("fish")
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

"""examples/submit_and_wait.py: exits with jobctl's own codes."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture
def program(shell, examples):
    """Runs the script."""

    def run(*argv, **environ):
        return shell.run(sys.executable, examples / "submit_and_wait.py", *argv, **environ)

    return run


def test_the_result_is_on_stdout(program, box):
    done = program(box.url, "a lighthouse")
    assert (done.returncode, done.stdout.strip().isdigit()) == (0, True), done.stderr


def test_nobody_answers(program, box):
    box.set_faults(["submit-error=100%"])
    done = program(box.url, "a lighthouse")
    assert done.returncode == 7
    assert "503" in done.stderr


def test_refused_credentials(program, box):
    box.set_faults(["auth=opensesame-4711"])
    assert program(box.url, "a lighthouse").returncode == 6
    assert program(box.url, "a lighthouse", JOBCTL_TOKEN="opensesame-4711").returncode == 0


def test_without_arguments_it_says_how_it_is_used(program):
    done = program()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")
    assert "Traceback" not in done.stderr

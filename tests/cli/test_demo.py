"""What `jobctl demo` prints fits eighty columns, whatever the reason."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from jobctl.cli import demo
from jobctl.reasons import Reason
from jobctl.sandbox.incidents import Contest, Outcome, Row


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=200, soft_wrap=True, highlight=False)


def lines(console):
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("reason", ["", *Reason])
def test_a_row(console, reason):
    demo._row(
        console,
        Row(12.3, "stream", "processing 95 % *", "running 95 %", "running 95 %", str(reason), step_back=True),
    )
    (line,) = lines(console)
    assert len(line) <= 80
    assert line == line.rstrip()


def test_the_score_and_what_is_said_above_it(console):
    contest = Contest(lambda _row: None, naive="x", jobctl="completed")
    contest.naive_steps_back = ["completed → running 95 %", "running 95 % → pending 0 %"] * 9
    contest.reasons.update(list(Reason))
    demo._score(console, Outcome("7", "completed", contest))
    demo._say(console, "word " * 40)
    assert max(map(len, lines(console))) <= 80
    assert any("jobctl: went backwards 0 times, shows completed" in line for line in lines(console))

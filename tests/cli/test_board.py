"""The rows of the live view, at every width and in every encoding."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console
from support.screen import machine
from world.make import known

from jobctl.cli.board import Board, Spelling, traffic
from jobctl.watching.pacing import PollBudget
from jobctl.watching.quota import HourlyQuota
from jobctl.watching.stream_state import Socket

BUDGET = PollBudget(20)


def drawn(width, *machines, names=("1193930",), encoding="utf-8", is_fed=False):
    sink = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace", newline="\n")
    console = Console(file=sink, width=width, height=24, color_system=None)
    board = Board(
        lambda: dict(zip(names, machines, strict=True)), lambda _: BUDGET, lambda: 100.0, lambda: is_fed
    )
    console.print(board, soft_wrap=False)
    sink.flush()
    return sink.buffer.getvalue().decode(encoding).splitlines()


@pytest.mark.parametrize("width", [12, 15, *range(20, 30), *range(30, 160, 7)])
@pytest.mark.parametrize(
    "name",
    [
        "7",
        "1193930",
        "a-name-that-is-longer-than-most-of-them",
        "日本語の名前",
        "a\x1b[2J\nb",
        "e\u0301" * 30,
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_no_row_comes_near_the_edge(width, name, encoding):
    slow = machine(Socket.WAITING, job=known("running", raw_status="processing", progress=62.0))
    lines = drawn(width, slow, machine(job=None), names=(name, "x"), encoding=encoding)
    assert len(lines) == 2
    assert max(map(cell_len, lines)) <= width - 3


def test_what_the_design_promises_fits_eighty_columns():
    (line,) = drawn(80, machine(Socket.WAITING))
    assert line == "1193930  running  62 % · as of 4s ago via poll · socket down, retry 3/5"
    assert "socket down 3/5" in drawn(60, machine(Socket.WAITING))[0]


def test_the_bar_is_for_those_who_have_the_room():
    waiting = machine(Socket.WAITING)
    assert "━" not in drawn(100, waiting)[0]
    assert "━" in drawn(120, waiting)[0]
    assert "--" in drawn(120, waiting, encoding="ascii")[0]


def test_what_cannot_be_spelled_is_spelled_before_it_is_measured():
    assert Spelling("ascii").joined(["a", "b ×3"]) == "a | b x3"
    assert Spelling("utf-8").joined(["a", "b ×3"]) == "a · b ×3"
    assert Spelling("latin-1").joined(["a", "b ×3"]) == "a · b ×3"
    assert Spelling("ascii")("é") == "\\xe9"
    assert Spelling("utf-8").cut("abcdef", 4) == "abc…"
    assert Spelling("ascii").cut("abcdef", 4) == "abc."


def test_more_jobs_than_rows():
    jobs = [machine() for _ in range(25)]
    lines = drawn(80, *jobs, names=[str(number) for number in range(25)])
    assert lines[-1] == "and 8 more, 0 of 25 finished"


@pytest.mark.parametrize("width", [20, 30, 40])
def test_a_narrow_screen_still_has_a_line_for_each_thing(width):
    jobs = [machine() for _ in range(40)]
    crowd = drawn(width, *jobs, names=[f"日本語{number}" for number in range(40)])
    waiting = drawn(width, names=(), is_fed=True)
    assert (len(crowd), len(waiting)) == (2, 1)
    assert max(map(cell_len, [*crowd, *waiting])) <= width - 3


@pytest.mark.parametrize("width", [40, 80, 160])
def test_so_many_jobs_that_only_counts_say_anything(width):
    jobs = [machine() for _ in range(40)]
    lines = drawn(width, *jobs, names=[str(number) for number in range(40)])
    assert lines[0] == "40 jobs: 40 running"
    assert lines[1].startswith("slowest  0 running 62 %")
    assert len(lines) == 2
    assert max(map(cell_len, lines)) <= width - 3


def test_what_is_told_of_the_traffic():
    plain, quota = PollBudget(20), PollBudget(20, HourlyQuota(60))
    for budget in (plain, quota):
        for second in range(3):
            budget.take(100.0 + second)
    assert traffic([plain], 110.0) == "about 1,080 requests an hour, 20 a second at most"
    assert traffic([plain, plain], 110.0) == "about 2,160 requests an hour to 2 APIs, 20 a second at most"
    assert traffic([plain, PollBudget(5)], 110.0) == "about 1,080 requests an hour to 2 APIs"
    assert traffic([quota], 110.0) == "3 of 60 requests an hour, the next in 56s"
    assert traffic([quota], 200.0) == "3 of 60 requests an hour"
    assert traffic([quota, quota], 110.0) == "6 requests in the last hour to 2 APIs, at most 60 to each"


def test_a_feed_with_nothing_left_to_watch_says_what_it_waits_for():
    done = machine(job=known("completed"))
    done.finished = True
    assert drawn(80, done, done, names=("7", "8"), is_fed=True) == [
        "2 jobs: 2 completed; waiting for more ids"
    ]
    assert drawn(80, done, done, names=("7", "8")) == []
    assert drawn(80, names=(), is_fed=True) == ["no jobs yet; waiting for ids"]

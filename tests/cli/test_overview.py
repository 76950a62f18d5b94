"""More jobs than a screen has rows: counts, and the few that need a look."""

from __future__ import annotations

from support.screen import machine
from world.make import known

from jobctl.cli.overview import counts, overview
from jobctl.model import Source
from jobctl.watching.events import Failure, FailureKind


def lines(**machines):
    return [line.text for line in overview(machines, 100.0)]


def running(progress):
    return machine(job=known("running", progress=progress, proven=True))


def test_states_are_counted_and_those_nobody_is_in_are_left_out():
    machines = {
        "a": running(1.0),
        "b": running(2.0),
        "c": machine(job=known("failed")),
        "d": machine(job=None),
    }
    assert counts(machines) == "2 running, 1 failed, 1 without a word"


def test_the_slowest_are_those_with_the_least_done():
    first, slowest = lines(a=running(90.0), b=running(5.0), c=machine(job=known("pending")), d=running(50.0))
    assert first == "4 jobs: 1 pending, 3 running"
    assert slowest == "slowest  c pending, b running 5 %, d running 50 %"


def test_the_stale_and_the_failing_are_named_and_counted():
    stale = {name: running(99.0) for name in "abcde"}
    for age, one in enumerate(stale.values()):
        one.last_word_at, one.last_word_from = 100.0 - 31 - age, Source.POLL
    failing = running(99.0)
    failing.reads.failures, failing.reads.last_failure = 1, Failure(FailureKind.TRANSIENT, "no answer")
    told = lines(**stale, f=failing)
    assert told[2] == "stale    e as of 35s ago, d as of 34s ago, c as of 33s ago and 2 more"
    assert told[3] == "failing  f ×1 transient"


def test_a_jobs_name_reaches_no_terminal_raw():
    (_, slowest) = lines(**{"a\x1b[2J": running(5.0)})
    assert "\x1b" not in slowest

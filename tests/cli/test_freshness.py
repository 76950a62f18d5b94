"""What a row says about age, source and what we wait for."""

from __future__ import annotations

from types import SimpleNamespace as Fake

import pytest
from support.screen import machine
from world.make import known

from jobctl.cli.freshness import freshness
from jobctl.model import Source
from jobctl.watching.stream_state import Socket


def said(made, *, paused=0.0):
    return [", ".join(parts) for parts in freshness(made, 100.0, began=93.0, paused=paused)]


def test_the_promise_of_the_design():
    long, usual, short = said(machine(Socket.WAITING))
    assert long == "62 %, as of 4s ago via poll, socket down, retry 3/5 in 1.2s"
    assert usual == "62 %, as of 4s ago via poll, socket down, retry 3/5"
    assert short == "62 %, 4s ago, poll, socket down 3/5"


def test_a_session_that_was_worth_something_is_no_retry():
    made = machine(Socket.WAITING)
    made.stream.fruitless = 0
    assert said(made)[0].endswith("socket down, again in 1.2s")


def test_before_the_first_word_the_seconds_are_counted():
    made = machine(job=None, last_word_at=None)
    made.stream.session = 0
    assert set(said(made)) == {"no word yet, 7s"}


@pytest.mark.parametrize("job", [None, known("running")])
def test_a_pause_the_server_asked_for_is_no_silence(job):
    made = machine(job=job, last_word_at=96.0 if job else None)
    made.reads.failures, made.reads.last_failure = 1, Fake(retry_after=30.0)
    made.reads.next_poll_at = 128.0
    long = said(made)[0]
    assert long.endswith("waiting 28s: the server asked for it")
    assert "polling only" not in long
    assert "no word" not in long
    assert "failing" not in long
    assert "waiting 40s" in said(made, paused=40.0)[0]


def test_what_fails_and_what_is_claimed():
    made = machine(Socket.OPEN, claim=Fake(status=known("completed").status, source=Source.STREAM))
    made.reads.failures, made.reads.last_failure = 3, Fake(retry_after=None)
    long, _, short = said(made)
    assert long.endswith("socket up, unproven, reads failing ×3, stream says completed, checking")
    assert short.endswith("socket up, failing ×3, stream: completed?")

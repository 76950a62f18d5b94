"""Reads as the machine schedules them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.model import Source
from jobctl.watching.events import Failure, FailureKind
from jobctl.watching.options import WatchOptions
from jobctl.watching.read_state import ReadState

BROKEN = Failure(FailureKind.TRANSIENT, "502", status=502)
MISSING = Failure(FailureKind.NOT_FOUND, "404", status=404)
REFUSED = Failure(FailureKind.REFUSED, "400", status=400)


def state(**options) -> ReadState:
    return ReadState(WatchOptions(**options))


def sent(reads: ReadState, now: float) -> Source:
    source = asked(reads, now)
    reads.sent(now)
    return source


def asked(reads: ReadState, now: float) -> Source:
    source = reads.due(now)
    assert source is not None
    reads.asked(source)
    return source


def test_one_read_at_a_time():
    reads = state()
    assert sent(reads, 0.0) is Source.POLL
    reads.want_verify(0.0, 0.5)
    assert reads.due(100.0) is None
    assert reads.next_due() is None
    reads.answered(1.0, 5.0)
    assert reads.due(1.0) is Source.VERIFY


def test_a_verified_read_takes_the_turn_of_a_poll_that_waits():
    reads = state()
    assert asked(reads, 0.0) is Source.POLL
    assert reads.next_due() is None
    reads.want_verify(0.0, 0.5)
    assert reads.next_due() == reads.verify_at
    assert asked(reads, reads.verify_at) is Source.VERIFY
    reads.want_verify(1.0, 0.5)
    assert reads.due(100.0) is None


def test_a_poll_that_waits_once_more_gives_way_again():
    reads = state()
    assert sent(reads, 0.0) is Source.POLL
    reads.want_verify(0.0, 0.5)
    assert reads.due(100.0) is None
    reads.waits()
    assert reads.next_due() == reads.verify_at
    assert asked(reads, 100.0) is Source.VERIFY
    reads.answered(101.0, 5.0)
    reads.waits()
    assert reads.due(200.0) is Source.POLL, "nothing is under way that could wait"


def test_a_verified_read_goes_first_and_the_poll_is_still_due_after_it():
    reads = state()
    reads.want_verify(0.0, 0.5)
    assert sent(reads, 0.0) is Source.VERIFY
    reads.answered(0.1, 2.0)
    assert reads.next_due() == pytest.approx(2.1)
    assert reads.due(2.0) is None
    assert reads.due(2.2) is Source.POLL


def test_asking_twice_for_a_verified_read_is_asking_once():
    reads = state()
    for now in (0.0, 0.1, 0.2):
        reads.want_verify(now, 0.5)
    assert sent(reads, 0.3) is Source.VERIFY
    reads.answered(0.4, 5.0)
    assert reads.due(1.0) is None


@given(st.integers(2, 10), st.floats(0, 0.999))
def test_verified_reads_that_change_nothing_come_ever_more_slowly(count, random):
    reads, now, gaps = state(), 10.0, []
    for _ in range(count):
        reads.want_verify(now, random)
        assert reads.verify_at is not None
        gaps.append(reads.verify_at - now)
        now = max(now, reads.verify_at)
        sent(reads, now)
        assert reads.returned(now)
        reads.answered(now, 100.0)
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(gaps))
    assert gaps[-1] <= 5.0 + 1e-9
    reads.verify_applied()
    reads.want_verify(now, random)
    assert reads.verify_at is not None
    assert reads.verify_at - now <= 0.25 + 1e-9, "one that settled something starts anew"


def test_a_poll_that_returns_is_no_verified_read():
    reads = state()
    assert sent(reads, 0.0) is Source.POLL
    assert not reads.returned(0.1)


def test_a_prompt_is_at_once_but_not_more_often_than_the_fastest():
    reads = state(fastest=0.5)
    reads.next_poll_at = 100.0
    reads.prompt(10.0)
    assert sent(reads, 10.0) is Source.POLL
    reads.answered(10.05, 100.0)
    reads.prompt(10.1)
    assert reads.due(10.2) is None
    assert reads.due(10.5) is Source.POLL


def test_a_prompt_never_postpones():
    reads = state()
    reads.next_poll_at = 5.0
    reads.prompt(7.0)
    assert reads.next_poll_at == 5.0


def test_failures_back_off_and_an_answer_forgets_them():
    reads, now, waits = state(), 0.0, []
    for _ in range(8):
        sent(reads, now)
        reads.failed(now, BROKEN, 0.5)
        waits.append(reads.next_poll_at - now)
        now = reads.next_poll_at
    assert waits == sorted(waits)
    assert waits[-1] <= 10.0
    assert (reads.failures, reads.last_failure) == (8, BROKEN)
    sent(reads, now)
    reads.answered(now, 1.0)
    assert (reads.failures, reads.last_failure) == (0, None)


@pytest.mark.parametrize("source", [Source.POLL, Source.VERIFY])
def test_retry_after_is_the_least_wait(source):
    reads = state()
    if source is Source.VERIFY:
        reads.want_verify(0.0, 0.5)
    assert sent(reads, 0.0) is source
    reads.failed(0.1, BROKEN._replace(retry_after=30.0), 0.5)
    assert reads.due(30.0) is None
    assert reads.next_due() == pytest.approx(30.1)


def test_a_failed_verified_read_is_wanted_again():
    reads = state()
    reads.want_verify(0.0, 0.5)
    sent(reads, 0.0)
    reads.failed(0.1, BROKEN, 0.5)
    assert reads.verify_at is not None
    assert reads.verify_at > 0.1


def fail_in_a_row(*failures: Failure, every: float = 1.0) -> ReadState:
    reads = state()
    for number, failure in enumerate(failures):
        reads.in_flight = Source.POLL
        reads.failed(every * number, failure, 0.5)
    return reads


@pytest.mark.parametrize(
    ("failures", "every", "gone"),
    [
        ([MISSING], 1.0, False),
        ([MISSING, MISSING], 3.0, True),
        ([MISSING, MISSING], 2.9, False),
        ([MISSING] * 5, 0.7, False),
        ([MISSING] * 6, 0.7, True),
        ([MISSING, BROKEN, MISSING], 3.0, False),
        ([BROKEN, MISSING, MISSING], 3.0, True),
    ],
)
def test_gone_means_again_and_again_for_longer_than_a_replica_lags(failures, every, gone):
    reads = fail_in_a_row(*failures, every=every)
    assert reads.gone(every * (len(failures) - 1)) is gone


def test_a_word_of_the_stream_contradicts_gone():
    reads = fail_in_a_row(MISSING)
    reads.contradicted()
    reads.in_flight = Source.POLL
    reads.failed(4.0, MISSING, 0.5)
    assert not reads.gone(4.0)


def test_what_happens_while_a_read_is_under_way_is_read_after_it():
    reads = state()
    sent(reads, 0.0)
    reads.prompt(0.1)
    assert reads.due(0.1) is None
    reads.answered(0.2, 60.0)
    assert reads.next_poll_at == pytest.approx(0.2)
    sent(reads, 0.2)
    reads.answered(0.3, 60.0)
    assert reads.next_poll_at == pytest.approx(60.3)


def test_a_retry_after_is_obeyed_for_as_long_as_our_patience_lasts():
    reads = state(lost_after=60.0)
    sent(reads, 0.0)
    reads.failed(1.0, BROKEN._replace(retry_after=86_400.0), 0.5)
    assert reads.next_poll_at == pytest.approx(301.0)


def test_refused_means_three_times_in_a_row():
    assert not fail_in_a_row(REFUSED, REFUSED).refused
    assert fail_in_a_row(REFUSED, REFUSED, REFUSED).refused
    assert not fail_in_a_row(REFUSED, REFUSED, BROKEN, REFUSED).refused

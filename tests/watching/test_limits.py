"""The clocks of one watch: what is overdue, in which order, and when to look again."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.make import at, known, seen

from jobctl.model import Source
from jobctl.watching.claim import Claim
from jobctl.watching.events import Ending, Failure, FailureKind, Level
from jobctl.watching.limits import TimeLimits
from jobctl.watching.options import WatchOptions
from jobctl.watching.read_state import ReadState

RUNNING, ODD, ENDED = known("running"), known("unknown", raw_status="archived"), known("completed")
BROKEN = Failure(FailureKind.TRANSIENT, "the server answered 502", status=502)


class Clocks:
    """The limits of a watch that began at 100."""

    def __init__(self, *, just_submitted=False, contact=True, **options):
        self.options = WatchOptions(
            **{"lost_after": 60.0, "first_contact": 15.0, "stall_after": 600.0} | options
        )
        self.reads = ReadState(self.options)
        self.limits = TimeLimits(self.options, self.reads)
        self.limits.start(100.0, just_submitted=just_submitted)
        if contact:
            self.limits.good_word(100.0)

    def fail(self, now, retry_after=None):
        self.reads.asked(Source.POLL)
        self.reads.failed(now, BROKEN._replace(retry_after=retry_after), 0.5)
        self.limits.bad_read(now)
        return self

    def ending(self, now, job=RUNNING, claim=None):
        finish = self.limits.overdue(now, job, claim or Claim(5))
        return finish and finish.ending

    def ends_at(self, moment, job=RUNNING):
        """The first overdue moment is `moment`, to the millisecond."""
        return self.ending(moment - 0.001, job) is None and self.ending(moment, job) is not None


def test_while_there_is_time_nothing_is_overdue():
    clocks = Clocks()
    assert clocks.ending(1e6) is None
    assert Clocks(contact=False).ending(1e6, None) is None, (
        "a read that has not come back yet is not a bad one"
    )


# --- the deadline ----------------------------------------------------------------------------------------


def test_the_deadline_counts_from_the_start_whatever_comes_in():
    clocks = Clocks(timeout=10.0)
    clocks.limits.good_word(109.0)
    assert clocks.ends_at(110.0)
    assert clocks.ending(110.0) is Ending.DEADLINE


def test_the_deadline_tells_the_last_failure():
    finish = Clocks(timeout=10.0).fail(105.0).limits.overdue(110.0, RUNNING, Claim(5))
    assert "502" in finish.message
    assert finish.job is RUNNING


# --- lost contact ----------------------------------------------------------------------------------------


def test_contact_is_lost_when_reads_stay_bad_for_so_long():
    clocks = Clocks().fail(110.0)
    clocks.fail(150.0)
    assert clocks.ends_at(170.0)
    assert clocks.ending(170.0) is Ending.LOST


def test_a_good_word_in_between_starts_the_clock_anew():
    clocks = Clocks().fail(110.0)
    clocks.limits.good_word(150.0)
    assert clocks.ending(1e6) is None
    clocks.fail(160.0)
    assert clocks.ends_at(220.0)


def test_with_a_quota_contact_is_not_lost_while_the_read_that_would_tell_waits_for_its_turn():
    clocks = Clocks(has_quota=True).fail(110.0)
    clocks.reads.asked(Source.POLL)
    assert clocks.ending(1e6) is None
    assert clocks.limits.next_wake(RUNNING, None, None) == math.inf
    clocks.reads.sent(700.0)
    assert clocks.ends_at(710.0)
    clocks.reads.failed(701.0, BROKEN, 0.5)
    assert clocks.ending(701.0) is Ending.LOST


def test_without_a_quota_turns_are_short_and_a_dead_server_is_told_in_time():
    clocks = Clocks().fail(110.0)
    clocks.reads.asked(Source.POLL)
    assert clocks.ends_at(170.0)


def test_a_read_that_left_in_time_does_not_put_the_end_off():
    clocks = Clocks(has_quota=True).fail(110.0)
    clocks.reads.asked(Source.POLL)
    clocks.reads.sent(165.0)
    assert clocks.ends_at(170.0)


def test_a_first_read_that_fails_is_not_waited_for_as_long_as_a_quota_may_take():
    clocks = Clocks(contact=False, has_quota=True).fail(101.0)
    clocks.reads.asked(Source.POLL)
    assert clocks.ends_at(116.0, None)


def test_lost_contact_tells_how_long_ago_the_last_good_word_was_and_what_was_claimed():
    clocks, claim = Clocks(), Claim(5)
    claim.seen = seen("completed", Source.STREAM)
    clocks.limits.good_word(120.0)
    finish = clocks.fail(150.0).limits.overdue(210.0, RUNNING, claim)
    assert "90s" in finish.message
    assert "502" in finish.message
    assert "the stream said completed, unconfirmed" in finish.message


@pytest.mark.parametrize(
    ("options", "end"),
    [
        ({}, 116.0),
        ({"lost_after": 5.0}, 106.0),
        ({"just_submitted": True, "not_found_grace": 10.0}, 116.0),
        ({"just_submitted": True, "not_found_grace": 40.0}, 141.0),
    ],
)
def test_a_wrong_address_does_not_take_a_minute_to_say_so(options, end):
    assert Clocks(contact=False, **options).fail(101.0).ends_at(end, None)


@pytest.mark.parametrize(
    ("retry_after", "end"),
    [(None, 170.0), (10.0, 170.0), (59.5, 179.5), (120.0, 240.0), (299.0, 419.0), (3600.0, 420.0)],
)
@pytest.mark.parametrize("contact", [True, False])
def test_a_server_that_asks_to_wait_is_asked_once_more_before_contact_is_lost(retry_after, end, contact):
    clocks = Clocks(contact=contact, first_contact=60.0).fail(110.0, retry_after)
    assert clocks.ends_at(end)
    if retry_after:
        assert clocks.reads.next_poll_at <= end - 10.0


# --- the stall guard -------------------------------------------------------------------------------------


def test_only_a_word_nobody_mapped_can_stall():
    clocks = Clocks()
    clocks.limits.changed_at = 200.0
    clocks.limits.applied(300.0, ODD, ODD._replace(updated_at=at(9)))  # only dated anew
    assert clocks.ending(1e6, RUNNING) is None
    assert clocks.ending(1e6, None) is None
    assert clocks.ends_at(800.0, ODD)
    assert clocks.ending(800.0, ODD) is Ending.STALLED


@given(st.floats(0, 1e6), st.floats(0.1, 1e4))
def test_when_to_look_again_is_when_it_is_overdue_whatever_rounding_does(changed_at, stall_after):
    clocks = Clocks(stall_after=stall_after)
    clocks.limits.changed_at = changed_at
    clocks.reads.asked(Source.POLL)
    wake = clocks.limits.next_wake(ODD, None, None)
    assert clocks.ending(wake, ODD) is Ending.STALLED


# --- when to look again ----------------------------------------------------------------------------------


def test_with_a_read_under_way_there_is_nothing_to_wait_for():
    clocks = Clocks()
    clocks.reads.asked(Source.POLL)
    assert clocks.limits.next_wake(RUNNING, None, None) == math.inf


@pytest.mark.parametrize(
    ("options", "job", "retry_at", "record_until", "wake"),
    [
        ({}, RUNNING, None, None, 500.0),
        ({}, RUNNING, 130.0, None, 130.0),
        ({"timeout": 20.0}, RUNNING, 130.0, None, 120.0),
        ({"stall_after": 15.0}, ODD, 130.0, None, 115.0),
        ({"stall_after": 15.0}, RUNNING, None, None, 500.0),
        ({}, ENDED, 130.0, 133.0, 133.0),
        ({"timeout": 20.0}, ENDED, 130.0, 133.0, 120.0),
    ],
)
def test_the_earliest_of_all_clocks_counts_and_no_reconnect_while_closing(
    options, job, retry_at, record_until, wake
):
    clocks = Clocks(**options)
    clocks.reads.answered(100.0, 400.0)
    assert clocks.limits.next_wake(job, record_until, retry_at) == wake


def test_lost_contact_is_looked_for_in_time():
    clocks = Clocks().fail(110.0, retry_after=500.0)
    assert clocks.limits.next_wake(RUNNING, None, None) == 410.0, "the read"
    assert clocks.ends_at(420.0)


# --- grace -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("just_submitted", "contact", "until"),
    [(True, False, 110.0), (True, True, 110.0), (False, False, 103.0), (False, True, 100.0)],
)
def test_a_job_may_be_younger_than_the_replica_that_was_asked(just_submitted, contact, until):
    limits = Clocks(
        just_submitted=just_submitted, contact=contact, not_found_grace=10.0, unseen_grace=3.0
    ).limits
    assert until == 100.0 or limits.in_grace(until - 0.001)
    assert limits.in_grace(until) is False


def test_a_failure_is_expected_right_after_a_submit_and_news_otherwise():
    assert Clocks(just_submitted=True).limits.loudness(105.0) is Level.DETAIL
    assert Clocks(just_submitted=True).limits.loudness(111.0) is Level.WARNING
    assert Clocks(contact=False).limits.loudness(101.0) is Level.WARNING


def test_contact_is_remembered():
    limits = Clocks(contact=False).limits
    assert limits.had_contact is False
    limits.good_word(101.0)
    limits.bad_read(102.0)
    assert limits.had_contact is True


@given(
    st.lists(st.tuples(st.sampled_from(["good", "bad", "retry"]), st.floats(0.01, 50)), max_size=8),
    st.sampled_from([RUNNING, ODD, None]),
    st.none() | st.floats(1, 300),
)
def test_what_is_not_overdue_is_woken_for_before_it_is(words, job, timeout):
    clocks, now = Clocks(timeout=timeout, contact=False), 100.0
    for word, later in words:
        now += later
        if word == "good":
            clocks.reads.answered(now, 1.0)
            clocks.limits.good_word(now)
        else:
            clocks.fail(now, 20.0 if word == "retry" else None)
    if clocks.ending(now, job) is None:
        clocks.reads.asked(Source.POLL)  # the read itself wakes nobody: only the clocks do
        wake = clocks.limits.next_wake(job, None, None)
        assert wake > now
        if wake < math.inf:
            assert clocks.ending(math.nextafter(wake, 0) - 0.001, job) is None
            assert clocks.ending(wake, job) is not None

"""How long the record of a proven end is asked for, and what counts as it."""

from __future__ import annotations

import pytest
from world.make import at, known, seen

from jobctl.model import Source
from jobctl.reconcile import reconcile
from jobctl.watching.events import Failure, FailureKind
from jobctl.watching.final_record import FinalRecord

ENDED = known("completed", updated_at=at(5), proven=True, dated=True)


def test_nothing_is_wanted_until_an_end_is_proven():
    record = FinalRecord()
    record.asked(1.0)
    assert (record.wanted, record.wanted_until, record.is_late(1e9)) == (False, None, False)


def test_five_seconds_from_the_first_read_that_was_sent_for_it():
    record = FinalRecord()
    record.want(10.0)
    assert record.wanted_until == 70.0
    record.asked(20.0)
    record.asked(23.0)
    assert record.wanted_until == 25.0
    assert not record.is_late(24.999)
    assert record.is_late(25.0)


def test_it_is_wanted_once_and_anew_after_a_later_attempt():
    record = FinalRecord()
    record.want(10.0)
    record.asked(10.0)
    record.want(14.0)
    assert record.wanted_until == 15.0
    record.may_still_come(Failure(FailureKind.TRANSIENT, "the server answered 502"))
    record.drop()
    assert not record.wanted
    record.want(30.0)
    assert (record.wanted_until, record.problem) == (90.0, "no read came back in time")


@pytest.mark.parametrize(
    ("answer", "is_in", "problem"),
    [
        ({"status": "completed", "updated_at": at(5), "result": 7}, True, ""),
        ({"status": "completed", "updated_at": at(5)}, True, ""),
        ({"status": "failed", "updated_at": at(6)}, True, ""),
        ({"status": "running", "updated_at": at(6)}, True, ""),
        ({"status": "running", "updated_at": at(4)}, False, "reads still say running"),
        ({"status": "completed", "updated_at": at(4)}, False, "reads still say completed"),
        ({"status": None}, False, "reads say nothing"),
    ],
)
def test_the_record_is_a_read_that_was_taken_or_says_the_same(answer, is_in, problem):
    record = FinalRecord()
    record.want(0.0)
    read = reconcile(ENDED, seen(answer.pop("status"), Source.VERIFY, basis=ENDED.revision, **answer))
    assert record.is_in(read) is is_in
    assert is_in or record.problem == problem


@pytest.mark.parametrize("kind", list(FailureKind))
def test_only_what_may_pass_is_worth_another_read(kind):
    record = FinalRecord()
    passing = kind in {FailureKind.TRANSIENT, FailureKind.NOT_JSON, FailureKind.TUNNEL_PAGE}
    assert record.may_still_come(Failure(kind, "the server answered 502")) is passing
    assert record.problem == "the server answered 502"

"""The words of DESIGN section 2."""

from __future__ import annotations

import pytest
from world.make import at, known, seen

from jobctl.model import Job, JobStatus, Observation, Source


@pytest.mark.parametrize(
    ("word", "rank", "terminal"),
    [
        ("pending", 0, False),
        ("running", 1, False),
        ("unknown", 1, False),
        ("completed", 2, True),
        ("failed", 2, True),
        ("cancelled", 2, True),
    ],
)
def test_status_rank_and_terminal(word, rank, terminal):
    status = JobStatus(word)
    assert (status.rank, status.terminal, str(status)) == (rank, terminal, word)


def test_there_are_no_other_statuses_and_sources():
    assert {status.value for status in JobStatus} == {
        "pending", "running", "completed", "failed", "cancelled", "unknown",
    }  # fmt: skip
    assert {source.value for source in Source} == {
        "submit", "poll", "stream", "verify", "cancel", "store", "capture",
    }  # fmt: skip


def test_only_a_poll_and_a_verified_read_are_reads():
    assert {source for source in Source if source.is_read} == {Source.POLL, Source.VERIFY}


def test_records_cannot_be_changed():
    for record in (known("running"), seen("running")):
        with pytest.raises(AttributeError):
            record.status = JobStatus.COMPLETED


def test_two_records_of_the_same_are_equal():
    assert known("running", updated_at=at(1)) == known("running", updated_at=at(1))
    assert isinstance(known("running"), Job)
    assert isinstance(seen("running"), Observation)

"""How a watch can end, in words a person on call can use."""

from __future__ import annotations

import pytest
from world.make import JOB, at, known, seen

from jobctl.model import JobStatus, Source
from jobctl.watching import endings
from jobctl.watching.events import Ending, Failure, FailureKind

FAILURE = Failure(FailureKind.TRANSIENT, "the server answered 502", "is it up?", 502, "bad gateway")
RUNNING = known("running", updated_at=at(5), proven=True)
CLAIM = seen("completed", Source.STREAM, progress=100.0, result=65018)


@pytest.mark.parametrize(
    ("finish", "ending", "words"),
    [
        (endings.terminal(known("failed")), Ending.TERMINAL, "failed"),
        (endings.until_reached(RUNNING), Ending.UNTIL, "running"),
        (endings.deadline(RUNNING, 600.0, FAILURE, JobStatus.COMPLETED), Ending.DEADLINE, "10m"),
        (
            endings.deadline(known("completed", verified=False), 9.0, None, JobStatus.COMPLETED),
            Ending.DEADLINE,
            "nothing was read; last known completed",
        ),
        (endings.deadline(None, 90.0, None, JobStatus.COMPLETED), Ending.DEADLINE, "nothing was read"),
        (
            endings.deadline(RUNNING, 9.0, None, JobStatus.CANCELLED),
            Ending.DEADLINE,
            "not cancelled",
        ),
        (endings.auth_refused(RUNNING, FAILURE), Ending.AUTH, "502"),
        (endings.gone(None, FAILURE), Ending.GONE, "no such job"),
        (endings.gone(RUNNING, FAILURE), Ending.GONE, "last seen running"),
        (endings.gone(known("running", verified=False), FAILURE), Ending.GONE, "no such job"),
        (endings.lost(RUNNING, FAILURE, None, after=60.2), Ending.LOST, "502"),
        (endings.lost(RUNNING, FAILURE, CLAIM, after=60.2), Ending.LOST, "completed, unconfirmed"),
        (endings.lost(None, None, None, after=15.0), Ending.LOST, "15s"),
        (endings.unreachable(None, FAILURE), Ending.LOST, "502"),
        (endings.stalled(known("unknown", raw_status="archived"), 600.0), Ending.STALLED, "'archived'"),
        (endings.interrupted(RUNNING), Ending.INTERRUPTED, "last seen running"),
        (endings.interrupted(None), Ending.INTERRUPTED, "interrupted"),
        (endings.unconfirmed(RUNNING, CLAIM), Ending.TERMINAL, "no read confirms it"),
    ],
)
def test_an_ending_says_what_happened(finish, ending, words):
    assert finish.ending is ending
    assert words in finish.message
    assert "\n" not in finish.message


def test_lost_contact_never_says_that_the_job_failed_ray_57002_prefect_22549():
    finish = endings.lost(RUNNING, FAILURE, None, after=61.0)
    assert finish.job is RUNNING
    assert "fail" not in finish.message
    assert finish.hint == "is it up?"


def test_an_unconfirmed_end_is_marked_and_carries_what_the_stream_said():
    finish = endings.unconfirmed(RUNNING, CLAIM)
    assert finish.confirmed is False
    assert finish.job is not None
    assert (finish.job.status.value, finish.job.result, finish.job.source) == (
        "completed",
        65018,
        Source.STREAM,
    )
    assert finish.job.proven is False
    assert finish.job.updated_at is None, "the time of another record says nothing about this end"
    assert finish.hint
    assert endings.unconfirmed(None, CLAIM).job is not None


def test_every_other_ending_is_confirmed():
    assert endings.terminal(RUNNING).confirmed
    assert endings.gone(None, FAILURE).confirmed


def test_while_reads_disagree_both_sides_are_named():
    text = endings.disagreement(RUNNING, CLAIM)
    assert "stream says completed" in text
    assert "reads still say running" in text
    assert "cached" in text


@pytest.mark.parametrize(("said", "words"), [(None, "fields.status"), ("another", "fields.id")])
def test_an_answer_without_a_word_about_the_job_names_the_profile_key_to_check(said, words):
    failure = endings.wordless(seen("running" if said else None, said_id=said))
    assert failure.kind is FailureKind.NOT_JSON
    assert failure.hint is not None
    assert words in failure.hint
    if said:
        assert JOB in failure.message


def test_server_text_cannot_write_to_the_terminal():
    finish = endings.stalled(known("unknown", raw_status="\x1b[2J\u202edone"), 600.0)
    assert finish.message.isprintable()
    assert endings.wordless(seen("running", said_id="\x1b]0;x\x07")).message.isprintable()

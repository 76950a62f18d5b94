from __future__ import annotations

import pytest

from jobctl.errors import ApiError, DeadlineExceeded, JobNotSuccessful, ProtocolError, TransportError
from jobctl.model import Job, JobStatus
from jobctl.story import Story
from jobctl.watching.events import Ending, Failure, FailureKind, Finish
from jobctl.watching.outcome import code_of_finish, error_of_finish

STORY = Story("7")


def failed(kind, status):
    return Failure(kind, "failure", None, status, "detail", 30.0 if status == 429 else None)


def ended(ending, status="running", failure=None):
    return Finish(ending, Job("7", JobStatus(status), status), "message", "hint", failure=failure)


@pytest.mark.parametrize(
    ("finish", "code", "error"),
    [
        (ended(Ending.TERMINAL, "completed"), 0, None),
        (ended(Ending.TERMINAL, "failed"), 3, JobNotSuccessful),
        (ended(Ending.TERMINAL, "cancelled"), 4, JobNotSuccessful),
        (ended(Ending.UNTIL), 0, None),
        (ended(Ending.DEADLINE), 5, DeadlineExceeded),
        (ended(Ending.AUTH, failure=failed(FailureKind.AUTH, 403)), 6, ApiError),
        (ended(Ending.LOST), 7, TransportError),
        (ended(Ending.LOST, failure=failed(FailureKind.TRANSIENT, 0)), 7, TransportError),
        (ended(Ending.LOST, failure=failed(FailureKind.TRANSIENT, 503)), 7, ApiError),
        (ended(Ending.LOST, failure=failed(FailureKind.NOT_JSON, 200)), 7, ProtocolError),
        (ended(Ending.LOST, failure=failed(FailureKind.TUNNEL_PAGE, 511)), 7, ProtocolError),
        (ended(Ending.GONE, failure=failed(FailureKind.NOT_FOUND, 410)), 8, ApiError),
        (ended(Ending.REFUSED, failure=failed(FailureKind.REFUSED, 422)), 2, ApiError),
        (ended(Ending.REFUSED, failure=failed(FailureKind.REFUSED, 302)), 2, ProtocolError),
        (ended(Ending.STALLED, "unknown"), 12, ProtocolError),
        (ended(Ending.INTERRUPTED), 130, None),
    ],
)
def test_each_ending_has_its_code_and_its_error(finish, code, error):
    assert code_of_finish(finish, JobStatus.COMPLETED) == code
    found = error_of_finish(finish, STORY, JobStatus.COMPLETED)
    assert (type(found) if found else None) is error
    if found:
        assert (found.message, found.hint) == ("message", "hint")
    if error in {ApiError, ProtocolError} and finish.failure:
        assert found.status == finish.failure.status
    if error is ApiError:
        assert (found.detail, found.retry_after) == ("detail", finish.failure.retry_after)
    if error in {DeadlineExceeded, JobNotSuccessful}:
        assert (found.job, found.story) == (finish.job, STORY)


@pytest.mark.parametrize(
    ("until", "status", "error"),
    [
        ("cancelled", "cancelled", None),
        ("failed", "failed", None),
        ("cancelled", "completed", JobNotSuccessful),
        ("running", "completed", None),
        ("running", "failed", JobNotSuccessful),
    ],
)
def test_the_error_knows_what_was_waited_for(until, status, error):
    found = error_of_finish(ended(Ending.TERMINAL, status), STORY, JobStatus(until))
    assert (type(found) if found else None) is error


def test_every_ending_is_covered():
    assert all(
        code_of_finish(ended(ending, "completed"), JobStatus.COMPLETED) is not None for ending in Ending
    )
    assert code_of_finish(ended(Ending.TERMINAL, "failed"), JobStatus.FAILED) == 0

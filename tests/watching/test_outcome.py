from __future__ import annotations

import pytest

from jobctl.errors import ApiError, DeadlineExceeded, JobNotSuccessful, ProtocolError, TransportError
from jobctl.model import Job, JobStatus
from jobctl.story import Story
from jobctl.watching.events import Ending, Finish
from jobctl.watching.outcome import code_of_finish, error_of_finish

STORY = Story("7")


def ended(ending, status="running"):
    return Finish(ending, Job("7", JobStatus(status), status), "message", "hint", detail="detail")


@pytest.mark.parametrize(
    ("finish", "code", "error"),
    [
        (ended(Ending.TERMINAL, "completed"), 0, None),
        (ended(Ending.TERMINAL, "failed"), 3, JobNotSuccessful),
        (ended(Ending.TERMINAL, "cancelled"), 4, JobNotSuccessful),
        (ended(Ending.UNTIL), 0, None),
        (ended(Ending.DEADLINE), 5, DeadlineExceeded),
        (ended(Ending.AUTH), 6, ApiError),
        (ended(Ending.LOST), 7, TransportError),
        (ended(Ending.GONE), 8, ApiError),
        (ended(Ending.STALLED, "unknown"), 12, ProtocolError),
        (ended(Ending.INTERRUPTED), 130, None),
    ],
)
def test_each_ending_has_its_code_and_its_error(finish, code, error):
    assert code_of_finish(finish, JobStatus.COMPLETED) == code
    found = error_of_finish(finish, STORY)
    assert (type(found) if found else None) is error
    if found:
        assert (found.message, found.hint) == ("message", "hint")
    if error in {DeadlineExceeded, JobNotSuccessful}:
        assert (found.job, found.story) == (finish.job, STORY)


def test_every_ending_is_covered():
    assert all(
        code_of_finish(ended(ending, "completed"), JobStatus.COMPLETED) is not None for ending in Ending
    )
    assert code_of_finish(ended(Ending.TERMINAL, "failed"), JobStatus.FAILED) == 0

from __future__ import annotations

import itertools

import pytest

from jobctl.errors import (
    ApiError,
    ConfigError,
    DeadlineExceeded,
    JobctlError,
    JobNotSuccessful,
    ProtocolError,
    SubmitUncertain,
    TransportError,
)
from jobctl.exit_codes import EXIT_CODES, ExitCode, code_of_error, code_of_status, worst
from jobctl.model import Job, JobStatus
from jobctl.story import Story

FAILED = Job("7", JobStatus.FAILED, "failed")


def test_the_table_is_the_documented_one():
    assert sorted(EXIT_CODES) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 130]
    assert all(code.sentence and "." not in code.sentence for code in ExitCode)
    assert all(EXIT_CODES[int(code)] is code for code in ExitCode)


def test_every_code_has_its_place_among_several():
    for one, other in itertools.product(ExitCode, repeat=2):
        assert worst([one, other]) is worst([other, one])
        assert worst([one, other]) in {one, other}
        assert worst([one, ExitCode.COMPLETED]) is one
    assert worst([]) is ExitCode.COMPLETED
    assert worst([ExitCode.JOB_FAILED, ExitCode.JOB_CANCELLED]) is ExitCode.JOB_FAILED
    assert worst(ExitCode) is ExitCode.INTERRUPTED


@pytest.mark.parametrize(
    ("status", "until", "code"),
    [
        ("completed", "completed", 0),
        ("failed", "completed", 3),
        ("cancelled", "completed", 4),
        ("failed", "failed", 0),
        ("cancelled", "cancelled", 0),
        ("completed", "cancelled", 9),
        ("completed", "failed", 9),
        ("failed", "cancelled", 3),
        ("running", "running", 0),
        ("running", "pending", 0),
        ("completed", "running", 0),
        ("failed", "running", 3),
        ("unknown", "completed", 12),
    ],
)
def test_the_code_of_a_status(status, until, code):
    assert code_of_status(JobStatus(status), JobStatus(until)) == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (ApiError("x", status=401), 6),
        (ApiError("x", status=403), 6),
        (ApiError("x", status=404), 8),
        (ApiError("x", status=410), 8),
        (ApiError("x", status=422), 2),
        (ApiError("x", status=429), 7),
        (ApiError("x", status=500), 7),
        (TransportError("x"), 7),
        (SubmitUncertain("x"), 7),
        (ProtocolError("x", kind="empty"), 7),
        (DeadlineExceeded("x", job=None, story=Story("7")), 5),
        (JobNotSuccessful("x", job=FAILED, story=Story("7")), 3),
        (JobctlError("x"), 1),
    ],
)
def test_the_code_of_an_error(error, code):
    assert code_of_error(error) == code

"""What the end of a watch means to a caller: an exit code, or an error. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.errors import (
    ApiError,
    DeadlineExceeded,
    JobctlError,
    JobNotSuccessful,
    ProtocolError,
    TransportError,
)
from jobctl.exit_codes import ExitCode, code_of_status
from jobctl.model import JobStatus
from jobctl.watching.events import Ending, Finish

if TYPE_CHECKING:
    from jobctl.story import Story

_CODES = {
    Ending.UNTIL: ExitCode.COMPLETED,
    Ending.DEADLINE: ExitCode.DEADLINE,
    Ending.AUTH: ExitCode.AUTH,
    Ending.LOST: ExitCode.LOST_CONTACT,
    Ending.REFUSED: ExitCode.USAGE,
    Ending.GONE: ExitCode.GONE,
    Ending.STALLED: ExitCode.UNDECIDED,
    Ending.INTERRUPTED: ExitCode.INTERRUPTED,
}


def code_of_finish(finish: Finish, until: JobStatus) -> ExitCode:
    """Return the exit code of one watched job."""
    if not finish.confirmed:
        return ExitCode.UNDECIDED
    if finish.ending is Ending.TERMINAL and finish.job is not None:
        return code_of_status(finish.job.status, until)
    return _CODES.get(finish.ending, ExitCode.UNDECIDED)


def error_of_finish(finish: Finish, story: Story) -> JobctlError | None:
    """Return the error a script should see, None when the job completed or reached what was waited for."""
    message, hint, job = finish.message, finish.hint, finish.job
    if not finish.confirmed:
        return ProtocolError(message, kind="unconfirmed", hint=hint)
    match finish.ending:
        case Ending.TERMINAL if job is not None and job.status is not JobStatus.COMPLETED:
            return JobNotSuccessful(message, job=job, story=story, hint=hint)
        case Ending.DEADLINE:
            return DeadlineExceeded(message, job=job, story=story, hint=hint)
        case Ending.AUTH:
            return ApiError(message, status=401, detail=finish.detail, hint=hint)
        case Ending.GONE:
            return ApiError(message, status=404, detail=finish.detail, hint=hint)
        case Ending.REFUSED:
            return ApiError(message, status=400, detail=finish.detail, hint=hint)
        case Ending.LOST:
            return TransportError(message, hint=hint)
        case Ending.STALLED:
            return ProtocolError(message, kind="unknown-status", hint=hint)
    return None

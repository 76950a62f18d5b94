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
from jobctl.watching.events import Ending, Failure, FailureKind, Finish

if TYPE_CHECKING:
    from jobctl.model import JobStatus
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
_REACHED = ExitCode.COMPLETED
_UNREADABLE = frozenset({FailureKind.NOT_JSON, FailureKind.TUNNEL_PAGE})


def code_of_finish(finish: Finish, until: JobStatus) -> ExitCode:
    """Return the exit code of one watched job."""
    if not finish.confirmed:
        return ExitCode.UNDECIDED
    if finish.ending is Ending.TERMINAL and finish.job is not None:
        return code_of_status(finish.job.status, until)
    return _CODES.get(finish.ending, ExitCode.UNDECIDED)


def error_of_finish(finish: Finish, story: Story, until: JobStatus) -> JobctlError | None:
    """Return the error a script should see, None when the job completed or reached what was waited for."""
    message, hint, job = finish.message, finish.hint, finish.job
    if not finish.confirmed:
        return ProtocolError(message, kind="unconfirmed", hint=hint)
    match finish.ending:
        case Ending.TERMINAL if job is not None and code_of_status(job.status, until) is not _REACHED:
            return JobNotSuccessful(message, job=job, story=story, hint=hint)
        case Ending.DEADLINE:
            return DeadlineExceeded(message, job=job, story=story, hint=hint)
        case Ending.AUTH | Ending.GONE | Ending.REFUSED | Ending.LOST:
            return _error_of_failure(finish, finish.failure)
        case Ending.STALLED:
            return ProtocolError(message, kind="unknown-status", hint=hint)
    return None


def _error_of_failure(finish: Finish, failure: Failure | None) -> JobctlError:
    """The last failed read tells who is at fault: nobody answered, they said no, or it was unreadable."""
    message, hint = finish.message, finish.hint
    if failure is None or (not failure.status and failure.kind not in _UNREADABLE):
        return TransportError(message, hint=hint)
    if failure.kind in _UNREADABLE or 300 <= failure.status < 400:
        kind = failure.kind.value if failure.kind in _UNREADABLE else "redirect"
        return ProtocolError(message, kind=kind, status=failure.status, hint=hint)
    retry_after = failure.retry_after
    return ApiError(message, status=failure.status, detail=failure.detail, retry_after=retry_after, hint=hint)

"""Exit codes: one table, for every command. The README draws it from here."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, Self

from jobctl.errors import (
    ApiError,
    ConfigError,
    DeadlineExceeded,
    JobctlError,
    JobNotSuccessful,
    ProtocolError,
    TransportError,
)
from jobctl.model import Job, JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitCode(IntEnum):
    """What a script can rely on. `sentence` says when."""

    sentence: str

    def __new__(cls, value: int, sentence: str) -> Self:
        """Attach the sentence to the number."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    COMPLETED = 0, "the job completed; the command did what was asked"
    INTERNAL = 1, "a defect in jobctl itself"
    USAGE = (
        2,
        "wrong usage or configuration: a flag, a profile, a file, a request the API refuses",
    )
    JOB_FAILED = 3, "the job failed"
    JOB_CANCELLED = 4, "the job was cancelled"
    DEADLINE = 5, "--timeout passed first; the job goes on"
    AUTH = 6, "the API refused the credentials"
    LOST_CONTACT = 7, "no answer, or none that can be read; says nothing about the job"
    GONE = 8, "no such job, or no longer there"
    CANCEL_REFUSED = (
        9,
        "the cancel was refused or came too late, or the job ended otherwise than --until asked",
    )
    CACHING_PROVEN = 10, "diagnose: answers from memory, proven or declared"
    CACHING_POSSIBLE = 11, "diagnose: answers from memory, possible"
    UNDECIDED = (
        12,
        "could not tell: an end no read confirms, an unknown word, a log that differs, a path not judged",
    )
    INTERRUPTED = 130, "Ctrl-C, SIGTERM or SIGHUP; the job goes on"


_OF_STATUS: Final = {
    JobStatus.COMPLETED: ExitCode.COMPLETED,
    JobStatus.FAILED: ExitCode.JOB_FAILED,
    JobStatus.CANCELLED: ExitCode.JOB_CANCELLED,
}
_BEST_FIRST: Final = (
    ExitCode.COMPLETED,
    ExitCode.JOB_CANCELLED,
    ExitCode.JOB_FAILED,
    ExitCode.CANCEL_REFUSED,
    ExitCode.CACHING_POSSIBLE,
    ExitCode.CACHING_PROVEN,
    ExitCode.DEADLINE,
    ExitCode.UNDECIDED,
    ExitCode.GONE,
    ExitCode.LOST_CONTACT,
    ExitCode.AUTH,
    ExitCode.USAGE,
    ExitCode.INTERNAL,
    ExitCode.INTERRUPTED,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code of several jobs together: the one a person must look at first."""
    return max(codes, key=_BEST_FIRST.index, default=ExitCode.COMPLETED)


def code_of_status(status: JobStatus, until: JobStatus = JobStatus.COMPLETED) -> ExitCode:
    """Return the code of a job that ended (or reached `until`) with `status`."""
    if status is until or not (status.terminal or until.terminal):
        return ExitCode.COMPLETED
    if status is JobStatus.COMPLETED and until in {JobStatus.FAILED, JobStatus.CANCELLED}:
        return ExitCode.CANCEL_REFUSED
    return _OF_STATUS.get(status, ExitCode.UNDECIDED)


def code_of_error(error: JobctlError) -> ExitCode:
    """Return the code of an error that ended a command."""
    match error:
        case ConfigError():
            return ExitCode.USAGE
        case ApiError(status=401 | 403):
            return ExitCode.AUTH
        case ApiError(status=404 | 410):
            return ExitCode.GONE
        case ApiError(status=status) if 400 <= status < 500 and status not in {408, 425, 429}:
            return ExitCode.USAGE
        case TransportError() | ProtocolError() | ApiError():
            return ExitCode.LOST_CONTACT
        case DeadlineExceeded():
            return ExitCode.DEADLINE
        case JobNotSuccessful(job=Job(status=status)):
            return code_of_status(status)
    return ExitCode.INTERNAL


EXIT_CODES: Final = {code.value: code for code in ExitCode}
"""The table by number."""

"""Which error of a read may pass by itself, and which will not. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobctl.durations import format_duration
from jobctl.errors import ApiError, ConfigError, JobctlError, ProtocolError, TransportError, UnheardOf
from jobctl.watching.events import Failure, FailureKind

if TYPE_CHECKING:
    from jobctl.model import Job, Observation

_TRANSIENT_STATUS: Final = frozenset({408, 425, 429})
_KIND_OF_PROTOCOL: Final = {"tunnel-page": FailureKind.TUNNEL_PAGE, "redirect": FailureKind.REFUSED}
_FATAL_TRANSPORT: Final = frozenset({"tls", "dns"})


def failure_of(error: JobctlError) -> Failure:
    """Classify the error of one read."""
    match error:
        case ApiError(status=status):
            return Failure(
                _kind_of_status(status), error.message, error.hint, status, error.detail, error.retry_after
            )
        case ProtocolError(kind=kind, status=status):
            failure_kind = _KIND_OF_PROTOCOL.get(kind, FailureKind.NOT_JSON)
            return Failure(failure_kind, error.message, error.hint, status, retry_after=error.retry_after)
        case TransportError(kind=kind):
            fatal = kind in _FATAL_TRANSPORT
            return Failure(FailureKind.FATAL if fatal else FailureKind.TRANSIENT, error.message, error.hint)
        case ConfigError():
            return Failure(FailureKind.FATAL, error.message, error.hint)
    return Failure(FailureKind.TRANSIENT, error.message, error.hint)


def is_queued(error: UnheardOf, known: Job | Observation | None, *, created: bool) -> bool:
    """Does a job that exists, and of which nothing new was seen, wait in a queue? Any other is not there."""
    return created and known is not None and known.raw_status == error.seen.raw_status


def paused(seconds: float) -> Failure:
    """A `Retry-After` to one job's read speaks for the whole server."""
    return Failure(
        FailureKind.TRANSIENT,
        f"the server asked to be left alone for {format_duration(seconds)}",
        "fewer jobs at once, or a lower --max-rate",
        retry_after=seconds,
    )


def _kind_of_status(status: int) -> FailureKind:
    if status in {401, 403}:
        return FailureKind.AUTH
    if status in {404, 410}:
        return FailureKind.NOT_FOUND
    if status >= 500 or status in _TRANSIENT_STATUS:
        return FailureKind.TRANSIENT
    return FailureKind.REFUSED

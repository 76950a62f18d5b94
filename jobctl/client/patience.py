"""Which errors are worth another try, and when a request may have been acted on unsaid. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobctl.client.messages import Flow, Pause, Response, T
from jobctl.errors import ApiError, JobctlError, ProtocolError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

_RETRY_DELAYS: Final = (0.3, 1.0, 2.5)
_LONGEST_WAIT: Final = 30.0
"""Seconds of a Retry-After that are sat out; for longer ones the caller decides."""
_AMBIGUOUS: Final = frozenset({500, 502, 503, 504, 520, 521, 522, 523, 524, 530})
_NOT_NOW: Final = frozenset({408, 425, 429})
TRANSIENT_STATUS: Final = _AMBIGUOUS | _NOT_NOW


def patiently(
    send: Callable[[], Flow[Response]],
    read: Callable[[Response], T],
    may_repeat: Callable[[JobctlError], bool],
) -> Flow[T]:
    """Send, and send again while that is allowed and nobody has to wait for long."""
    for delay in (*_RETRY_DELAYS, None):
        try:
            return read((yield from send()))
        except (TransportError, ApiError, ProtocolError) as error:
            wait = max(delay or 0.0, getattr(error, "retry_after", None) or 0.0)
            if delay is None or wait > _LONGEST_WAIT or not may_repeat(error):
                raise
            pause = Pause(wait, error.message)
        yield pause
    raise AssertionError("unreachable")  # pragma: no cover


def is_uncertain(error: JobctlError) -> bool:
    """May the server have acted although it did not say so?"""
    if isinstance(error, TransportError):
        return error.sent
    if isinstance(error, ApiError):
        return error.status in _AMBIGUOUS
    if not isinstance(error, ProtocolError):
        return True
    # 307 and 308 ask for the same request elsewhere; after 301 to 303 a server may have acted already.
    # A tunnel's 4xx page may stand for whatever happened behind it; any other page refuses the request.
    is_refusal = error.kind == "not-json" and 400 <= error.status < 500
    return not (is_refusal or error.status in {307, 308} or error.status in _NOT_NOW)


def is_transient(error: JobctlError) -> bool:
    """May the same request succeed in a moment?"""
    if isinstance(error, TransportError):
        return error.kind not in {"dns", "tls"}
    if isinstance(error, ProtocolError):
        return error.transient
    return isinstance(error, ApiError) and error.status in TRANSIENT_STATUS

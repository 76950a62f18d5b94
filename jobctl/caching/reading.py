"""An answer as a word about the job, or as the problem it is instead. Pure; for probe and recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.client.answers import payload_of
from jobctl.errors import ApiError, ProtocolError, TransportError
from jobctl.exchange import Problem
from jobctl.model import Observation, Source

if TYPE_CHECKING:
    from jobctl.client.messages import Response
    from jobctl.errors import JobctlError
    from jobctl.observe import Reader

_OF_PROTOCOL = {
    "not-json": "not-json",
    "tunnel-page": "tunnel-page",
    "too-large": "not-json",
    "empty": "not-json",
    "redirect": "redirect",
    "encoding": "unreachable",
    "truncated": "unreachable",
}


def read_answer(
    response: Response, reader: Reader, job: str, at: float
) -> tuple[Observation | None, Problem | None]:
    """Return what an answer says about the job, or why it says nothing; `at` is epoch seconds."""
    if response.status == 304:  # "unchanged" carries no record
        return None, None
    try:
        payload = payload_of(response, "read", at)
    except (ApiError, ProtocolError) as error:
        return None, problem_of(error)
    seen = reader.observe(payload, Source.POLL, job, at)
    if seen.status is None or seen.said_id not in {None, job}:
        about = f"it is about job {seen.said_id!r}" if seen.status is not None else "no status is in it"
        return None, Problem("not-the-job", f"JSON, but no record of this job: {about}", _HINT_PROFILE)
    return seen, None


def problem_of(error: JobctlError) -> Problem:
    """Say an error as the problem of an exchange."""
    wait = getattr(error, "retry_after", None)
    return Problem(_kind(error), error.message, error.hint, wait)


def _kind(error: JobctlError) -> str:
    if isinstance(error, TransportError):
        return "timeout" if error.kind == "timeout" else "unreachable"
    status = getattr(error, "status", 0)
    if isinstance(error, ProtocolError) and error.kind == "tunnel-page":
        return "tunnel-page"
    # A bare 503 is a proxy whose backend is gone, more often than a server that asks for patience.
    if status == 429 or (status == 503 and getattr(error, "retry_after", None) is not None):
        return "rate-limited"
    if status == 503:
        return "server-error"
    if isinstance(error, ProtocolError):
        return _OF_PROTOCOL[error.kind]
    if status in {401, 403}:
        return "auth"
    if status in {404, 410}:
        return "not-found"
    return "server-error" if status >= 500 else "refused"


_HINT_PROFILE = "check the profile's read path and fields against one answer of the API"

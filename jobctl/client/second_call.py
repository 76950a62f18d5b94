"""A read that is two calls: what the second one adds, and what it says when the first knows nothing. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jobctl.client.answers import payload_of
from jobctl.errors import ApiError, ProtocolError, UnheardOf
from jobctl.profile.model import spell
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.client.messages import Response
    from jobctl.model import Observation
    from jobctl.profile.model import Profile

ALSO: Final = "also"
"""Under this name the second answer stands in the payload of the first."""
_MISSING: Final = frozenset({404, 410})
_AUTH: Final = frozenset({401, 403})


def first_answer(response: Response, now: float) -> dict[str, Any] | ApiError:
    """Return what the first call brought, or its word that there is no such job.

    Raises:
        ApiError, ProtocolError: anything else that is no record.
    """
    try:
        payload = payload_of(response, "read", now)
    except ApiError as error:
        if error.status not in _MISSING:
            raise
        return error
    return payload if isinstance(payload, dict) else {"record": payload}


def both(first: dict[str, Any] | ApiError, second: Response, now: float) -> dict[str, Any]:
    """Return one payload of two answers; a second one that is none adds nothing to a first one that is.

    Raises:
        ApiError: neither call knows the job, or the second is refused and the first knows nothing.
        ProtocolError: the first knows nothing, and nobody can read the second.
    """
    try:
        return ({} if isinstance(first, ApiError) else first) | {ALSO: payload_of(second, "read", now)}
    except (ApiError, ProtocolError) as error:
        status = error.status if isinstance(error, ApiError) else None
        if status in _AUTH:
            raise
        if not isinstance(first, ApiError):
            return first
        if status in _MISSING:
            raise first from error
        raise


def check_heard_of(profile: Profile, first: dict[str, Any] | ApiError, seen: Observation) -> Observation:
    """Return the observation, unless all that is said is what the API says of any id.

    Raises:
        UnheardOf: nobody ever heard of this job, or it waits for its first worker.
    """
    if not isinstance(first, ApiError) or spell(seen.raw_status or "") not in profile.unknown_looks_like:
        return seen
    word = visible(seen.raw_status, 40)
    raise UnheardOf(
        f"{first.message}, and the word instead, {word}, is said of any id",
        status=first.status,
        detail=first.detail,
        hint="check the id and --base-url: it never existed, is forgotten, or no worker has received it yet",
        seen=seen,
    ) from first

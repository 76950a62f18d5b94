"""What an exchange says about its job: the observation in its body, or the kind of problem it is instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from jobctl.client.answers import decode
from jobctl.exchange import Path
from jobctl.model import Source
from jobctl.observe import Reader
from jobctl.tunnel_pages import recognise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobctl.captures.job_urls import Sighting
    from jobctl.exchange import Exchange
    from jobctl.model import Observation
    from jobctl.profile.model import Profile

LARGEST_BODY: Final = 1_000_000
_KINDS: Final = {401: "auth", 403: "auth", 404: "not-found", 410: "not-found", 429: "rate-limited"}
_NOT_JSON: Final = object()


class Reading:
    """Reads bodies with the profiles' readers: the sighting's own first, then the others."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self._readers = [Reader(profile) for profile in profiles]

    def read(self, exchange: Exchange, sighting: Sighting) -> tuple[Observation | None, str | None]:
        """Return what is said about the job, or one of `PROBLEM_KINDS`; neither for a 304."""
        if exchange.seen is not None:
            return exchange.seen, None
        if exchange.problem is not None:
            return None, exchange.problem.kind
        if exchange.status == 304:
            return None, None
        payload = _payload(exchange)
        if payload is not _NOT_JSON and exchange.status < 300:
            seen = self._observe(payload, exchange, sighting)
            return seen, None if seen is not None else "not-the-job"
        return None, _problem(exchange, sighting, is_json=payload is not _NOT_JSON)

    def _observe(self, payload: Any, exchange: Exchange, sighting: Sighting) -> Observation | None:
        source = Source.STREAM if exchange.path is Path.EVENT else Source.POLL
        readers = self._readers
        for reader in (readers[sighting.profile], *readers):
            seen = reader.observe(payload, source, sighting.job, exchange.at)
            if seen.status is not None:
                return seen if _is_about(seen.said_id, sighting.job) else None
        return None


def _is_about(said: str | None, job: str) -> bool:
    return not said or not job or said == job or _bare(said) == _bare(job)


def _bare(text: str) -> str:
    """Case, dashes and braces of a UUID do not matter (RFC 9562 section 4)."""
    return text.casefold().strip("{}").replace("-", "")


def _payload(exchange: Exchange) -> Any:
    if not exchange.body or len(exchange.body) > LARGEST_BODY:
        return _NOT_JSON
    try:
        return decode(exchange.body)
    except ValueError:
        return _NOT_JSON


def _problem(exchange: Exchange, sighting: Sighting, *, is_json: bool) -> str | None:
    status = exchange.status
    if not is_json:
        host = urlsplit(f"//{sighting.host}").hostname or "" if "[" not in sighting.host else sighting.host
        if recognise(status, exchange.headers, exchange.body[:65536], host=host) is not None:
            return "tunnel-page"
    if status in _KINDS:
        return _KINDS[status]
    if status >= 500:
        return "server-error"
    if status >= 400:
        return "refused"
    if status >= 300:
        return "redirect"
    # A body that was streamed past, or none at all, says nothing, not even that it is no JSON.
    return "not-json" if exchange.body else None

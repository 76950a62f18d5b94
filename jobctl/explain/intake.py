"""The exchanges of a recording as events about jobs: who said what, and when the client knew. Pure.

A recorded read that asked to be uncached is a verified one, whatever client sent it: the same traffic then
tells the same story, whether a browser, a proxy or jobctl wrote it down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jobctl.captures.job_urls import JobUrls, Role
from jobctl.captures.reading import LARGEST_BODY, Reading
from jobctl.captures.tally import UNKNOWN_LENGTH
from jobctl.client.answers import decode, parse_frame
from jobctl.client.created import job_in_location
from jobctl.client.messages import Response
from jobctl.errors import ConfigError, detail_of
from jobctl.evidence import served_from_store
from jobctl.exchange import Path
from jobctl.explain.client_words import may_speak, words_in
from jobctl.explain.events import Accepted, Event, Loaded, Opened, Refused, Reported, Said, Stream, Unread
from jobctl.model import Http, Source
from jobctl.observe import Reader
from jobctl.profile.fields import compile_path
from jobctl.secret_scan import redact_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobctl.captures.job_urls import Sighting
    from jobctl.exchange import Exchange
    from jobctl.model import Observation
    from jobctl.profile.model import Profile

_ROUTE: Final = "recorded"
_OWN_CACHE: Final = "the client's own cache"
_LONGEST_DETAIL: Final = 500
_MOST_LISTED: Final = 1000


class Heard(NamedTuple):
    """An event and whom it concerns: a job as the profile names it, or every job so far (`job` None)."""

    job: str | None
    profile: str
    event: Event


class Intake:
    """Reads exchanges one after the other, in the order of the file."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        """Where several profiles fit a URL, the first given wins."""
        self._profiles = profiles
        self._urls = JobUrls(profiles, lists=True)
        self._readers: list[Reader] = [Reader(profile) for profile in profiles]
        self._reading = Reading(profiles)
        self._profile_of: dict[str, int] = {}
        """By job: the profile that its reads fit. A stream's URL often fits several, and yields to them."""
        self._jobs_of: dict[int, set[str]] = {}
        """The same the other way round: the jobs of a profile."""
        self._streams: dict[int, Stream] = {}
        """By handshake: the last message of that stream."""

    def take(self, exchange: Exchange) -> Iterator[Heard]:
        """Yield what an exchange says about jobs; nothing for most of the web."""
        if exchange.received - exchange.sent >= UNKNOWN_LENGTH:
            # Nobody wrote down the end: then the client knew when it asked.
            exchange = exchange._replace(received=exchange.sent)
        is_stream = exchange.path is Path.EVENT or exchange.status == 101
        if exchange.path is Path.SENT:
            yield from self._reported(exchange, exchange.body)
            return
        sighting = self._urls.find(exchange.method, exchange.url, stream=is_stream)
        if sighting is None:
            yield from self._beside_the_api(exchange)
        elif sighting.role is Role.STREAM:
            yield self._streamed(exchange, sighting)
        elif sighting.role is Role.READ:
            self._belongs(sighting.job, sighting.profile, by_a_read=True)
            yield self._read(exchange, sighting)
        elif sighting.role is Role.LIST:
            yield from self._listed(exchange, sighting)
        else:
            yield from self._written(exchange, sighting)

    def _belongs(self, job: str, profile: int, *, by_a_read: bool = False) -> int:
        """Return the profile of a job: the first that fitted, until a read tells better."""
        known = self._profile_of.get(job)
        if known is None or (by_a_read and known != profile):
            if known is not None:
                self._jobs_of[known].discard(job)
            self._profile_of[job] = known = profile
            self._jobs_of.setdefault(profile, set()).add(job)
        return known

    def _streamed(self, exchange: Exchange, sighting: Sighting) -> Heard:
        job = sighting.job
        index = self._belongs(job, sighting.profile)
        name = self._profiles[index].name
        if exchange.path is not Path.EVENT:
            stream = self._streams[exchange.number] = Stream(len(self._streams) + 1, 0, exchange.at)
            return Heard(job, name, Opened(exchange.at, exchange.number, stream.connection))
        opened = self._streams.get(exchange.handshake)
        if opened is not None:
            opened = self._streams[exchange.handshake] = opened._replace(frame=opened.frame + 1)
        payload = parse_frame(exchange.body) if len(exchange.body) <= LARGEST_BODY else None
        seen = self._observe(payload, Source.STREAM, job, exchange, index)
        return Heard(
            job, name, Said(exchange.received, exchange.number, seen, exchange.received, stream=opened)
        )

    def _read(self, exchange: Exchange, sighting: Sighting) -> Heard:
        name = self._profiles[sighting.profile].name
        is_uncached = _asked_uncached(exchange)
        seen, kind = self._reading.read(exchange, sighting)
        if seen is None:
            if exchange.status == 304:
                kind = "not-modified"
            elif kind is None and exchange.method == "HEAD":
                kind = "head"
            unread = Unread(exchange.received, exchange.number, kind or "no-body", exchange.status)
            return Heard(sighting.job, name, unread)
        source = Source.VERIFY if is_uncached else Source.POLL
        seen = seen._replace(source=source, received_at=exchange.received, http=_http(exchange))
        said = Said(exchange.received, exchange.number, seen, exchange.sent, asked_uncached=is_uncached)
        return Heard(sighting.job, name, said)

    def _listed(self, exchange: Exchange, sighting: Sighting) -> Iterator[Heard]:
        """A list says something of many jobs: what a client that polls it believes."""
        profile, reader = self._profiles[sighting.profile], self._readers[sighting.profile]
        items = compile_path(profile.list_items)(_json(exchange.body)) if exchange.status == 200 else None
        http = _http(exchange)
        for item in items[:_MOST_LISTED] if isinstance(items, list) else ():
            seen = reader.observe(item, Source.POLL, "", exchange.received, http=http)
            if seen.said_id is not None and seen.status is not None:
                self._belongs(seen.said_id, sighting.profile)
                seen = seen._replace(job=seen.said_id)
                said = Said(exchange.received, exchange.number, seen, exchange.sent)
                yield Heard(seen.job, profile.name, said)

    def _written(self, exchange: Exchange, sighting: Sighting) -> Iterator[Heard]:
        profile, accepted = self._profiles[sighting.profile], 200 <= exchange.status < 300
        if not exchange.completed:
            return
        job, source = sighting.job, Source.CANCEL
        if sighting.role is Role.SUBMIT:
            job, source = self._created(exchange, sighting), Source.SUBMIT
        elif not accepted:
            yield Heard(job, profile.name, _refused(exchange))
            return
        if not job or not accepted:
            return
        self._belongs(job, sighting.profile)
        seen = self._observe(_json(exchange.body), source, job, exchange, sighting.profile)
        at, entry = exchange.received, exchange.number
        if seen.status is not None:
            yield Heard(job, profile.name, Said(at, entry, seen, exchange.sent))
        elif source is Source.CANCEL:
            yield Heard(job, profile.name, Accepted(at, entry, exchange.status))

    def _created(self, exchange: Exchange, sighting: Sighting) -> str:
        """Return the id that an answer to a submit names, or an empty one."""
        for reader in (self._readers[sighting.profile], *self._readers):
            seen = reader.observe(_json(exchange.body), Source.SUBMIT, "", exchange.received)
            if seen.said_id is not None:
                return seen.said_id
        response = Response(exchange.status, exchange.headers, b"", exchange.url)
        try:
            here = self._profiles[sighting.profile].with_base_url(f"{sighting.scheme}://{sighting.host}")
        except (ConfigError, ValueError):
            return ""
        return job_in_location(here, response)

    def _beside_the_api(self, exchange: Exchange) -> Iterator[Heard]:
        # Other methods command something: what a PATCH says is what somebody wants, not what a page shows.
        if exchange.request_body and exchange.method == "POST":
            yield from self._reported(exchange, exchange.request_body)
        elif _is_document(exchange):
            yield Heard(None, "", Loaded(exchange.received, exchange.number))

    def _reported(self, exchange: Exchange, body: bytes) -> Iterator[Heard]:
        if not self._profile_of or not may_speak(body):
            return
        payload = _json(body)
        for index, jobs in sorted(self._jobs_of.items()):
            profile = self._profiles[index]
            for job, word, shown in words_in(payload, jobs, profile):
                yield Heard(job, profile.name, Reported(exchange.at, exchange.number, word, shown))

    def _observe(self, payload: Any, source: Source, job: str, exchange: Exchange, index: int) -> Observation:
        """Read it as its own profile does, or as another whose stream has the same address."""
        http = _http(exchange) if source is not Source.STREAM else None
        seen = self._readers[index].observe(payload, source, job, exchange.received, http=http)
        if seen.status is not None or seen.keepalive:
            return seen
        others = (one.observe(payload, source, job, exchange.received, http=http) for one in self._readers)
        return next((one for one in others if one.status is not None or one.keepalive), seen)


def _http(exchange: Exchange) -> Http:
    cached_by = _OWN_CACHE if exchange.remembered else served_from_store(exchange.headers)
    return Http(exchange.status, exchange.headers, _ROUTE, cached_by)


def _json(body: bytes) -> Any:
    if not body or len(body) > LARGEST_BODY:
        return None
    try:
        return decode(body)
    except ValueError:
        return None


def _asked_uncached(exchange: Exchange) -> bool:
    asked = f"{exchange.asked('cache-control') or ''},{exchange.asked('pragma') or ''}".lower()
    return "no-cache" in asked or "no-store" in asked


def _refused(exchange: Exchange) -> Refused:
    payload = _json(exchange.body)
    said = (
        detail_of(payload)
        if payload is not None
        else exchange.body[:_LONGEST_DETAIL].decode("utf-8", "replace")
    )
    detail = redact_text((said or "")[:_LONGEST_DETAIL])
    return Refused(exchange.received, exchange.number, exchange.status, detail)


def _is_document(exchange: Exchange) -> bool:
    """Tell whether a page was loaded, not a part of one."""
    is_html = (exchange.header("content-type") or "").lower().startswith("text/html")
    wanted_as = exchange.asked("sec-fetch-dest") or "document"
    return exchange.method == "GET" and is_html and exchange.status < 400 and wanted_as == "document"

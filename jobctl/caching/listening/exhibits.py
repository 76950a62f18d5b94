"""Keeps the exchanges that a passive diagnosis stands on, so that its report can show them. Bounded."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from jobctl.caching.listening.job import slim
from jobctl.caching.passive import DEFAULT_LIMIT, JobSummary, Passive, Transition
from jobctl.caching.report import Report
from jobctl.captures.reading import Reading
from jobctl.exchange import Exchange, Path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobctl.caching.findings import Diagnosis
    from jobctl.captures.job_urls import JobKey, Sighting
    from jobctl.profile.model import Profile

_RECENT: Final = 2000
"""Exchanges kept of all jobs together, the newest."""
_MAX_BYTES: Final = 16 * 1024 * 1024
"""So much is kept of the newest, and again of those that findings name."""
_PINNED: Final = 40
"""At most so many exchanges of one job are kept because findings name them."""
_SHOWN: Final = 200
_BODY: Final = 65_536
_UNIQUE: Final = ("_t=", "_=", "nocache=", "cb=", "cachebuster=")


class Exhibits(Passive):
    """The passive protocol with a memory for evidence."""

    def __init__(self, profiles: Profile | Sequence[Profile], limit: int = DEFAULT_LIMIT) -> None:
        super().__init__(profiles, limit)
        given = (profiles,) if not isinstance(profiles, tuple | list) else tuple(profiles)
        self._names = [one.name for one in given]
        self._reader = Reading(given)
        self._recent: OrderedDict[int, Exchange] = OrderedDict()
        self._recent_bytes = 0
        self._pinned: OrderedDict[JobKey, dict[int, Exchange]] = OrderedDict()
        self._pinned_bytes = 0

    def see(self, exchange: Exchange) -> tuple[Transition, ...]:
        """Take one exchange; keep it for a while, and for as long as a finding names it."""
        sighting = self._sighting(exchange)
        if sighting is None or exchange.path is Path.SENT:
            return ()
        self._keep(self._cut(exchange, sighting))
        return super().see(exchange)

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._recent.clear()
        self._pinned.clear()
        self._recent_bytes = self._pinned_bytes = 0

    def _cut(self, exchange: Exchange, sighting: Sighting) -> Exchange:
        """Cut a long body, but not what it says. What was asked with is no evidence, and may be large."""
        exchange = exchange._replace(request_body=b"")
        if len(exchange.body) <= _BODY:
            return exchange
        seen, problem = self._reader.read(exchange, sighting)
        said = slim(seen) if seen is not None else None
        return exchange._replace(body=exchange.body[:_BODY] if problem is not None else b"", seen=said)

    def _keep(self, exchange: Exchange) -> None:
        self._recent[exchange.number] = exchange
        self._recent_bytes += _weight(exchange)
        while len(self._recent) > _RECENT or self._recent_bytes > _MAX_BYTES:
            self._recent_bytes -= _weight(self._recent.popitem(last=False)[1])

    def _conclude(self, key: JobKey, diagnosis: Diagnosis) -> None:
        """Pin what the findings name now: a worse answer replaces the evidence of before."""
        before = self._pinned.pop(key, {})
        self._pinned_bytes -= sum(map(_weight, before.values()))
        named = [number for finding in diagnosis.findings for number in finding.exchanges][:_PINNED]
        found = {number: before.get(number) or self._recent.get(number) for number in named}
        pinned = {number: one for number, one in found.items() if one is not None}
        if pinned:
            self._pinned[key] = pinned
            self._pinned_bytes += sum(map(_weight, pinned.values()))
        while len(self._pinned) > self._limit or (self._pinned_bytes > _MAX_BYTES and len(self._pinned) > 1):
            _, gone = self._pinned.popitem(last=False)
            self._pinned_bytes -= sum(map(_weight, gone.values()))

    def report(self, job: JobSummary, notes: Sequence[str] = ()) -> Report:
        """Return the report about one job, with the exchanges that are still there."""
        kept = dict(self._pinned.get(job.key, {}))
        for one in reversed(self._recent.values()):
            if len(kept) >= _SHOWN:
                break
            if self._is_about(one, job.key):
                kept.setdefault(one.number, one)
        exchanges = tuple(self._read(kept[number]) for number in sorted(kept))
        # Numbers are the order in the recording; the messages of a socket stand together there.
        seconds = (
            max(one.received for one in exchanges) - min(one.sent for one in exchanges) if exchanges else 0.0
        )
        return Report(
            job=job.key.job,
            profile=", ".join(self._names),
            route=job.key.host,
            proxied_url=f"{job.key.scheme}://{job.key.host}",
            direct_url=None,
            diagnosis=self.diagnose(job.key),
            exchanges=exchanges,
            requests=job.reads,
            seconds=seconds,
            notes=tuple(notes),
        )

    def _sighting(self, exchange: Exchange) -> Sighting | None:
        return self.urls.find(exchange.method, exchange.url, stream=exchange.path is Path.EVENT)

    def _is_about(self, exchange: Exchange, key: JobKey) -> bool:
        sighting = self._sighting(exchange)
        return sighting is not None and sighting.key() == key

    def _read(self, exchange: Exchange) -> Exchange:
        """Fill in what the answer says, and tell reads by unique URLs from plain ones."""
        sighting = self._sighting(exchange)
        if sighting is None:
            return exchange
        seen, _problem = self._reader.read(exchange, sighting)
        is_unique = exchange.path is Path.PLAIN and any(mark in sighting.query for mark in _UNIQUE)
        return exchange._replace(seen=seen, path=Path.BUSTED if is_unique else exchange.path)


def _weight(exchange: Exchange) -> int:
    """Return about how many bytes an exchange takes."""
    fields = sum(
        len(name) + len(value) + 150 for name, value in (*exchange.request_headers, *exchange.headers)
    )
    return 1000 + len(exchange.url) + len(exchange.body) + fields

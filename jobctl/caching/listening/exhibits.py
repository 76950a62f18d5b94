"""Keeps the exchanges that a passive diagnosis stands on, so that its report can show them. Bounded."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final

from jobctl.caching.listening.reading import Reading
from jobctl.caching.passive import DEFAULT_LIMIT, JobSummary, Passive, Transition
from jobctl.caching.report import Report
from jobctl.exchange import Exchange, Path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobctl.caching.listening.sightings import JobKey
    from jobctl.profile.model import Profile

_RECENT: Final = 2000
"""Exchanges kept of all jobs together, the newest."""
_PINNED: Final = 40
"""Exchanges kept of one job because a finding names them, the first."""
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
        self._recent: deque[Exchange] = deque(maxlen=_RECENT)
        self._pinned: OrderedDict[JobKey, dict[int, Exchange]] = OrderedDict()

    def see(self, exchange: Exchange) -> tuple[Transition, ...]:
        """Take one exchange; keep it for a while, and for good when a finding names it."""
        self._recent.append(exchange._replace(body=exchange.body[:_BODY]))
        transitions = super().see(exchange)
        for one in transitions:
            if one.finding is not None:
                self._pin(one.key, one.finding.exchanges)
        return transitions

    def _pin(self, key: JobKey, numbers: Sequence[int]) -> None:
        pinned = self._pinned.setdefault(key, {})
        self._pinned.move_to_end(key)
        if len(self._pinned) > self._limit:
            self._pinned.popitem(last=False)
        wanted = set(numbers) - set(pinned)
        if wanted and len(pinned) < _PINNED:
            pinned.update({one.number: one for one in self._recent if one.number in wanted})

    def report(self, job: JobSummary, notes: Sequence[str] = ()) -> Report:
        """Return the report about one job, with the exchanges that are still there."""
        kept = dict(self._pinned.get(job.key, {}))
        for one in reversed(self._recent):
            if len(kept) >= _SHOWN:
                break
            if self._is_about(one, job.key):
                kept.setdefault(one.number, one)
        exchanges = tuple(self._read(kept[number]) for number in sorted(kept))
        seconds = exchanges[-1].received - exchanges[0].sent if exchanges else 0.0
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

    def _is_about(self, exchange: Exchange, key: JobKey) -> bool:
        sighting = self.urls.find(exchange.method, exchange.url, stream=exchange.path is Path.EVENT)
        return sighting is not None and sighting.key() == key

    def _read(self, exchange: Exchange) -> Exchange:
        """Fill in what the answer says, and tell reads by unique URLs from plain ones."""
        sighting = self.urls.find(exchange.method, exchange.url, stream=exchange.path is Path.EVENT)
        if sighting is None:
            return exchange
        seen, _problem = self._reader.read(exchange, sighting)
        is_unique = exchange.path is Path.PLAIN and any(mark in sighting.query for mark in _UNIQUE)
        return exchange._replace(seen=seen, path=Path.BUSTED if is_unique else exchange.path)

"""The passive protocol: exchanges of other people's traffic in, transitions and diagnoses out. Sans I/O.

It sits between a client and the suspect, so every answer it sees came by the path under suspicion. Only pairs
where one answer was complete before the other was asked for are compared. Rules P1 to P9 of the design are
told as the rules of `findings`: P1 R1/R2, P2 and P3 R3 and R4, P4 R7/R8, P5 R11, P7 R6, P8 R12; P6 and P9 are
notes. State is bounded: the least recently seen of `limit` jobs is forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from jobctl.caching.findings import Diagnosis, Finding, Inconclusive, Verdict
from jobctl.caching.listening.intake import Seen, take
from jobctl.caching.listening.job import JobState, slim
from jobctl.caching.listening.replays import HostNames
from jobctl.captures.job_urls import JobKey, JobUrls, Role
from jobctl.captures.reading import Reading
from jobctl.exchange import Path
from jobctl.profile.model import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobctl.exchange import Exchange

DEFAULT_LIMIT: Final = 10_000
_MAX_HOSTS: Final = 64


class Transition(NamedTuple):
    """Something changed about a job with exchange `number`.

    `kind`: `finding` (a rule held for the first time), `verdict` (it changed without one), or `note`.
    `verdict` is the one from now on, `before` the one until now; they may be the same.
    """

    key: JobKey
    number: int
    kind: str
    verdict: Verdict
    before: Verdict
    finding: Finding | None
    text: str


class JobSummary(NamedTuple):
    """One job in a report."""

    key: JobKey
    verdict: Verdict
    reads: int
    changes: int


class Passive:
    """Watches traffic to any number of jobs. Never raises for what traffic carries."""

    def __init__(self, profiles: Profile | Sequence[Profile], limit: int = DEFAULT_LIMIT) -> None:
        given = (profiles,) if isinstance(profiles, Profile) else tuple(profiles)
        self.urls = JobUrls(given)
        self._reading = Reading(given)
        self._limit = max(1, limit)
        self._jobs: OrderedDict[JobKey, JobState] = OrderedDict()
        self._hosts: OrderedDict[tuple[str, str], HostNames] = OrderedDict()
        self.forgotten = 0
        """How many jobs were forgotten for want of room."""

    def see(self, exchange: Exchange) -> tuple[Transition, ...]:
        """Take one exchange, or one stream event (`Path.EVENT`, the URL being the stream's)."""
        if exchange.path is Path.SENT:
            return ()
        is_event = exchange.path is Path.EVENT
        sighting = self.urls.find(exchange.method, exchange.url, stream=is_event)
        if sighting is None or not exchange.completed:
            return ()
        seen, problem = self._reading.read(exchange, sighting)
        job = sighting.job or (seen.said_id if seen is not None else "") or ""
        if not job:
            return ()
        key = JobKey(sighting.scheme, sighting.host, job)
        if seen is None and key not in self._jobs and sighting.role is not Role.READ:
            return ()
        state, host = self._state(key), self._host(key)
        got = Seen(exchange, sighting, key, slim(seen) if seen is not None else None, problem)
        intake = take(state, host, got)
        if not intake.notes and not intake.is_news:
            return ()
        diagnosis = state.diagnosis(host)
        self._conclude(key, diagnosis)
        return tuple(_transitions(state, diagnosis, got, intake.notes))

    def _conclude(self, key: JobKey, diagnosis: Diagnosis) -> None:
        """Hear what was concluded about a job that something new was seen of."""

    def diagnose(self, key: JobKey) -> Diagnosis:
        """Conclude about one job; INCONCLUSIVE for one never seen."""
        state = self._jobs.get(key)
        if state is None:
            return Diagnosis(Verdict.INCONCLUSIVE, (), reason=Inconclusive.NOTHING_READ)
        return state.diagnosis(self._host(key))

    def jobs(self) -> tuple[JobSummary, ...]:
        """List the jobs remembered, least recently seen first."""
        return tuple(
            JobSummary(key, state.diagnosis(self._host(key)).verdict, state.reads, state.versions.changes)
            for key, state in self._jobs.items()
        )

    def clear(self) -> None:
        """Forget everything."""
        self._jobs.clear()
        self._hosts.clear()
        self.forgotten = 0

    def _state(self, key: JobKey) -> JobState:
        state = self._jobs.get(key)
        if state is None:
            state = self._jobs[key] = JobState()
            if len(self._jobs) > self._limit:
                self._jobs.popitem(last=False)
                self.forgotten += 1
        else:
            self._jobs.move_to_end(key)
        return state

    def _host(self, key: JobKey) -> HostNames:
        place = key[:2]
        names = self._hosts.get(place)
        if names is None:
            names = self._hosts[place] = HostNames()
            if len(self._hosts) > _MAX_HOSTS:
                self._hosts.popitem(last=False)
        return names


def _transitions(
    state: JobState, diagnosis: Diagnosis, got: Seen, notes: Sequence[str]
) -> Iterator[Transition]:
    before, verdict = state.verdict, diagnosis.verdict
    state.verdict = verdict
    number = got.exchange.number
    fresh = [finding for finding in diagnosis.findings if finding.rule not in state.rules]
    for finding in fresh:
        state.rules.add(finding.rule)
        text = f"{finding.rule.value} {finding.rule.slug}: {finding.detail}"
        yield Transition(got.key, number, "finding", verdict, before, finding, text)
    if not fresh and verdict is not before:
        text = f"{verdict.value}: this path {verdict.sentence}"
        yield Transition(got.key, number, "verdict", verdict, before, None, text)
    for note in notes:
        yield Transition(got.key, number, "note", verdict, verdict, None, note)

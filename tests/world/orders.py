"""All delivery orders of what a scripted server says: a search over every state a client can reach.

A server walks through a history. Whatever was ever said (frames, polls, cancel responses, some of it with
no `updated_at`) may arrive at any later moment, in any order, any number of times, or never. A verified
read is sent at one moment, sees the server at any moment between then and its arrival, and is fresh unless
something was applied meanwhile; or a cache answers it with any older copy, and says so. The client may be
restarted and know only what its store says. The set of reachable states is finite (a job's revision matters
only as "applied since?"), so every order of every length is covered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from world.make import CACHED, at, seen

from jobctl.model import Job, JobStatus, Observation, Source
from jobctl.reasons import Action, Reason
from jobctl.reconcile import reconcile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobctl.timestamps import Timestamp

UNITS = {"none": None, "us": 1000, "ms": 10**6, "s": 10**9}
LIE = -1
"""Index of a claim that was never true."""


class State(NamedTuple):
    """The server's truth at one moment."""

    status: str
    progress: float | None = None
    attempt: int | None = None


class Script(NamedTuple):
    """A history, the times it happened at, and how frames and reads write time."""

    name: str
    states: tuple[State, ...]
    times: tuple[float, ...]
    frames: str
    reads: str
    cancel_claims: bool = False

    def observation(self, index: int, source: Source, precision: str) -> Observation:
        """Return what `source` says about the server's state `index`."""
        status, progress, attempt = self.states[index]
        unit = UNITS[precision]
        when: Timestamp | None = None if unit is None else at(self.times[index], unit=unit)
        return seen(status, source, progress=progress, attempt=attempt, updated_at=when)

    def messages(self, index: int) -> list[tuple[int, Observation]]:
        """Return what can be said while the server is in state `index`, verified reads aside."""
        said = [
            self.observation(index, Source.STREAM, self.frames),
            self.observation(index, Source.STREAM, "none"),
            self.observation(index, Source.POLL, self.reads),
        ]
        found = [(index, observation) for observation in said]
        if self.cancel_claims:
            found.append((index, self.observation(index, Source.CANCEL, self.reads)))
            if self.states[index].status != "cancelled":
                found.append((LIE, seen("cancelled", Source.CANCEL, attempt=self.states[index].attempt)))
        return found


class Place(NamedTuple):
    """One reachable state: the known job (revision 0), what it was shown from, and where the server is."""

    job: Job | None
    shown: int
    server: int
    asked: int | None = None
    """Server state at which the verified read under way was sent."""
    fresh: bool = False


class Violation(NamedTuple):
    """A rule that did not hold, and the shortest way there."""

    rule: str
    script: Script
    path: tuple[str, ...]

    def __str__(self) -> str:
        steps = "\n  ".join(self.path)
        return f"{self.rule}\n{self.script}\n  {steps}"


_GOES_BACK = {
    Reason.CORRECTED,
    Reason.TERMINAL_CORRECTED,
    Reason.REQUEUED,
    Reason.NEW_ATTEMPT,
    Reason.PROGRESSED,
}


class Search:
    """Breadth first through everything that can happen to one script."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.said = [script.messages(index) for index in range(len(script.states))]
        self.deliveries = 0
        self.came_from: dict[Place, tuple[Place | None, str]] = {}
        self._memo: dict[tuple[Job | None, Observation, bool], tuple[Job | None, Reason, bool]] = {}

    def run(self) -> Violation | None:
        """Return the first violation, or None when there is none."""
        start = Place(None, LIE, 0)
        self.came_from[start] = (None, "")
        todo = [start]
        while todo:
            following: list[Place] = []
            for place in todo:
                broken = self._settles(place)
                if broken:
                    return self._violation(broken, place, "fresh verified read")
                for step, after, broken in self._steps(place):
                    if broken:
                        return self._violation(broken, place, step)
                    if after not in self.came_from:
                        self.came_from[after] = (place, step)
                        following.append(after)
            todo = following
        return None

    def _steps(self, place: Place) -> Iterator[tuple[str, Place, str | None]]:
        if place.server + 1 < len(self.script.states):
            state = self.script.states[place.server + 1]
            yield f"server: {state}", place._replace(server=place.server + 1), None
        for index in range(place.server + 1):
            for truth, observation in self.said[index]:
                yield self._delivered(place, truth, observation, place.asked, fresh=None)
        if place.asked is None:
            yield "send verify", place._replace(asked=place.server, fresh=True), None
        else:
            for index in range(place.asked, place.server + 1):
                answer = self.script.observation(index, Source.VERIFY, self.script.reads)
                yield self._delivered(place, index, answer, None, fresh=place.fresh)
            for index in range(place.server + 1):
                answer = self.script.observation(index, Source.VERIFY, self.script.reads)
                yield self._delivered(place, index, answer._replace(http=CACHED), None, fresh=place.fresh)
        if place.job is not None and place.job.verified:
            yield "restart", Place(_stored(place.job), LIE, place.server), None

    def _delivered(
        self, place: Place, truth: int, observation: Observation, asked: int | None, *, fresh: bool | None
    ) -> tuple[str, Place, str | None]:
        after, reason, applied = self._decide(place.job, observation, fresh=bool(fresh))
        said = f"{observation.source.value} #{truth} {observation.status} {observation.updated_at}"
        step = f"{said} -> {reason.value}"
        if not applied:
            still = place.fresh if asked is not None else False
            return step, place._replace(asked=asked, fresh=still), None
        broken = self._check(place, after, truth, reason, observation)
        return step, Place(after, truth, place.server, asked, fresh=False), broken

    def _decide(
        self, job: Job | None, observation: Observation, *, fresh: bool
    ) -> tuple[Job | None, Reason, bool]:
        self.deliveries += 1
        key = job, observation, fresh
        found = self._memo.get(key)
        if found is None:
            basis = 0 if fresh else None
            decision = reconcile(job, observation._replace(basis=basis) if fresh else observation)
            after = decision.after
            found = self._memo[key] = (
                after and after._replace(revision=0),
                decision.reason,
                decision.action is Action.APPLY,
            )
        return found

    def _check(
        self, place: Place, after: Job | None, truth: int, reason: Reason, observation: Observation
    ) -> str | None:
        before = place.job
        assert after is not None
        had = {JobStatus(state.status) for state in self.script.states[: place.server + 1]}
        if after.status.terminal and after.status not in had:
            return "P10: an end is shown that the server never had"
        if before is None:
            return None
        if not before.verified:
            resurrected = (
                before.status.terminal and not after.status.terminal and reason is not Reason.NEW_ATTEMPT
            )
            if resurrected and not observation.source.is_read:
                return "a late frame resurrects a job that only its tombstone remembers"
            return None
        if is_older(before, observation) and reason is not Reason.NEW_ATTEMPT:
            return f"P1: an older updated_at is applied ({reason.value})"
        if goes_back(before, after) and (reason not in _GOES_BACK or truth <= place.shown):
            return f"P1: what is shown goes back ({reason.value}), from state {place.shown} to {truth}"
        return None

    def _settles(self, place: Place) -> str | None:
        truth = self.script.states[place.server]
        answer = self.script.observation(place.server, Source.VERIFY, self.script.reads)
        after, reason, _ = self._decide(place.job, answer, fresh=True)
        assert after is not None
        if after.status != truth.status or (truth.attempt is not None and after.attempt != truth.attempt):
            return f"P4: {after.status} after a fresh verified read of {truth} ({reason.value})"
        if not after.status.terminal and truth.progress is not None and after.progress != truth.progress:
            return f"P4: progress {after.progress} after a fresh verified read of {truth} ({reason.value})"
        return None

    def _violation(self, rule: str, place: Place, step: str) -> Violation:
        path = [step]
        at_place: Place | None = place
        while at_place is not None:
            at_place, how = self.came_from[at_place]
            path.append(how)
        return Violation(rule, self.script, tuple(reversed(path[:-1])))


def is_older(before: Job, observation: Observation) -> bool:
    """Did the server itself date this before what is known?"""
    said, known = observation.updated_at, before.updated_at
    return said is not None and known is not None and said.compare(known) < 0


def goes_back(before: Job, after: Job) -> bool:
    """Would a person see the job move backwards?"""
    if before.attempt is not None and after.attempt is not None and before.attempt != after.attempt:
        return after.attempt < before.attempt
    if after.status.rank != before.status.rank:
        return after.status.rank < before.status.rank
    if before.status.terminal:
        return after.status is not before.status
    return before.progress is not None and after.progress is not None and after.progress < before.progress


def _stored(job: Job) -> Job | None:
    """What a new process knows: the store's word, through the rules."""
    remembered = seen(
        job.status,
        Source.STORE,
        updated_at=job.updated_at,
        progress=job.progress,
        attempt=job.attempt,
    )
    after = reconcile(None, remembered).after
    return after and after._replace(revision=0)

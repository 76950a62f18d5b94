"""The server of a simulated world: a scripted truth, and how it spells it."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from world.make import JOB

from jobctl.model import JobStatus

if TYPE_CHECKING:
    import random

_ZERO = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
_SPELLINGS = {"us": "microseconds", "ms": "milliseconds", "s": "seconds"}
WORDS = {"unknown": "warming"}
"""Our status → the API's word, where it is another one."""


class Truth(NamedTuple):
    """What is true from `since` (seconds, world time) on."""

    since: float
    status: str
    progress: float | None = None
    attempt: int | None = None

    @property
    def ended(self) -> bool:
        return JobStatus(self.status).terminal


class Server:
    """Walks through its script as time goes by; never wrong, only asked too early or too late."""

    def __init__(self, script: list[Truth], skew: float) -> None:
        self.script = script
        self.skew = skew
        self._times = [truth.since for truth in script]

    @property
    def reopens(self) -> bool:
        """Does it go on after an end, without an attempt number to say so?"""
        pairs = zip(self.script, self.script[1:], strict=False)
        return any(one.ended and not other.ended and one.attempt is None for one, other in pairs)

    @property
    def end(self) -> float:
        """When the last state begins."""
        return self._times[-1]

    def index_at(self, now: float) -> int:
        """Return the index of the truth at `now`; below 0 when the job does not exist yet."""
        return bisect_right(self._times, now) - 1

    def had(self, now: float) -> set[str]:
        """Return every status the job has had by `now`."""
        return {truth.status for truth in self.script[: self.index_at(now) + 1]}

    def payload(self, index: int, precision: str) -> dict[str, Any]:
        """Spell state `index`. `truth` is for the checks; no profile reads it."""
        truth = self.script[index]
        body: dict[str, Any] = {"id": JOB, "status": WORDS.get(truth.status, truth.status), "truth": index}
        if truth.progress is not None:
            body["progress"] = truth.progress
        if truth.attempt is not None:
            body["attempt"] = truth.attempt
        if precision != "none":
            moment = _ZERO + timedelta(seconds=truth.since + self.skew)
            body["updated_at"] = moment.isoformat(timespec=_SPELLINGS[precision])
        return body


_GAPS = (0.0, 0.0, 0.001, 0.2, 0.2, 1.0, 4.0, 12.0, 30.0)


def write_script(rng: random.Random) -> list[Truth]:
    """Draw a history: queued, at work, perhaps put back, perhaps again as a new attempt, an end."""
    script: list[Truth] = []
    numbered = rng.random() < 0.35
    with_progress = rng.random() < 0.7
    now = rng.choice((-20.0, -0.5, -0.5, 0.0, 0.5, 3.0))
    attempts = rng.choice((1, 1, 1, 2)) if numbered or rng.random() < 0.15 else 1
    for attempt in range(1, attempts + 1):
        number = attempt if numbered else None
        for again in range(rng.choice((1, 1, 1, 2, 3))):
            if again or rng.random() < 0.9:
                script.append(Truth(now, "pending", 0.0 if with_progress else None, number))
                now += rng.choice(_GAPS)
            progress = 0.0
            for _ in range(rng.choice((0, 1, 3, 8, 20))):
                progress = min(100.0, round(progress + rng.uniform(0, 20), 1))
                word = "unknown" if rng.random() < 0.06 else "running"
                script.append(Truth(now, word, progress if with_progress else None, number))
                now += rng.choice(_GAPS)
        end = rng.choice(("completed", "completed", "completed", "failed", "cancelled"))
        if attempt < attempts:
            end = "failed"
        elif rng.random() < 0.05:  # the server thinks better of it
            script.append(Truth(now, "failed" if end != "failed" else "cancelled", None, number))
            now += rng.choice((0.001, 1.0, 5.0))
        script.append(Truth(now, end, script[-1].progress if script else None, number))
        now += rng.choice((0.001, 1.0, 5.0))
    return script

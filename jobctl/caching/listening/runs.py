"""What is known of one job, piece by piece: versions, single answers, runs of equal ones."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from jobctl.caching.versions import compare

if TYPE_CHECKING:
    from jobctl.model import Observation

MAX_SAMPLES: Final = 6


class Strength(IntEnum):
    """Who said it, strongest last."""

    PLAIN = 0
    WRITE = 1
    OTHER_KEY = 2
    EVENT = 3

    @property
    def phrase(self) -> str:
        """How a report calls such an answer."""
        return _PHRASES[self]


_PHRASES: Final = {
    Strength.PLAIN: "an earlier read",
    Strength.WRITE: "the answer to a write",
    Strength.OTHER_KEY: "a read with another query",
    Strength.EVENT: "a stream event",
}


class Known(NamedTuple):
    """One version of the job, and when it was first seen to exist (`received`), by which exchange."""

    seen: Observation
    received: float
    number: int
    strength: Strength


class Sample(NamedTuple):
    """One answer of a run."""

    sent: float
    received: float
    number: int


class Stale(NamedTuple):
    """An answer that was out of date: the control that shows it, how old it was at least, in seconds."""

    control: Known
    sample: Sample
    seen: Observation
    seconds: float


class Run:
    """Answers under one key that all showed the same version, with no other in between."""

    __slots__ = ("confirmed", "count", "first_late", "forbidden", "samples", "seen", "since")

    def __init__(self, seen: Observation, sample: Sample) -> None:
        self.seen = seen
        self.samples = [sample]
        self.count = 1
        self.since: float | None = None
        """When the last answer of the version before it, under the same key, was asked for."""
        self.forbidden = False
        """Its answers carry `no-store` or `private`."""
        self.first_late: Stale | None = None
        """The first answer of it that was out of date when it came."""
        self.confirmed: Sample | None = None
        """The last answer that was a 304 to this version's strong ETag."""

    def add(self, sample: Sample) -> None:
        """Take one more; of many, the first and the last are kept and some in between."""
        self.count += 1
        self.samples.append(sample)
        if len(self.samples) > MAX_SAMPLES:
            del self.samples[1:-1:2]

    def late(self, stale: Stale) -> Stale:
        """Take an answer of the run that was out of date; measure it from the earliest control of the run.

        The versions in between may be forgotten by now.
        """
        first = self.first_late
        if first is None:
            self.first_late = stale
            return stale
        seconds = max(stale.seconds, stale.sample.sent - first.sample.sent + first.seconds)
        control = max(first.control, stale.control, key=lambda known: known.strength)
        return stale._replace(control=control, seconds=seconds)


class Frozen(NamedTuple):
    """A run that only a store explains: its first and last answer out of date."""

    run: Run
    first: Stale
    last: Stale


class KeyState:
    """What one URL (with or without `no-cache` in the request) answered: the newest, and the present run."""

    __slots__ = ("newest", "run")

    def __init__(self) -> None:
        self.newest: Known | None = None
        self.run: Run | None = None


def is_newer(control: Observation, seen: Observation) -> bool:
    """Tell whether a control convicts. One without a time must be terminal to outdo an answer with one.

    A job may be put back in the queue; only times and attempts tell that from an older answer.
    """
    if compare(control, seen) <= 0:
        return False
    if (control.updated_at is None) == (seen.updated_at is None):
        return True
    return control.status is not None and control.status.terminal

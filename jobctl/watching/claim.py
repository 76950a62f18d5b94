"""An end that something claims and no read supports yet: how long it is checked, and what refutes it."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from jobctl.model import Source
from jobctl.reasons import Reason

if TYPE_CHECKING:
    from jobctl.model import Decision, Observation
    from jobctl.timestamps import Timestamp

_REASONS: Final = frozenset({Reason.UNCONFIRMED_TERMINAL, Reason.LATE_TERMINAL, Reason.TERMINAL_CONFLICT})
_CLAIMANTS: Final = frozenset({Source.STREAM, Source.CAPTURE, Source.POLL, Source.VERIFY})
"""A cancel or submit response, or the store, never ends a job by its word alone."""


class Weight(Enum):
    """What a verified read makes of a claim that it did not settle."""

    REFUTED = auto()
    OPEN = auto()
    DOUBTED = auto()
    """Reads have contradicted it more than once: worth telling."""
    EXHAUSTED = auto()


class Claim:
    """At most one claimed end, and the verified reads spent on it."""

    def __init__(self, max_verifies: int) -> None:
        self._max_verifies = max_verifies
        self._reads = 0
        self.seen: Observation | None = None

    def consider(self, decision: Decision) -> None:
        """Remember what asks for a verified read because it claims an end."""
        if decision.reason in _REASONS and decision.observation.source in _CLAIMANTS:
            self.seen = decision.observation

    def drop(self) -> None:
        """It is settled."""
        self.seen, self._reads = None, 0

    def weigh(self, claim: Observation, read: Decision, *, moved: bool) -> Weight:
        """A verified `read` came back, and the end is still only claimed."""
        known = read.after
        # What reads themselves claim is refuted by reads alone: the way out when the clock of a stream runs
        # ahead. What a stream claims is refuted by anything newer that is known.
        by_known = known is not None and not claim.source.is_read and _is_newer(known.updated_at, claim)
        if by_known or _is_newer(read.observation.updated_at, claim):
            self.drop()
            return Weight.REFUTED
        # A job that visibly moves on refutes nothing yet (a replica catches up), but it buys time.
        self._reads = 0 if moved else self._reads + 1
        if self._reads >= self._max_verifies:
            return Weight.EXHAUSTED
        return Weight.DOUBTED if self._reads > 1 else Weight.OPEN


def _is_newer(at: Timestamp | None, claim: Observation) -> bool:
    return at is not None and claim.updated_at is not None and at.compare(claim.updated_at) > 0

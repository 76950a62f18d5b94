"""What was found, how sure that is, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Confidence(StrEnum):
    """How sure a finding is. `NONE`: could not tell."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"


class Found(NamedTuple):
    """A value as the profile would have it, or None; `by_hand` says what to write where nobody could tell."""

    value: str | None
    confidence: Confidence
    reasons: tuple[str, ...] = ()
    by_hand: str = ""

    @property
    def why(self) -> str:
        """The reasons, and what to do, in one line."""
        return "; ".join((*self.reasons, *([self.by_hand] if self.by_hand else [])))


def missing(reason: str, by_hand: str = "") -> Found:
    """Return the finding of somebody who could not tell."""
    return Found(None, Confidence.NONE, (reason,), by_hand)


def graded(points: int, high: int, medium: int) -> Confidence:
    """Turn points into a confidence: `high` or more, `medium` or more, less."""
    return Confidence.HIGH if points >= high else Confidence.MEDIUM if points >= medium else Confidence.LOW

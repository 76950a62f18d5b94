"""Scripted lives of jobs: which status a job has how long after it was submitted."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, fields, replace
from typing import Final, NamedTuple

MICROSECONDS: Final = 1_000_000
TERMINAL: Final = frozenset({"completed", "failed", "cancelled"})
STATES: Final = {
    "pending": "pending",
    "started": "running",
    "processing": "running",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
_MAX_STEPS: Final = 1000


class Step(NamedTuple):
    """One scripted change: µs after submission, status, progress (None keeps the last)."""

    offset: int
    status: str
    progress: float | None


@dataclass(frozen=True, slots=True)
class Script:
    """A job's life: `pending` s waiting, then `duration` s of work in `steps` steps, then `end`.

    With `requeue_at` (s after work began, less than `duration`) it goes back to pending once and starts over.
    """

    duration: float = 5.0
    steps: int = 10
    end: str = "completed"
    pending: float = 0.2
    requeue_at: float | None = None

    def __post_init__(self) -> None:
        """Check every field (ValueError naming field and expectation)."""
        for name in ("duration", "pending", "requeue_at"):
            value = getattr(self, name)
            if name == "requeue_at" and value is None:
                continue
            if type(value) not in {int, float} or not math.isfinite(value) or value < 0:
                raise ValueError(f"{name}: expected seconds, 0 or more, got {value!r}")
        if type(self.steps) is not int or not 1 <= self.steps <= _MAX_STEPS:
            raise ValueError(f"steps: expected a whole number from 1 to {_MAX_STEPS}, got {self.steps!r}")
        end: object = self.end  # a submit body may put anything here
        if not isinstance(end, str) or end not in TERMINAL:
            raise ValueError(f"end: expected one of {', '.join(sorted(TERMINAL))}, got {self.end!r}")
        if self.requeue_at is not None and self.requeue_at >= self.duration:
            raise ValueError(f"requeue_at: expected less than the duration, got {self.requeue_at!r}")

    def with_options(self, options: object) -> Script:
        """This script changed by a submit body's `sandbox` object (ValueError naming the field)."""
        if not isinstance(options, dict):
            raise ValueError(f"sandbox: expected an object, got {type(options).__name__}")  # noqa: TRY004
        known = {field.name for field in fields(self)}
        if unknown := [str(name) for name in options if name not in known]:
            raise ValueError(f"sandbox: expected {', '.join(sorted(known))}, got {unknown[0]!r}")
        return replace(self, **options)


@functools.lru_cache(maxsize=4096)
def timeline(script: Script) -> tuple[Step, ...]:
    """Every change after submission, in order."""
    begin = script.pending
    if script.requeue_at is None:
        return tuple(_run(script, begin))
    back = begin + script.requeue_at
    first = [step for step in _run(script, begin) if step.offset < _us(back)]
    return (*first, Step(_us(back), "pending", 0.0), *_run(script, back + script.pending))


def _run(script: Script, begin: float) -> list[Step]:
    steps = [Step(_us(begin), "started", 0.0)]
    for number in range(1, script.steps):
        part = number / script.steps
        steps.append(Step(_us(begin + script.duration * part), "processing", round(100 * part, 1)))
    last = 100.0 if script.end == "completed" else None
    return [*steps, Step(_us(begin + script.duration), script.end, last)]


def _us(seconds: float) -> int:
    return round(seconds * MICROSECONDS)

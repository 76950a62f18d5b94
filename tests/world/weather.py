"""What goes wrong in one simulated world. Everything is drawn from the seed, nothing later is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

PRECISIONS = ("none", "us", "us", "ms", "s")


@dataclass(frozen=True, slots=True)
class Weather:
    """All faults of a world; probabilities are per read or per frame, durations are seconds."""

    # how the API writes time
    reads: str
    frames: str
    clock_skew: float
    # reads
    latency: float
    lag: tuple[float, ...]
    """One entry a replica."""
    cache_ttl: float
    cache_says_age: bool
    read_errors: float
    error_kinds: tuple[str, ...]
    outages: tuple[tuple[float, float], ...]
    retry_after: float | None
    heals_at: float
    """From then on every read is answered by the server itself."""
    # socket
    has_stream: bool
    refuses: float
    closes_at_once: float
    session_life: float
    goes_silent_after: float
    replays_pending: bool
    sends_snapshot: bool
    frame_delay: float
    frame_jitter: float
    drops: float
    duplicates: float
    unversioned: float
    garbage: float
    lies: float
    closes_on_end: bool
    pongs_every: float
    floods_every: float
    """Unversioned `pending` frames, one after the other; 0 is none."""
    # process and person
    kills: tuple[float, ...]
    tears_line: bool
    cancel_said: str | None
    remembered: str | None
    """What an older snapshot claims (it may never have been true)."""
    remembered_at: str | None
    just_submitted: bool
    interrupt_at: float | None
    turn: float
    """The longest that a read waits for its turn among those of other jobs."""

    @property
    def reads_are_honest(self) -> bool:
        """True when an answer is never older than the moment it was asked for."""
        return not any(self.lag) and not self.cache_ttl


def forecast(rng: random.Random, born: float, end: float) -> Weather:
    """Draw the weather of a world whose job exists from `born` on and has ended at `end`."""
    weather = Weather(**_reads(rng, end), **_socket(rng), **_people(rng, born, end))
    kind = rng.random()
    if kind < 0.06:
        return _outage_for_good(weather, rng.uniform(-1.0, end))
    return _race(weather) if kind < 0.2 else weather


def _perhaps(rng: random.Random, chance: float, value: float) -> float:
    return value if rng.random() < chance else 0.0


def _reads(rng: random.Random, end: float) -> dict[str, Any]:
    return {
        "reads": rng.choice(PRECISIONS),
        "frames": rng.choice(PRECISIONS),
        "clock_skew": rng.choice((0.0, 0.0, -3600.0, 7200.0, 0.4)),
        "latency": rng.choice((0.01, 0.05, 0.05, 0.2, 0.2, 2.0)),
        "lag": (0.0,) if rng.random() < 0.7 else tuple(rng.choice((0.0, 0.5, 3.0, 10.0)) for _ in range(2)),
        "cache_ttl": _perhaps(rng, 0.25, rng.choice((2.0, 10.0, 40.0))),
        "cache_says_age": rng.random() < 0.5,
        "read_errors": _perhaps(rng, 0.3, rng.choice((0.1, 0.5, 0.9))),
        "error_kinds": _error_kinds(rng),
        "outages": tuple(_outages(rng, end)),
        "retry_after": rng.choice((None, None, 2.0, 7.0)),
        "heals_at": end + rng.choice((0.0, 0.0, 5.0, 30.0)),
    }


def _socket(rng: random.Random) -> dict[str, Any]:
    return {
        "has_stream": rng.random() < 0.85,
        "refuses": _perhaps(rng, 0.2, rng.choice((0.3, 1.0))),
        "closes_at_once": _perhaps(rng, 0.2, rng.choice((0.3, 1.0))),
        "session_life": rng.choice((2.0, 10.0, 1e9, 1e9)),
        "goes_silent_after": rng.choice((0.0, 5.0, 1e9, 1e9, 1e9)),
        "replays_pending": rng.random() < 0.3,
        "sends_snapshot": rng.random() < 0.6,
        "frame_delay": rng.choice((0.0, 0.02, 1.0, 8.0)),
        "frame_jitter": rng.choice((0.0, 0.0, 0.5, 15.0)),
        "drops": _perhaps(rng, 0.3, rng.choice((0.1, 0.5, 1.0))),
        "duplicates": _perhaps(rng, 0.3, 0.5),
        "unversioned": _perhaps(rng, 0.3, rng.choice((0.3, 1.0))),
        "garbage": _perhaps(rng, 0.2, 0.3),
        "lies": _perhaps(rng, 0.15, 0.2),
        "closes_on_end": rng.random() < 0.6,
        "pongs_every": _perhaps(rng, 0.3, rng.choice((0.2, 3.0))),
        "floods_every": _perhaps(rng, 0.12, rng.choice((0.1, 0.5))),
    }


def _people(rng: random.Random, born: float, end: float) -> dict[str, Any]:
    return {
        "kills": tuple(sorted(rng.uniform(0.0, end + 3) for _ in range(rng.choice((0, 0, 0, 1, 2))))),
        "tears_line": rng.random() < 0.5,
        "cancel_said": rng.choice((None, None, None, None, "cancelled", "running")),
        "remembered": rng.choice(("pending", "running", "completed", "failed"))
        if rng.random() < 0.1
        else None,
        "remembered_at": rng.choice((None, "2025-12-31 23:59:59.1", "2026-01-01T12:00:05Z", "2099-01-01")),
        "just_submitted": rng.random() < (0.95 if born > 0 else 0.3),
        "interrupt_at": rng.uniform(0, end) if rng.random() < 0.03 else None,
        "turn": rng.choice((0.0, 0.0, 0.0, 0.3, 3.0)),
    }


def _outage_for_good(weather: Weather, begin: float) -> Weather:
    """From `begin` on no read ever succeeds again."""
    kinds = tuple(kind for kind in weather.error_kinds if kind not in {"auth", "404"}) or ("429",)
    return replace(weather, outages=((begin, math.inf),), heals_at=math.inf, error_kinds=kinds)


def _race(weather: Weather) -> Weather:
    """Nothing is broken and nothing is dated: slow reads against quick frames."""
    return replace(
        weather,
        reads="none",
        latency=2.0,
        lag=(0.0,),
        cache_ttl=0.0,
        read_errors=0.0,
        outages=(),
        has_stream=True,
        refuses=0.0,
        closes_at_once=0.0,
        unversioned=0.7,
        replays_pending=True,
        floods_every=0.5,
        drops=0.0,
    )


def _error_kinds(rng: random.Random) -> tuple[str, ...]:
    kinds = ("transient", "429", "timeout", "html", "not-json", "404", "wordless")
    chosen = rng.sample(kinds, rng.choice((1, 1, 2, 3)))
    return (*chosen, "auth") if rng.random() < 0.02 else tuple(chosen)


def _outages(rng: random.Random, end: float) -> list[tuple[float, float]]:
    if rng.random() < 0.75:
        return []
    begin = rng.uniform(-1.0, end)
    return [(begin, begin + rng.choice((3.0, 20.0, 100.0)))]

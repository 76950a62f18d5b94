"""How a job of the adversarial origin changes, what it says, and the log of who asked."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Literal, NamedTuple


@dataclass(frozen=True, slots=True)
class Replica:
    """A second database: `fraction` of the reads see the job as it was up to `lag` seconds ago.

    `constant`: always that long ago; `random`: anything up to it; `stalled`: it stands still for `lag`
    seconds, catches up, runs along for as long, and stands still again.
    """

    fraction: float = 0.3
    lag: float = 1.0
    kind: Literal["constant", "random", "stalled"] = "constant"
    by_connection: bool = False
    """A load balancer chose per connection, so that one client may read in order while another lags."""


@dataclass(frozen=True, slots=True)
class Memo:
    """The application's own memory of its bodies, behind everything it says in headers."""

    seconds: float = 3.0
    key: Literal["path", "url"] = "path"
    own_age: bool = False
    """It says so in an `Age` of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How one job changes and how it is told. The defaults are a plain, honest API without cache fields."""

    period: float = 0.5
    """Seconds between two changes."""
    frozen: bool = False
    """It is running and never changes."""
    finished: bool = False
    flapping: bool = False
    """Progress goes up and down."""
    stamps: Literal["micros", "seconds", "none"] = "micros"
    """How `updated_at` is written."""
    clock_skew: float = 0.0
    """Seconds by which the server's clock is ahead."""
    cache_control: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """More response headers: CDN-Cache-Control, Expires, Vary, …"""
    etag: Literal["none", "strong", "weak", "per-request"] = "none"
    last_modified: bool = False
    echo: bool = False
    """The request's X-Request-Id comes back."""
    request_id: bool = False
    """A fresh X-Trace-Id with each answer."""
    body_nonce: bool = False
    """The body says what time it is."""
    replica: Replica | None = None
    memo: Memo | None = None
    own_age: Literal["none", "constant", "ticking"] = "none"
    vendor_word: bool = False
    """The origin itself says X-Cache: HIT."""
    rate_limit: int | None = None
    """429 after this many reads."""
    auth: str | None = None
    """The bearer token to ask for."""


class Hit(NamedTuple):
    """One request that reached the origin, and what it was told. `tick` is the state told: 0, 1, 2, …"""

    at: float
    method: str
    target: str
    request_id: str
    if_none_match: str
    status: int
    digest: str
    tick: int


def digest(body):
    """A short name for a body."""
    return blake2b(body, digest_size=8).hexdigest()


@dataclass(slots=True)
class Job:
    """One job: a pure function of the clock, the draws for its replica, and the log of its readers."""

    id: str
    does: Behaviour
    started: float
    epoch: float
    dice: random.Random
    hits: list[Hit] = field(default_factory=list)
    memory: dict[str, tuple[float, int, bytes]] = field(default_factory=dict)

    def tick_at(self, moment):
        """Return how many changes there had been by then."""
        still = self.does.frozen or self.does.finished
        return 0 if still else max(0, math.floor((moment - self.started) / self.does.period))

    def began(self, tick):
        """Return the moment that state came to be."""
        return self.started + tick * self.does.period

    def wall(self, moment):
        """Return what the server's clock said then, seconds since the epoch."""
        return self.epoch + (moment - self.started) + self.does.clock_skew

    def told(self, moment, connection=None):
        """Return the state a read gets: the true one, or a lagging replica's."""
        replica = self.does.replica
        if replica is None:
            return self.tick_at(moment)
        drawn = random.Random(f"{self.id}:{connection}") if replica.by_connection else self.dice
        if drawn.random() >= replica.fraction:
            return self.tick_at(moment)
        lag = replica.lag
        if replica.kind == "random":
            lag = self.dice.random() * replica.lag
        elif replica.kind == "stalled":
            begun = random.Random(f"{self.id}:stall").random() * 2 * replica.lag
            phase = (moment - self.started + begun) % (2 * replica.lag)
            lag = phase if phase < replica.lag else 0.0
        return self.tick_at(moment - lag)

    def record(self, tick):
        """Return the job as the API writes it."""
        progress = round(99 * (1 - 0.98**tick), 2)
        if self.does.flapping:
            progress = 40.0 + 10.0 * (tick % 2)
        record = {
            "id": self.id,
            "status": "completed" if self.does.finished else "running",
            "progress": 100.0 if self.does.finished else progress,
            "created_at": self._stamp(self.wall(self.started) - 60),
            "content_id": 65018 if self.does.finished else None,
            "error_message": None,
        }
        if self.does.stamps != "none":
            record["updated_at"] = self._stamp(self.wall(self.began(tick)))
        return record

    def _stamp(self, wall):
        moment = datetime.fromtimestamp(wall, UTC).replace(tzinfo=None)
        return moment.isoformat(timespec="seconds" if self.does.stamps == "seconds" else "microseconds")

"""When to ask again: adaptive polling, backoff, and the poll budget all jobs share. Pure: time is data."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jobctl.watching.quota import HourlyQuota

_GROWTH: Final = 1.5
_JITTER: Final = 0.2


class AdaptivePace:
    """Poll interval: fast at first and after each change, slower while nothing changes, jittered."""

    def __init__(self, fastest: float, slowest: float, fixed: float | None = None) -> None:
        self._fastest, self._slowest, self._fixed = fastest, max(fastest, slowest), fixed
        self._current = fastest

    def next_delay(self, random: float) -> float:
        """Return seconds until the next read; `random` in [0, 1) spreads it by ±10 %."""
        if self._fixed is not None:
            return self._fixed
        delay = self._current
        self._current = min(self._slowest, self._current * _GROWTH)
        return delay * (1 + _JITTER * (random - 0.5))

    def changed(self) -> None:
        """Something moved: look closer again."""
        self._current = self._fastest


def backoff(attempt: int, random: float, *, base: float = 0.5, cap: float = 30.0) -> float:
    """Exponential backoff with full jitter: uniform in (0, min(cap, base·2^attempt)], never below 50 ms.

    `attempt` counts from 0; `random` is in [0, 1).
    """
    return max(0.05, random * min(cap, base * 2.0 ** min(attempt, 30)))


class PollBudget:
    """At most `rate` requests per second, evenly spaced, for everything that asks one server.

    Evenly spaced slots keep the promise in *every* window of a second; a bucket that may burst does not.
    """

    def __init__(self, rate: float, hourly: HourlyQuota | None = None) -> None:
        if not rate > 0:
            raise ValueError("the poll budget must be above 0 requests per second")
        self.rate, self.hourly = rate, hourly
        self.sent = 0
        self._spacing = 1.0 / rate
        self._next = float("-inf")
        self._paused_until = float("-inf")
        self._minutes: deque[tuple[int, int]] = deque(maxlen=60)
        self._started: float | None = None

    def ready_at(self, now: float, *, urgent: bool = False) -> float:
        """Return the earliest time at which one more request may be sent."""
        ready = max(now, self._next, self._paused_until)
        return ready if self.hourly is None else max(ready, self.hourly.ready_at(urgent=urgent))

    def held_for(self, now: float, *, urgent: bool = False) -> float:
        """Return for how many seconds the hourly quota alone holds the next request back."""
        return 0.0 if self.hourly is None else max(0.0, self.hourly.ready_at(urgent=urgent) - now)

    def take(self, now: float) -> None:
        """One request is sent now."""
        self.sent += 1
        self._next = max(now, self._next) + self._spacing
        if self.hourly is not None:
            self.hourly.take(now)
        if self._started is None:
            self._started = now
        minute = int(now // 60)
        if self._minutes and self._minutes[-1][0] == minute:
            self._minutes[-1] = minute, self._minutes[-1][1] + 1
        else:
            self._minutes.append((minute, 1))

    def pause_until(self, at: float) -> None:
        """Nothing before that: a `Retry-After` speaks for the whole server."""
        self._paused_until = max(self._paused_until, at)

    def paused_for(self, now: float) -> float:
        """Return for how many seconds a pause still holds."""
        return max(0.0, self._paused_until - now)

    def per_hour(self, now: float) -> int:
        """Requests of the last hour, extrapolated from what was seen while the watch is younger."""
        if self._started is None:
            return 0
        return round(self.in_last_hour(now) * 3600 / min(3600.0, max(1.0, now - self._started)))

    def in_last_hour(self, now: float) -> int:
        """Return how many requests were sent in the last sixty minutes."""
        since = int(now // 60) - 60
        return sum(count for minute, count in self._minutes if minute > since)

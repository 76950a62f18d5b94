"""A bound on the requests of any hour, spread over it, with a reserve for what cannot wait. Pure."""

from __future__ import annotations

from typing import Final

_HOUR: Final = 3600.0
_UNDER_WAY: Final = 15.0
"""Seconds that a request may take to arrive: the server counts when it comes, not when it left."""


class HourlyQuota:
    """At most `limit` requests in any 3600 seconds, though one may be on its way for longer than another.

    The generic cell rate algorithm (ITU-T I.371): a tenth of them may be sent at once, the others are spaced,
    so that no watch spends its hour in a minute and is blind for the rest of it. Half of that tenth is kept
    for urgent requests. All times are monotonic seconds.
    """

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError("the hourly quota must be 1 request or more")
        self.limit = limit
        burst = max(1, limit // 10)
        self.spacing = (_HOUR + _UNDER_WAY) / (limit - burst + 1)
        self._slack = (burst - 1) * self.spacing
        self._reserve = burst // 2 * self.spacing
        self._arrival = float("-inf")
        """When the next request would come if all of them were evenly spaced."""

    def ready_at(self, *, urgent: bool) -> float:
        """Return the earliest time at which one more request may be sent."""
        return self._arrival - self._slack + (0.0 if urgent else self._reserve)

    def take(self, now: float) -> None:
        """One request is sent now."""
        self._arrival = max(now, self._arrival) + self.spacing

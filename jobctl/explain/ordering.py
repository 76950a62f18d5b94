"""Events in the order in which the client knew of them, from a file that has them in another. Pure.

A HAR lists requests by when they were *sent*, and all messages of a WebSocket at once. What was received
before the next request was sent can be told already, so that a long file is never held whole.
"""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Item = TypeVar("Item")


class InOrder(Generic[Item]):
    """Hands items out by their time, as soon as nothing that may still come can be earlier."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Item]] = []
        self._count = 0
        self._released = -math.inf
        self.is_disordered = False
        """Something came that belongs before what was handed out already."""

    def push(self, sent: float, items: Iterable[tuple[float, Item]]) -> Iterator[Item]:
        """Take the items (time, item) of an entry that was sent at `sent`; yield those whose turn it is."""
        for at, item in items:
            self._count += 1
            self.is_disordered |= at < self._released
            heapq.heappush(self._waiting, (at, self._count, item))
        return self._due(sent)

    def rest(self) -> Iterator[Item]:
        """Yield what is left, at the end of the file."""
        return self._due(math.inf)

    def _due(self, until: float) -> Iterator[Item]:
        waiting = self._waiting
        while waiting and waiting[0][0] < until:
            at, _, item = heapq.heappop(waiting)
            self._released = max(self._released, at)
            yield item

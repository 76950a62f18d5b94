"""The decisions of one job that are kept to be shown: all of them, or the first and the last."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobctl.explain.explanation import Moment

EVERYTHING: Final = -1


class Moments:
    """Keeps `limit` moments, half of them the first and half the last; `EVERYTHING` keeps all."""

    def __init__(self, limit: int) -> None:
        self._room = limit - limit // 2
        self._keeps_all = limit == EVERYTHING
        self._first: list[Moment] = []
        self._last: deque[Moment] = deque(maxlen=None if self._keeps_all else limit // 2)
        self.count = 0

    def add(self, moment: Moment) -> None:
        """Keep one more."""
        self.count += 1
        if self._keeps_all or len(self._first) < self._room:
            self._first.append(moment)
        else:
            self._last.append(moment)

    def __iter__(self) -> Iterator[Moment]:
        yield from self._first
        yield from self._last

    def __len__(self) -> int:
        return len(self._first) + len(self._last)

"""The poll budget on asyncio: one queue for everything that asks one server, verified reads first."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jobctl.watching.pacing import PollBudget


_WORTH_TELLING: Final = 1.0
_LONGEST_PAUSE: Final = 300.0
"""One answer of one proxy must not silence a client for a day."""


class Paused(Exception):  # noqa: N818 -- not a fault: the server asked to be left alone
    """The turn will not come for `seconds`: whoever waits should know, and look after its own time limits."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class BudgetGate:
    """Lets requests through at the budget's pace."""

    def __init__(self, budget: PollBudget) -> None:
        self.budget = budget
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, *, urgent: bool) -> None:
        """Wait until one more request may be sent.

        Raises:
            Paused: a `Retry-After` holds everything back for longer than a moment.
        """
        loop = asyncio.get_running_loop()
        if (left := self.budget.paused_for(loop.time())) > _WORTH_TELLING:
            raise Paused(left)
        future: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._waiting, (not urgent, next(self._order), future))
        self._release()
        await future

    async def turn_to_connect(self) -> None:
        """Wait until the handshake of a stream may be sent: with an hourly quota it is one of its requests.

        It goes before polls: one of it saves many of them.
        """
        while self.budget.hourly is not None:
            try:
                await self.turn(urgent=True)
            except Paused as pause:
                await asyncio.sleep(pause.seconds)
            else:
                return

    def pause(self, seconds: float) -> None:
        """Send nothing for so long: the server asked for it, and it speaks for all jobs."""
        seconds = min(seconds, _LONGEST_PAUSE)
        self.budget.pause_until(asyncio.get_running_loop().time() + seconds)
        if seconds > _WORTH_TELLING:
            waiting, self._waiting = self._waiting, []
            for _urgency, _order, future in waiting:
                if not future.done():
                    future.set_exception(Paused(seconds))

    def _release(self) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            if self._waiting[0][2].done():  # given up while it waited
                heapq.heappop(self._waiting)
                continue
            now = loop.time()
            ready = self.budget.ready_at(now, urgent=not self._waiting[0][0])
            if ready > now:
                self._timer = loop.call_at(ready, self._release)
                return
            self.budget.take(now)
            heapq.heappop(self._waiting)[2].set_result(None)

"""The asyncio driver: performs what the watch machines ask for and feeds the results back.

One machine per job; one HTTP client and one poll budget for all jobs of an API. There is no task per job:
results call `JobDriver.feed` as they come, and timers are the loop's own.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from jobctl.model import Source
from jobctl.watching.events import Finish, Interrupted, Started, Update
from jobctl.watching.job_driver import JobDriver
from jobctl.watching.watched_api import WatchedApi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

    from jobctl.api import JobClient
    from jobctl.model import Observation
    from jobctl.watching.budget import BudgetGate
    from jobctl.watching.machine import WatchMachine
    from jobctl.watching.options import WatchOptions
    from jobctl.watching.pacing import PollBudget


_MOST_WAITING = 1000
"""Updates nobody has taken yet, before streams are held back."""


class Watch:
    """Watches jobs together. Iterate over it for the updates; it ends when every job has finished."""

    def __init__(self, client: JobClient, options: WatchOptions, gate: BudgetGate) -> None:
        self.options = options
        self.apis = [WatchedApi(client, gate)]
        self.drivers: dict[str, JobDriver] = {}
        self._machines: dict[str, WatchMachine] = {}
        self._updates: asyncio.Queue[Update | BaseException | None] = asyncio.Queue()
        self._room = asyncio.Event()
        self._room.set()
        self._running = 0
        self.expects_more = False
        """Jobs may still be added: it does not end before `no_more`. Not after `interrupt` or the end."""
        self._clock = asyncio.get_running_loop().time

    @property
    def machines(self) -> Mapping[str, WatchMachine]:
        """The machines by name, as of now: any thread may look at them while jobs are added."""
        return self._machines.copy()

    @property
    def requests(self) -> int:
        """Reads sent so far."""
        return sum(api.gate.budget.sent for api in self.apis)

    def now(self) -> float:
        """Return the monotonic seconds that the machines' times are of; any thread may ask."""
        return self._clock()

    def budget_of(self, name: str) -> PollBudget:
        """Return the poll budget that a job shares with the others of its API."""
        return self.drivers[name].api.gate.budget

    def add_api(self, client: JobClient) -> WatchedApi:
        """Let jobs of one more API be added."""
        self.apis.append(api := WatchedApi(client, client.gate))
        return api

    def add(
        self,
        job: str,
        known: Iterable[Observation] = (),
        *,
        just_submitted: bool = False,
        api: WatchedApi | None = None,
        name: str | None = None,
    ) -> None:
        """Begin to watch a job, of the first API unless told otherwise; a name already watched is left alone.

        `name` is what its updates are told by, where ids of several APIs may be the same; else its id.
        """
        name = job if name is None else name
        if name in self.drivers:
            return
        seen = tuple(known)
        created = any(one.source in {Source.SUBMIT, Source.STORE} for one in seen)  # it does exist
        driver = JobDriver(self, name, job, self.apis[0] if api is None else api, created=created)
        self.drivers[name], self._machines[name] = driver, driver.machine
        self._running += 1
        driver.feed(Started(seen, just_submitted))

    def expect_more(self) -> None:
        """Do not end before `no_more`, though every job added so far has finished."""
        self.expects_more = True

    def no_more(self) -> None:
        """All jobs have been added."""
        self.expects_more = False
        self._updates.put_nowait(None)

    def interrupt(self) -> None:
        """End every watch that still goes on; the jobs themselves go on."""
        self.no_more()
        for driver in self.drivers.values():
            driver.feed(Interrupted())

    def drop(self) -> None:
        """Stop asking, without any further update."""
        for api in self.apis:
            api.stop()
        for driver in self.drivers.values():
            driver.stop()

    def emit(self, update: Update | BaseException) -> None:
        """Hand an update (or a defect, to be raised there) to whoever iterates."""
        if isinstance(update, Update) and isinstance(update.item, Finish):
            self._running -= 1
        self._updates.put_nowait(update)
        if self._updates.qsize() >= _MOST_WAITING:
            self._room.clear()

    async def room(self) -> None:
        """Wait until whoever iterates has caught up: a stream may be faster than its reader."""
        await self._room.wait()

    async def __aiter__(self) -> AsyncIterator[Update]:
        try:
            while self._running or self.expects_more or not self._updates.empty():
                update = await self._updates.get()
                if self._updates.qsize() < _MOST_WAITING // 2:
                    self._room.set()
                if update is None:  # closed from elsewhere, or nothing more will be added
                    continue
                if isinstance(update, BaseException):
                    raise update
                yield update
        finally:
            await self.aclose()

    def pending(self) -> Iterator[Update]:
        """Yield what was decided and nobody has taken yet."""
        while not self._updates.empty():
            update = self._updates.get_nowait()
            if isinstance(update, Update):
                yield update

    async def aclose(self) -> None:
        """Stop everything that is under way and wait until it is; whoever iterates comes to an end."""
        self.drop()
        self._running, self.expects_more = 0, False
        self._updates.put_nowait(None)
        tasks = [task for driver in self.drivers.values() for task in driver.tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=1.0)

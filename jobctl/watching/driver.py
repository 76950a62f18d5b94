"""The asyncio driver: performs what the watch machines ask for and feeds the results back.

One machine per job; one HTTP client and one poll budget for all of them. There is no task per job: results
call `_JobDriver.feed` as they come, and timers are the loop's own.
"""

from __future__ import annotations

import asyncio
import functools
import random
from typing import TYPE_CHECKING, Any, NamedTuple

from jobctl.client.carrier import wall_clock
from jobctl.errors import ConfigError, JobctlError, UnheardOf
from jobctl.model import Observation, Source
from jobctl.watching.batches import BatchReads
from jobctl.watching.budget import Paused
from jobctl.watching.events import (
    CloseStream,
    Emit,
    Event,
    Finish,
    Interrupted,
    Notice,
    OpenStream,
    Read,
    ReadDone,
    ReadFailed,
    ReadSent,
    SleepUntil,
    Started,
    StreamClosed,
    StreamFrame,
    StreamOpened,
    Tick,
)
from jobctl.watching.failures import failure_of, is_queued, paused
from jobctl.watching.machine import WatchMachine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

    from jobctl.api import JobClient
    from jobctl.stream.session import JobStream
    from jobctl.watching.budget import BudgetGate
    from jobctl.watching.options import WatchOptions


MOST_STREAMS = 200
"""Streams of one watch, where many jobs can be read by one request."""
_MOST_WAITING = 1000
"""Updates nobody has taken yet, before streams are held back."""


class Update(NamedTuple):
    """One thing that happened to one watched job."""

    job: str
    item: Emit | Notice | Finish


class Watch:
    """Watches jobs together. Iterate over it for the updates; it ends when every job has finished."""

    def __init__(self, client: JobClient, options: WatchOptions, gate: BudgetGate) -> None:
        self.client, self.options, self.gate = client, options, gate
        self.drivers: dict[str, _JobDriver] = {}
        self._updates: asyncio.Queue[Update | BaseException | None] = asyncio.Queue()
        self._room = asyncio.Event()
        self._room.set()
        self._running = 0
        self._more_to_come = False
        self._clock = asyncio.get_running_loop().time
        profile = client.profile
        self.batches = (
            BatchReads(client, gate, profile.read_many_most) if profile.read_many is not None else None
        )

    @property
    def machines(self) -> Mapping[str, WatchMachine]:
        """The machines by job id, for a live view."""
        return {job: driver.machine for job, driver in self.drivers.items()}

    def may_stream(self) -> bool:
        """Tell whether one more job may have a stream: beyond some, polls that share requests cost less."""
        if self.client.profile.stream is None:
            return False
        return self.batches is None or len(self.drivers) < MOST_STREAMS

    def now(self) -> float:
        """Return the monotonic seconds that the machines' times are of; any thread may ask."""
        return self._clock()

    def add(self, job: str, known: Iterable[Observation] = (), *, just_submitted: bool = False) -> None:
        """Begin to watch a job; an id already watched is left alone."""
        if job in self.drivers:
            return
        seen = tuple(known)
        created = any(one.source in {Source.SUBMIT, Source.STORE} for one in seen)  # it does exist
        driver = self.drivers[job] = _JobDriver(self, job, created=created)
        self._running += 1
        driver.feed(Started(seen, just_submitted))

    def expect_more(self) -> None:
        """Do not end before `no_more`, though every job added so far has finished."""
        self._more_to_come = True

    def no_more(self) -> None:
        """All jobs have been added."""
        self._more_to_come = False
        self._updates.put_nowait(None)

    def interrupt(self) -> None:
        """End every watch that still goes on; the jobs themselves go on."""
        self.no_more()
        for driver in self.drivers.values():
            driver.feed(Interrupted())

    def drop(self) -> None:
        """Stop asking, without any further update."""
        if self.batches is not None:
            self.batches.stop()
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
            while self._running or self._more_to_come or not self._updates.empty():
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
        self._running, self._more_to_come = 0, False
        self._updates.put_nowait(None)
        tasks = [task for driver in self.drivers.values() for task in driver.tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=1.0)


class _JobDriver:
    """Performs one machine's instructions."""

    def __init__(self, watch: Watch, job: str, *, created: bool) -> None:
        self.watch, self.job, self._created = watch, job, created
        self.machine = WatchMachine(job, watch.options, has_stream=watch.may_stream())
        self.tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._session: asyncio.Task[None] | None = None
        self._stream: JobStream | None = None
        self._stopped = False

    def feed(self, event: Event) -> None:
        """Give the machine an event and do what it says."""
        if self._stopped:
            return
        for instruction in self.machine.handle(event, self._loop.time(), random.random()):  # noqa: S311 -- jitter
            self._perform(instruction)

    def stop(self) -> None:
        """Cancel whatever is under way."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        for task in self.tasks:
            _cancel(task)

    def _perform(self, instruction: Any) -> None:
        match instruction:
            case Read(source):
                self._spawn(self._read(source))
            case OpenStream(session):
                self._session = self._spawn(self._listen(session))
            case CloseStream():
                if self._session is not None:
                    _cancel(self._session)
            case SleepUntil(at):
                if self._timer is not None:
                    self._timer.cancel()
                self._timer = self._loop.call_at(at, self._tick)
            case Emit() | Notice():
                self.watch.emit(Update(self.job, instruction))
            case Finish():
                self.watch.emit(Update(self.job, instruction))
                self.stop()

    def _tick(self) -> None:
        self._timer = None
        try:
            self.feed(Tick())
        except Exception as error:  # noqa: BLE001 -- a defect must reach whoever iterates, not the loop's log
            self.watch.emit(error)

    def _spawn(self, coroutine: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = self._loop.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.watch.emit(error)

    async def _read(self, source: Source) -> None:
        batches = self.watch.batches if source is Source.POLL else None
        if batches is not None and await self._read_with_others(batches):
            return
        client, gate = self.watch.client, self.watch.gate
        turn = functools.partial(gate.turn, urgent=source is Source.VERIFY)
        try:
            await turn()
        except Paused as pause:
            self.feed(ReadFailed(source, paused(pause.seconds)))
            return
        basis = self.machine.revision if source is Source.VERIFY else None
        self.feed(ReadSent())
        try:
            observation = await client.carrier.run(client.calls.read(self.job, source, basis), turn)
        except (Paused, JobctlError) as error:
            self._failed(source, error)
        else:
            self.feed(ReadDone(observation))

    async def _read_with_others(self, batches: BatchReads) -> bool:
        """Let a list say it; False when this job has to be read alone."""
        try:
            observation = await batches.read(self.job, lambda: self.feed(ReadSent()))
        except (Paused, JobctlError) as error:
            self._failed(Source.POLL, error)
            return True
        if observation is not None:
            self.feed(ReadDone(observation))
        return observation is not None

    def _failed(self, source: Source, error: Paused | JobctlError) -> None:
        if isinstance(error, Paused):
            self.feed(ReadFailed(source, paused(error.seconds)))
            return
        if isinstance(error, UnheardOf) and is_queued(error, self.machine.job, created=self._created):
            self.feed(ReadDone(error.seen))
            return
        if isinstance(error, ConfigError) and self.machine.job is None:
            raise error  # the caller's side, known from the first request on: trying again changes nothing
        failure = failure_of(error)
        if failure.retry_after:
            self.watch.gate.pause(failure.retry_after)
        self.feed(ReadFailed(source, failure))

    async def _listen(self, session: int) -> None:
        from jobctl.stream.session import JobStream  # noqa: PLC0415 -- many jobs have ended already

        client = self.watch.client
        reader = client.calls.reader
        if self._stream is None:
            self._stream = JobStream(client, self.job)

        async def on_frame(payload: Any) -> None:
            seen = reader.observe(payload, Source.STREAM, self.job, wall_clock())
            self.feed(StreamFrame(session, seen))
            await self.watch.room()

        closed = await self._stream.listen(lambda: self.feed(StreamOpened(session)), on_frame)
        self.feed(StreamClosed(session, *closed))


def _cancel(task: asyncio.Task[None]) -> None:
    # Once only: a second cancel would interrupt the closing of a socket that the first one began.
    if not task.cancelling():
        task.cancel()

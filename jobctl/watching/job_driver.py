"""Performs what one watch machine asks for, and feeds the results back to it."""

from __future__ import annotations

import asyncio
import functools
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jobctl.client.carrier import wall_clock
from jobctl.errors import ConfigError, JobctlError, UnheardOf
from jobctl.model import Source
from jobctl.watching.budget import Paused
from jobctl.watching.events import (
    CloseStream,
    Emit,
    Event,
    Finish,
    Notice,
    OpenStream,
    Read,
    ReadDone,
    ReadFailed,
    ReadSent,
    ReadWaits,
    SleepUntil,
    StreamClosed,
    StreamFrame,
    StreamOpened,
    Tick,
    Update,
)
from jobctl.watching.failures import failure_of, is_queued, paused
from jobctl.watching.machine import WatchMachine

if TYPE_CHECKING:
    from jobctl.stream.session import JobStream
    from jobctl.watching.batches import BatchReads
    from jobctl.watching.driver import Watch
    from jobctl.watching.watched_api import WatchedApi


class JobDriver:
    """Performs one machine's instructions."""

    def __init__(self, watch: Watch, name: str, job: str, api: WatchedApi, *, created: bool) -> None:
        self.watch, self.name, self.job, self.api, self._created = watch, name, job, api, created
        api.jobs += 1
        options = watch.options
        if api.gate.budget.hourly is not None:
            options = replace(options, has_quota=True)
        self.machine = WatchMachine(job, options, has_stream=api.may_stream())
        self.tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._session: asyncio.Task[None] | None = None
        self._queued: asyncio.Task[None] | None = None
        """A read that waits for its turn: one that is more urgent takes its place."""
        self._stream: JobStream | None = None
        self._stopped = False

    def feed(self, event: Event) -> None:
        """Give the machine an event and do what it says."""
        if self._stopped:
            return
        if isinstance(event, ReadSent | ReadDone | ReadFailed):
            self._queued = None
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
                if self._queued is not None:
                    _cancel(self._queued)
                self._queued = self._spawn(self._read(source))
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
                self.watch.emit(Update(self.name, instruction))
            case Finish():
                self.watch.emit(Update(self.name, instruction))
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
        if (notice := self.api.held(urgent=source is Source.VERIFY)) is not None:
            self.watch.emit(Update(self.name, notice))
        batches = self.api.batches if source is Source.POLL else None
        if batches is not None:
            if await self._read_with_others(batches):
                return
            me = self._queued = asyncio.current_task()
            self.feed(ReadWaits())
            if self._queued is not me:  # another read has taken its place
                return
        client, gate = self.api.client, self.api.gate
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
            self.api.gate.pause(failure.retry_after)
        self.feed(ReadFailed(source, failure))

    async def _listen(self, session: int) -> None:
        from jobctl.stream.session import JobStream  # noqa: PLC0415 -- many jobs have ended already

        client = self.api.client
        reader = client.calls.reader
        if self._stream is None:
            self._stream = JobStream(client, self.job)

        async def on_frame(payload: Any) -> None:
            seen = reader.observe(payload, Source.STREAM, self.job, wall_clock())
            self.feed(StreamFrame(session, seen))
            await self.watch.room()

        await self.api.gate.turn_to_connect()
        closed = await self._stream.listen(lambda: self.feed(StreamOpened(session)), on_frame)
        self.feed(StreamClosed(session, *closed))


def _cancel(task: asyncio.Task[None]) -> None:
    # Once only: a second cancel would interrupt the closing of a socket that the first one began.
    if not task.cancelling():
        task.cancel()

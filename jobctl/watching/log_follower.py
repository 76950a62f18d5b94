"""Follows the log of a watched job: a tail where the profile has one, reads where not, and no line twice."""

from __future__ import annotations

import asyncio
import functools
import random
from typing import TYPE_CHECKING, Any, Final

from jobctl.client.log_text import LogText
from jobctl.errors import ApiError, JobctlError, TransportError
from jobctl.watching.budget import Paused
from jobctl.watching.pacing import backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jobctl.api import JobClient

_EVERY: Final = 2.0
"""Seconds between two reads of a log without a tail."""
_LONGEST_PAUSE: Final = 5.0
_LAST_READS: Final = 3
"""After the end: a read may fail, and what an engine collects may come a moment after the status."""
_IDLE_SESSIONS: Final = 5
"""Sessions of a tail in a row that brought nothing, then reads only."""
_TURN_WITHIN: Final = 60.0
"""Seconds that the rest of the log waits for its turn where a quota holds it back."""
_NOT_YET: Final = frozenset({404, 410})


class _Held(TransportError):  # noqa: N818 -- not a fault: no time was left to ask
    """Nobody was asked: the turn did not come."""


class LogFollower:
    """One job's log, line by line to `on_line`; `tell` is given what a person should know about it."""

    def __init__(
        self, client: JobClient, job: str, on_line: Callable[[str], None], tell: Callable[[str], None]
    ) -> None:
        """Raises `ConfigError` when the profile has no logs."""
        self._client, self._job = client, job
        self._on_line, self._tell = on_line, tell
        self._shape = client.profile.require_logs()
        self._text = LogText()
        self._ended = asyncio.Event()
        self._told: set[str] = set()
        self._restarts = 0
        self.problem: JobctlError | None = None
        """Why the end of the log could not be read."""

    def job_ended(self) -> None:
        """Nothing more will be written: read what is left and come to an end."""
        self._ended.set()

    async def run(self) -> None:
        """Follow until `job_ended`, then read the rest. Raises only what `on_line` raises."""
        tail, idle = self._client.profile.tail_url(self._job), 0
        while not self._ended.is_set():
            before = self._text.seen
            if tail is None or idle >= _IDLE_SESSIONS:
                await self._read()
                await self._pause(_EVERY)
                continue
            await self._session(tail)
            idle = 0 if self._text.seen > before else idle + 1
            await self._pause(backoff(idle, random.random(), cap=_LONGEST_PAUSE))  # noqa: S311 -- jitter
        await self._read_the_rest()

    async def _session(self, tail: str) -> None:
        """Hold one session of the tail, until it or the job ends."""
        listening = asyncio.ensure_future(self._listen(tail))
        try:
            await self._first(listening)
        finally:
            if not listening.done():
                listening.cancel()
            # A line that cannot be printed is raised here.
            await asyncio.gather(listening, return_exceptions=not listening.done())

    async def _listen(self, tail: str) -> None:
        from jobctl.stream import websocket  # noqa: PLC0415 -- 90 ms

        async def on_frame(piece: str) -> None:
            self._print(self._text.feed(piece))

        await self._client.gate.turn_to_connect()
        self._text.begin()
        await websocket.listen(
            tail,
            headers=self._client.stream_headers(tail),
            tls=self._client.tls_for(tail),
            on_open=lambda: None,
            on_frame=on_frame,
            manners=websocket.manners_of(self._shape.tail_shape, self._job),
            parse=websocket.text_reader(),
        )

    async def _read(self) -> JobctlError | None:
        """Read the whole log once; return why that did not work."""
        turn = functools.partial(self._client.gate.turn, urgent=self._ended.is_set())
        try:
            if (held := await self._held(turn)) is not None:
                return held
            text = await self._client.carrier.run(self._client.calls.logs(self._job), turn)
        except Paused:
            return ApiError("logs: the server asked to be left alone", status=429)
        except JobctlError as error:
            is_early = isinstance(error, ApiError) and error.status in _NOT_YET and not self._ended.is_set()
            if not is_early and error.message not in self._told:
                self._told.add(error.message)
                self._tell(error.message)
            return error
        self._print(self._text.whole(text))
        return None

    async def _held(self, turn: Callable[[], Awaitable[None]]) -> JobctlError | None:
        """Wait for a turn; in vain when the job ends, and then not for ever. Returns why it did not come."""
        waiting = asyncio.ensure_future(turn())
        try:
            if not self._ended.is_set():
                await self._first(waiting)
            else:
                await asyncio.wait({waiting}, timeout=_TURN_WITHIN)
            if waiting.done():
                waiting.result()
                return None
        finally:
            waiting.cancel()
        return _Held(
            "logs: the hourly quota leaves no read for them now", hint="read them later, with `jobctl logs`"
        )

    async def _first(self, task: asyncio.Future[Any]) -> None:
        """Wait until it is done, or the job ends."""
        ending = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({task, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()

    async def _read_the_rest(self) -> None:
        is_read, is_counted = False, self._client.gate.budget.hourly is not None
        for attempt in range(_LAST_READS):
            if attempt:
                await asyncio.sleep(backoff(attempt, 0.5))
            before = self._text.seen
            problem = await self._read()
            is_read = is_read or problem is None
            # Where a quota counts each read, none is spent on what is only likely.
            if isinstance(problem, _Held) or (is_read and (self._text.seen == before or is_counted)):
                break
        self.problem = None if is_read else problem
        self._print(self._text.rest())

    def _print(self, lines: list[str]) -> None:
        if self._text.restarts > self._restarts:
            self._restarts = self._text.restarts
            self._tell("the log began anew")
        for line in lines:
            self._on_line(line)

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than the job goes on."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return

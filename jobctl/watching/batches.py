"""Polls of many jobs as one request: what is due together is asked together, where the API has such a list.

A job that the answer does not hold is read alone: only that tells whether it is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from typing import TYPE_CHECKING, Final

from jobctl.errors import ApiError, JobctlError, ProtocolError
from jobctl.watching.budget import Paused

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobctl.api import JobClient
    from jobctl.model import Observation
    from jobctl.watching.budget import BudgetGate

    _Polls = dict[str, tuple[asyncio.Future[Observation | None], Callable[[], None]]]
    """What waits for an answer, by job, and what is called when its request leaves."""

_GATHERING: Final = 0.5
"""Seconds from one request to the next that is not full, at least: the longer, the more jobs go into each."""
_WORTH_IT: Final = 2
"""Fewer jobs than this are read one by one, as they always were."""


_IN_VAIN: Final = 3
"""Answers in a row that hold none of the jobs asked for, after which nothing is asked together any more."""


def _is_no_such_list(error: JobctlError | Paused) -> bool:
    """Tell whether the request itself is refused, which says nothing about the jobs."""
    if isinstance(error, ProtocolError):
        return error.kind == "not-json"
    return isinstance(error, ApiError) and error.status in {400, 404, 405, 410, 413, 414, 422, 431, 501}


class BatchReads:
    """Gathers polls for one client."""

    def __init__(self, client: JobClient, gate: BudgetGate, most: int) -> None:
        """`most` is how many jobs fit into one request."""
        self._client, self._gate, self._most = client, gate, most
        self._waiting: _Polls = {}
        self._is_full = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self._sent_at = float("-inf")
        self._empty = 0
        self._is_off = False
        """The API has no such list after all: every job is read alone."""

    async def read(self, job: str, sent: Callable[[], None]) -> Observation | None:
        """Return what a list says of a job; None when it does not hold it, or nobody else was due.

        `sent` is called when the request leaves.

        Raises:
            Paused, JobctlError: as one read does.
        """
        if self._is_off:
            return None
        future: asyncio.Future[Observation | None] = asyncio.get_running_loop().create_future()
        self._waiting[job] = future, sent
        if len(self._waiting) >= self._most:
            self._is_full.set()
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_on())
        return await future

    def stop(self) -> None:
        """Send nothing more."""
        if self._sender is not None:
            self._sender.cancel()

    async def _send_on(self) -> None:
        while self._waiting:
            if len(self._waiting) < self._most:  # a full one gains nothing by waiting
                self._is_full.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(self._sent_at + _GATHERING):
                        await self._is_full.wait()
            self._sent_at = asyncio.get_running_loop().time()
            for job in [job for job, (future, _) in self._waiting.items() if future.done()]:
                del self._waiting[job]  # given up while it waited
            if len(self._waiting) < _WORTH_IT:
                _settle(self._taken(), {})
                continue
            await self._send()

    def _taken(self, most: int | None = None) -> _Polls:
        """Take those that wait, the first `most` of them; what was given up meanwhile is dropped."""
        waiting = [(job, poll) for job, poll in self._waiting.items() if not poll[0].done()]
        self._waiting = dict(waiting[most:] if most is not None else ())
        return dict(waiting[:most])

    async def _send(self) -> None:
        turn = functools.partial(self._gate.turn, urgent=False)
        try:
            await turn()
        except Paused as pause:
            _fail(self._taken(), pause)
            return
        asked = self._taken(self._most)  # only now: who is due by then, and none that was given up
        if not asked:
            return
        try:
            for _future, sent in asked.values():
                sent()
            found = await self._client.carrier.run(self._client.calls.read_many(list(asked)), turn)
        except (JobctlError, Paused) as error:
            if _is_no_such_list(error):
                self._is_off = True
                _settle(asked | self._taken(), {})
            else:
                _fail(asked, error)
        except BaseException as error:
            _fail(asked, error if isinstance(error, Exception) else Paused(0.0))
            raise
        else:
            # A list that does not take ids holds whatever it likes.
            self._empty = 0 if found else self._empty + 1
            self._is_off = self._empty >= _IN_VAIN
            _settle(asked, found)


def _settle(polls: _Polls, found: dict[str, Observation]) -> None:
    for job, (future, _) in polls.items():
        if not future.done():
            future.set_result(found.get(job))


def _fail(polls: _Polls, error: Exception) -> None:
    for future, _ in polls.values():
        if not future.done():
            future.set_exception(error)

"""Polls of many jobs as one request: what is due together is asked together, where the API has such a list.

A job that the answer does not hold is read alone: only that tells whether it is gone.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from jobctl.errors import ApiError, JobctlError, ProtocolError
from jobctl.watching.budget import Paused

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobctl.api import JobClient
    from jobctl.model import Observation
    from jobctl.watching.budget import BudgetGate

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
        self._waiting: dict[str, tuple[asyncio.Future[Observation | None], Callable[[], None]]] = {}
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
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_on())
        return await future

    def stop(self) -> None:
        """Send nothing more."""
        if self._sender is not None:
            self._sender.cancel()

    async def _send_on(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            if len(self._waiting) < self._most:  # a full one gains nothing by waiting
                await asyncio.sleep(max(0.0, self._sent_at + _GATHERING - loop.time()))
            self._sent_at = loop.time()
            for job in [job for job, (future, _) in self._waiting.items() if future.done()]:
                del self._waiting[job]  # given up while it waited
            if len(self._waiting) < _WORTH_IT:
                self._settle(list(self._waiting), {})
                continue
            await self._send(list(self._waiting)[: self._most])

    async def _send(self, jobs: list[str]) -> None:
        try:
            await self._gate.turn(urgent=False)
            for job in jobs:
                self._waiting[job][1]()
            found = await self._client.carrier.run(self._client.calls.read_many(jobs))
        except (JobctlError, Paused) as error:
            if _is_no_such_list(error):
                self._is_off = True
                self._settle(list(self._waiting), {})
            else:
                self._fail(jobs, error)
        except BaseException as error:
            self._fail(jobs, error if isinstance(error, Exception) else Paused(0.0))
            raise
        else:
            # A list that does not take ids holds whatever it likes.
            self._empty = 0 if found else self._empty + 1
            self._is_off = self._empty >= _IN_VAIN
            self._settle(jobs, found)

    def _settle(self, jobs: list[str], found: dict[str, Observation]) -> None:
        for job in jobs:
            future, _ = self._waiting.pop(job)
            if not future.done():
                future.set_result(found.get(job))

    def _fail(self, jobs: list[str], error: Exception) -> None:
        for job in jobs:
            future, _ = self._waiting.pop(job)
            if not future.done():
                future.set_exception(error)

"""The logs of the jobs of one watch, beside it: each line before the end that it leads to."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from jobctl.cli.present import Presenter
from jobctl.errors import JobctlError, TransportError
from jobctl.watching.driver import Watch
from jobctl.watching.events import Ending, Finish, Level, Notice, Update
from jobctl.watching.log_follower import LogFollower

_AT_LEAST: Final = 5.0
"""Seconds for the rest of a log where the job ended as the caller's own time did."""


class JobLogs:
    """Follows the log of each watched job, from the first word about the job until its watch is over."""

    def __init__(self) -> None:
        self.problems: dict[str, JobctlError] = {}
        """Why the end of a job's log could not be read."""
        self._following: dict[str, tuple[LogFollower, asyncio.Task[None]]] = {}
        self._stopped = asyncio.Event()

    @contextmanager
    def beside(self, watch: Watch, presenter: Presenter) -> Iterator[None]:
        """Show what the logs say by the presenter of a watch. Needs a running loop."""
        self._watch, self._presenter, self._began = watch, presenter, watch.now()
        try:
            yield
        finally:
            for _follower, task in self._following.values():
                task.cancel()

    async def before(self, update: Update) -> None:
        """Begin with a job's log at the first update about it; bring it to its end before its end is told."""
        job = update.job
        if self._watch.drivers[job].api.client.profile.logs is None:  # of a feed, that may name any profile
            return
        if job not in self._following:
            self._following[job] = self._begin(job)
        if not isinstance(update.item, Finish):
            return
        follower, task = self._following[job]
        if update.item.ending is not Ending.TERMINAL:
            task.cancel()
            return
        follower.job_ended()
        if not await self._is_at_its_end(task):
            task.cancel()
            follower.problem = TransportError("logs: there was no time left to read them to the end")
        if follower.problem is not None:
            self.problems[job] = follower.problem
            self._tell(job, "the end of the log could not be read", Level.WARNING)

    def stop(self) -> None:
        """Wait for no log any more."""
        self._stopped.set()

    async def _is_at_its_end(self, task: asyncio.Task[None]) -> bool:
        """Wait for the rest of a log while there is time; tell whether it is out."""
        timeout, left = self._watch.options.timeout, None
        if timeout is not None:
            left = max(_AT_LEAST, self._began + timeout - self._watch.now())
        stopped = asyncio.ensure_future(self._stopped.wait())
        await asyncio.wait({task, stopped}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        return task.done()

    def _begin(self, job: str) -> tuple[LogFollower, asyncio.Task[None]]:
        write, tell = functools.partial(self._presenter.log, job), functools.partial(self._tell, job)
        driver = self._watch.drivers[job]
        follower = LogFollower(driver.api.client, driver.job, write, tell)
        task = asyncio.get_running_loop().create_task(follower.run())
        task.add_done_callback(self._done)
        return follower, task

    def _done(self, task: asyncio.Task[None]) -> None:
        # A line that cannot be written ends the watch as any other output does.
        if not task.cancelled() and (error := task.exception()) is not None:
            self._watch.emit(error)

    def _tell(self, job: str, text: str, level: Level = Level.INFO) -> None:
        self._presenter.notice(job, Notice(f"logs:{text}", text, level))

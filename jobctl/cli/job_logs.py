"""The logs of the jobs of one watch, beside it: each line before the end that it leads to."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator
from contextlib import contextmanager

from jobctl.cli.present import Presenter
from jobctl.errors import JobctlError
from jobctl.watching.driver import Watch
from jobctl.watching.events import Ending, Finish, Level, Notice, Update
from jobctl.watching.log_follower import LogFollower


class JobLogs:
    """Follows the log of each watched job, from the first word about the job until its watch is over."""

    def __init__(self) -> None:
        self.problems: dict[str, JobctlError] = {}
        """Why the end of a job's log could not be read."""
        self._following: dict[str, tuple[LogFollower, asyncio.Task[None]]] = {}

    @contextmanager
    def beside(self, watch: Watch, presenter: Presenter) -> Iterator[None]:
        """Show what the logs say by the presenter of a watch. Needs a running loop."""
        self._watch, self._presenter = watch, presenter
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
        await asyncio.wait({task})
        if follower.problem is not None:
            self.problems[job] = follower.problem
            self._tell(job, "the end of the log could not be read", Level.WARNING)

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

"""The logs of the jobs of one watch, beside it: each line before the end that it leads to."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from jobctl.api import JobClient
from jobctl.cli.present import Presenter
from jobctl.errors import JobctlError
from jobctl.watching.driver import Update, Watch
from jobctl.watching.events import Ending, Finish, Level, Notice
from jobctl.watching.log_follower import LogFollower


class JobLogs:
    """Follows the log of each job until that job's watch is over. Needs a running loop."""

    def __init__(
        self,
        client: JobClient,
        watch: Watch,
        presenter: Presenter,
        jobs: Iterable[str],
        problems: dict[str, JobctlError],
    ) -> None:
        """`problems` is given the jobs whose log could not be read to its end."""
        self._client, self._watch, self._presenter = client, watch, presenter
        self._jobs, self._problems = list(jobs), problems
        self._followers: dict[str, LogFollower] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def __enter__(self) -> Self:
        for job in self._jobs:
            write, tell = functools.partial(self._presenter.log, job), functools.partial(self._tell, job)
            follower = self._followers[job] = LogFollower(self._client, job, write, tell)
            self._tasks[job] = task = asyncio.get_running_loop().create_task(follower.run())
            task.add_done_callback(self._done)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            task.cancel()

    async def before(self, update: Update) -> None:
        """Bring a job's log to its end before its end is told."""
        if not isinstance(update.item, Finish) or update.job not in self._tasks:
            return
        task, follower = self._tasks.pop(update.job), self._followers[update.job]
        if update.item.ending is not Ending.TERMINAL:
            task.cancel()
            return
        follower.job_ended()
        await asyncio.wait({task})
        if follower.problem is not None:
            self._problems[update.job] = follower.problem
            self._tell(update.job, "the end of the log could not be read", Level.WARNING)

    def _done(self, task: asyncio.Task[None]) -> None:
        # A line that cannot be written ends the watch as any other output does.
        if not task.cancelled() and (error := task.exception()) is not None:
            self._watch.emit(error)

    def _tell(self, job: str, text: str, level: Level = Level.INFO) -> None:
        self._presenter.notice(job, Notice(f"logs:{text}", text, level))

"""The live view: one row per job, redrawn, with every second of silence visible."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from jobctl.cli.board import MANY, Board
from jobctl.cli.overview import counts
from jobctl.cli.present import PlainLines
from jobctl.exit_codes import ExitCode
from jobctl.model import Job, JobStatus
from jobctl.watching.events import Finish
from jobctl.watching.machine import WatchMachine
from jobctl.watching.pacing import PollBudget


class LiveLines(PlainLines):
    """Plain lines above, the board below them."""

    def __init__(
        self,
        machines: Callable[[], Mapping[str, WatchMachine]],
        budget_of: Callable[[str], PollBudget],
        is_fed: Callable[[], bool],
        *,
        verbose: bool = False,
        many: bool = False,
    ) -> None:
        super().__init__(verbose=verbose, many=many)
        self._machines = machines
        self._console = Console(highlight=False, soft_wrap=True)
        self._live = Live(
            Board(machines, budget_of, time.monotonic, is_fed),
            console=self._console,
            refresh_per_second=4,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def _is_worth_a_line(self, before: Job | None, after: Job) -> bool:
        """The bar shows progress; a line is for what stays, and where a board counts, for nothing of that."""
        return not self._is_crowd() and (
            before is None or (before.raw_status, before.attempt) != (after.raw_status, after.attempt)
        )

    def finish(self, job: str, finish: Finish) -> None:
        """Among many jobs only those are told that did not get there."""
        is_good = finish.job is not None and finish.job.status is JobStatus.COMPLETED and finish.confirmed
        if not (self._is_crowd() and is_good):
            super().finish(job, finish)

    def end(
        self, results: list[dict[str, Any]], code: ExitCode, problem: dict[str, Any] | None = None
    ) -> None:
        """The last count stays on the screen."""
        super().end(results, code, problem)
        if self._is_crowd():
            self.write(f"{len(self._machines()):,} jobs: {counts(self._machines())}", is_result=True)

    def _is_crowd(self) -> bool:
        return len(self._machines()) >= MANY

    def wait(self, machines: Mapping[str, WatchMachine]) -> None:
        """The board shows every second of it."""

    def write(self, text: str, *, is_result: bool) -> None:
        """Print above the board; what is no result is dimmed."""
        self._console.print(Text(text, style="" if is_result else "dim"), soft_wrap=True)

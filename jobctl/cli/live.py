"""The live view: one row per job, redrawn, with every second of silence visible."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from jobctl.cli.board import Board
from jobctl.cli.present import PlainLines
from jobctl.model import Job
from jobctl.watching.machine import WatchMachine
from jobctl.watching.pacing import PollBudget


class LiveLines(PlainLines):
    """Plain lines above, the board below them."""

    def __init__(
        self,
        machines: Callable[[], Mapping[str, WatchMachine]],
        budget: PollBudget,
        *,
        verbose: bool = False,
        many: bool = False,
    ) -> None:
        super().__init__(verbose=verbose, many=many)
        self._console = Console(highlight=False, soft_wrap=True)
        self._live = Live(
            Board(machines, budget, time.monotonic),
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
        """The bar shows progress; a line is for what stays."""
        return before is None or (before.raw_status, before.attempt) != (after.raw_status, after.attempt)

    def wait(self, machines: Mapping[str, WatchMachine]) -> None:
        """The board shows every second of it."""

    def write(self, text: str, *, is_result: bool) -> None:
        """Print above the board; what is no result is dimmed."""
        self._console.print(Text(text, style="" if is_result else "dim"), soft_wrap=True)

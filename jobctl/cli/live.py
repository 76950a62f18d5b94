"""The live view: one row per job, redrawn, with every second of silence visible."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from jobctl.cli.jobs import status_words
from jobctl.cli.present import PlainLines
from jobctl.durations import format_duration
from jobctl.model import Job, JobStatus
from jobctl.text import visible
from jobctl.watching.machine import WatchMachine
from jobctl.watching.pacing import PollBudget
from jobctl.watching.stream_state import Socket

_STYLES = {
    JobStatus.PENDING: "yellow",
    JobStatus.RUNNING: "cyan",
    JobStatus.COMPLETED: "bold green",
    JobStatus.FAILED: "bold red",
    JobStatus.CANCELLED: "magenta",
    JobStatus.UNKNOWN: "bold yellow",
}
_ROWS_LEFT_FREE = 7
_RATE_AFTER = 10.0
"""Seconds before the request rate says anything."""
_NAME_WIDTH = 28
_BAR_WIDTH = 20
_WIDE_ENOUGH_FOR_A_BAR = 90


class Board:
    """Draws the machines as they are at that moment."""

    def __init__(
        self,
        machines: Callable[[], Mapping[str, WatchMachine]],
        budget: PollBudget,
        clock: Callable[[], float],
    ) -> None:
        self._machines, self._budget, self._clock = machines, budget, clock
        self._began = clock()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        machines = self._machines()
        running = [item for item in machines.items() if item[1].finished is None]
        room = max(3, console.size.height - _ROWS_LEFT_FREE)
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        for _column in range(2):
            table.add_column(no_wrap=True, overflow="ellipsis", max_width=_NAME_WIDTH)
        if console.size.width >= _WIDE_ENOUGH_FOR_A_BAR:
            table.add_column(width=_BAR_WIDTH)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for job, machine in running[:room]:
            cells = self._row(job, machine)
            table.add_row(*(cells if len(table.columns) == len(cells) else (*cells[:2], cells[3])))
        yield table
        if running and self._clock() - self._began >= _RATE_AFTER:
            yield Text(f"about {self._budget.per_hour(self._clock()):,} requests an hour", style="dim")
        if len(running) > room:
            done = len(machines) - len(running)
            yield Text(f"… and {len(running) - room} more, {done} of {len(machines)} finished", style="dim")

    def _row(self, job: str, machine: WatchMachine) -> tuple[Text, Text, ProgressBar | Text, Text]:
        known = machine.job
        name = Text(visible(job, 40), style="bold")
        if known is None:
            return name, Text("…", style="dim"), Text(""), Text(self._silence(machine), style="dim")
        words = status_words(known) + ("" if known.verified else " (last known, unverified)")
        return (
            name,
            Text(words, style=_STYLES[known.status]),
            _bar(known),
            Text(self._silence(machine), style="dim"),
        )

    def _silence(self, machine: WatchMachine) -> str:
        """`62 % · as of 4s ago via poll · socket down, retry 3/5`."""
        now = self._clock()
        parts = []
        if machine.job is not None and machine.job.progress is not None:
            parts.append(f"{machine.job.progress:.3g} %")
        if machine.last_word_at is not None:
            source = machine.last_word_from.value if machine.last_word_from else "?"
            parts.append(f"as of {format_duration(max(0, int(now - machine.last_word_at)))} ago via {source}")
        else:
            parts.append("no word yet")
        parts.append(_socket(machine, now))
        if machine.reads.failures and machine.reads.last_failure is not None:
            parts.append(f"reads failing ×{machine.reads.failures}")
        if machine.claim is not None and machine.claim.status is not None:
            parts.append(f"{machine.claim.source.value} says {machine.claim.status.value}, checking")
        return " · ".join(part for part in parts if part)


def _socket(machine: WatchMachine, now: float) -> str:
    stream = machine.stream
    limit = machine.options.max_stream_sessions
    if stream.socket is Socket.OPEN:
        return "socket up" if stream.trusted else "socket up, unproven"
    if stream.socket is Socket.CONNECTING:
        return "socket connecting"
    if stream.socket is Socket.WAITING:
        wait = max(0.0, (stream.retry_at or now) - now)
        return f"socket down, retry {stream.fruitless}/{limit} in {format_duration(round(wait, 1))}"
    return "polling only" if stream.session else ""


def _bar(job: Job) -> ProgressBar | Text:
    if job.progress is None:
        return Text("")
    return ProgressBar(total=100.0, completed=job.progress, width=_BAR_WIDTH)


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

    def write(self, text: str, *, is_result: bool) -> None:
        """Print above the board; what is no result is dimmed."""
        self._console.print(Text(text, style="" if is_result else "dim"), soft_wrap=True)

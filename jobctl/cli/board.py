"""The rows of the live view: who, what, and how fresh that is, fitted to whatever width there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress_bar import ProgressBar
from rich.text import Text

from jobctl.cli.freshness import freshness
from jobctl.cli.jobs import status_words
from jobctl.cli.overview import counts, overview
from jobctl.durations import format_duration
from jobctl.model import JobStatus
from jobctl.text import visible
from jobctl.watching.machine import WatchMachine
from jobctl.watching.pacing import PollBudget

_STYLES = {
    JobStatus.PENDING: "yellow",
    JobStatus.RUNNING: "cyan",
    JobStatus.COMPLETED: "bold green",
    JobStatus.FAILED: "bold red",
    JobStatus.CANCELLED: "magenta",
    JobStatus.UNKNOWN: "bold yellow",
}
_ROWS_LEFT_FREE = 7
MANY = 30
"""Watched jobs from which on a board of counts says more than rows."""
_RATE_AFTER = 10.0
"""Seconds before the request rate says anything."""
_MARGIN = 3
"""Columns left free: a row that fills its line wraps with the `^C` of Ctrl-C, and leaves a ghost."""
_GAP = 2
_BAR_WIDTH = 20
_NAME_WIDTH, _SHORT_NAME = 28, 14
_LEAST_NAME = 4
_STATUS_WIDTH, _SHORT_STATUS = 28, 10
_WORDS_WIDTH = 66
"""What the usual words need: a bar that came and went with each second would be worse than none."""


class _Columns(NamedTuple):
    """How one screenful is laid out."""

    name: int
    status: int
    bar: bool
    words: int


class _Row(NamedTuple):
    name: str
    status: str
    short_status: str
    style: str
    progress: float | None
    words: list[str]


class Board:
    """Draws the machines as they are at that moment."""

    def __init__(
        self,
        machines: Callable[[], Mapping[str, WatchMachine]],
        budget_of: Callable[[str], PollBudget],
        clock: Callable[[], float],
        is_fed: Callable[[], bool] = lambda: False,
    ) -> None:
        """`is_fed` tells whether more jobs may be added."""
        self._machines, self._budget_of, self._clock, self._is_fed = machines, budget_of, clock, is_fed
        self._began = clock()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        spell = Spelling(console.encoding)
        machines = self._machines()
        running = [item for item in machines.items() if item[1].finished is None]
        room, width = max(3, console.size.height - _ROWS_LEFT_FREE), options.max_width - _MARGIN
        is_crowd = len(running) > room and len(machines) >= MANY
        if is_crowd:
            for line in overview(machines, self._clock()):
                text = spell(line.text)
                yield Text(spell.cut(text, min(cell_len(text), width)), style=line.style)
        else:
            rows = [self._row(job, machine, spell) for job, machine in running[:room]]
            columns = _fitted(rows, width)
            for row in rows:
                yield from _drawn(row, columns, spell)
        if self._is_fed() and not running:
            so_far = f"{len(machines):,} jobs: {counts(machines)}" if machines else "no jobs yet"
            text = f"{so_far}; waiting for {'more ' if machines else ''}ids"
            yield Text(spell.cut(text, min(cell_len(text), width)), style="dim")
        budgets = list(dict.fromkeys(map(self._budget_of, machines)))
        for text in self._below(budgets, len(machines), len(running), len(running) if is_crowd else room):
            yield Text(set_cell_size(text, min(cell_len(text), width)), style="dim")

    def _below(self, budgets: list[PollBudget], jobs: int, running: int, room: int) -> Iterator[str]:
        now = self._clock()
        if running and now - self._began >= _RATE_AFTER:
            yield traffic(budgets, now)
        if running > room:
            yield f"and {running - room} more, {jobs - running} of {jobs} finished"

    def _row(self, job: str, machine: WatchMachine, spell: Spelling) -> _Row:
        known, now = machine.job, self._clock()
        paused = self._budget_of(job).paused_for(now)
        words = [spell.joined(one) for one in freshness(machine, now, began=self._began, paused=paused)]
        name = spell(visible(job, 40))
        if known is None:
            return _Row(name, "-", "-", "dim", None, words)
        doubt = "" if known.verified else " (last known, unverified)"
        status, style = spell(status_words(known) + doubt), _STYLES[known.status]
        return _Row(name, status, known.status.value + doubt[:2], style, known.progress, words)


def traffic(budgets: list[PollBudget], now: float) -> str:
    """`about 700 requests an hour, 20 a second at most`, or `55 of 60 requests an hour, the next in 42s`."""
    to = f" to {len(budgets)} APIs" if len(budgets) > 1 else ""
    limits = {budget.hourly.limit for budget in budgets if budget.hourly is not None}
    if not limits:
        rates = {budget.rate for budget in budgets}
        most = f", {rates.pop():g} a second at most" if len(rates) == 1 else ""
        return f"about {sum(budget.per_hour(now) for budget in budgets):,} requests an hour{to}{most}"
    sent, limit = sum(budget.in_last_hour(now) for budget in budgets), max(limits)
    if to:
        return f"{sent:,} requests in the last hour{to}, at most {limit:,} to each"
    held = round(budgets[0].held_for(now))
    after = f", the next in {format_duration(held)}" if held else ""
    return f"{sent:,} of {limit:,} requests an hour{after}"


class Spelling:
    """Text in the characters that the terminal's encoding carries: an escape is wider than what it spells."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self.ellipsis = "…" if self._carries("…") else "."
        self._separator = " · " if self._carries("·") else " | "
        self._times = "×" if self._carries("×") else "x"

    def __call__(self, text: str) -> str:
        """Spell what cannot be carried as an escape."""
        return text.encode(self._encoding, "backslashreplace").decode(self._encoding)

    def joined(self, parts: list[str]) -> str:
        """Join parts to one text."""
        return self(self._separator.join(parts).replace("×", self._times))

    def cut(self, text: str, width: int) -> str:
        """Return the text in exactly so many columns."""
        if cell_len(text) > width:
            text = set_cell_size(text, max(0, width - 1)) + self.ellipsis
        return set_cell_size(text, width)

    def _carries(self, character: str) -> bool:
        try:
            character.encode(self._encoding)
        except (UnicodeError, LookupError):
            return False
        return True


def _fitted(rows: list[_Row], width: int) -> _Columns:
    """The bar goes first, then the width of names and statuses; the words about freshness come last."""
    names = max((cell_len(row.name) for row in rows), default=0)
    statuses = max((cell_len(row.status) for row in rows), default=0)
    shorts = max((len(row.short_status) for row in rows), default=0)
    name, status = min(names, _NAME_WIDTH), min(statuses, _STATUS_WIDTH)
    words = width - name - status - 2 * _GAP
    if words >= _WORDS_WIDTH + _BAR_WIDTH + _GAP:
        return _Columns(name, status, True, words - _BAR_WIDTH - _GAP)
    if words < _WORDS_WIDTH:
        status = max(1, min(shorts, _SHORT_STATUS, width - _GAP - _LEAST_NAME))
        name = max(1, min(names, _SHORT_NAME, width - _GAP - status))
        words = width - name - status - 2 * _GAP
    return _Columns(name, status, False, max(0, words))


def _drawn(row: _Row, columns: _Columns, spell: Spelling) -> RenderResult:
    gap = " " * _GAP
    fits = cell_len(row.status) <= columns.status
    words = next((text for text in row.words if cell_len(text) <= columns.words), row.words[-1])
    words = spell.cut(words, min(cell_len(words), columns.words))
    status = spell.cut(row.status if fits else row.short_status, columns.status)
    yield Text(spell.cut(row.name, columns.name) + gap, style="bold", end="")
    yield Text(status + (gap if columns.words else ""), style=row.style, end="")
    if columns.bar and row.progress is not None:
        yield ProgressBar(total=100.0, completed=row.progress, width=_BAR_WIDTH)
        yield Text(gap, end="")
    elif columns.bar:
        yield Text(" " * (_BAR_WIDTH + _GAP), end="")
    yield Text(words, style="dim", no_wrap=True)

"""More jobs than a screen has rows: how many are where, and the few that need a look."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from jobctl.durations import format_duration
from jobctl.model import JobStatus
from jobctl.text import visible
from jobctl.watching.machine import WatchMachine

_NAMED: Final = 3
"""Jobs named of each kind."""
_STALE_AFTER: Final = 30.0
"""Seconds without a word after which a job is worth naming; polls come every few."""
_NAME: Final = 28


class Line(NamedTuple):
    """One line of the overview, and how it is drawn."""

    text: str
    style: str = ""


def overview(machines: Mapping[str, WatchMachine], now: float) -> Iterator[Line]:
    """Yield the lines: counts by state, then the slowest, stale and failing of those still watched."""
    running = [(job, machine) for job, machine in machines.items() if machine.finished is None]
    yield Line(f"{len(machines):,} jobs: {counts(machines)}", "bold")
    slowest = heapq.nsmallest(_NAMED, running, key=lambda one: _done(one[1]))
    yield from _named("slowest", slowest, _progress)
    stale = [one for one in running if _age(one[1], now) >= _STALE_AFTER]
    worst = heapq.nlargest(_NAMED, stale, key=lambda one: _age(one[1], now))
    yield from _named("stale", worst, lambda machine: _since(machine, now), of=len(stale), style="yellow")
    failing = [one for one in running if one[1].reads.failures]
    worst = heapq.nlargest(_NAMED, failing, key=lambda one: one[1].reads.failures)
    yield from _named("failing", worst, _failures, of=len(failing), style="red")


def counts(machines: Mapping[str, WatchMachine]) -> str:
    """`8,300 running, 1,400 completed, 300 without a word`: states that some job is in."""
    by_status = dict.fromkeys(JobStatus, 0)
    silent = 0
    for machine in machines.values():
        if machine.job is None:
            silent += 1
        else:
            by_status[machine.job.status] += 1
    parts = [f"{count:,} {status.value}" for status, count in by_status.items() if count]
    return ", ".join([*parts, *([f"{silent:,} without a word"] if silent else [])])


def _named(
    title: str,
    jobs: list[tuple[str, WatchMachine]],
    words: Callable[[WatchMachine], str],
    *,
    of: int | None = None,
    style: str = "dim",
) -> Iterator[Line]:
    if not jobs:
        return
    named = ", ".join(f"{visible(job, _NAME)} {words(machine)}" for job, machine in jobs)
    more = f" and {of - len(jobs):,} more" if of is not None and of > len(jobs) else ""
    yield Line(f"{title:<8} {named}{more}", style)


def _done(machine: WatchMachine) -> tuple[int, float]:
    job = machine.job
    return (-1, 0.0) if job is None else (job.status.rank, job.progress or 0.0)


def _progress(machine: WatchMachine) -> str:
    job = machine.job
    if job is None:
        return "no word yet"
    progress = "" if job.progress is None else f" {job.progress:.3g} %"
    return f"{job.status.value}{progress}"


def _age(machine: WatchMachine, now: float) -> float:
    return 0.0 if machine.last_word_at is None else now - machine.last_word_at


def _since(machine: WatchMachine, now: float) -> str:
    return f"as of {format_duration(int(_age(machine, now)))} ago"


def _failures(machine: WatchMachine) -> str:
    failure = machine.reads.last_failure
    return f"×{machine.reads.failures} {failure.kind.value if failure is not None else ''}".rstrip()

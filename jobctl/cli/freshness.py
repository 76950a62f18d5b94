"""How old what is shown is, who said it, and what we are waiting for; each in three wordings."""

from __future__ import annotations

from collections.abc import Iterator

from jobctl.durations import format_duration
from jobctl.watching.machine import WatchMachine
from jobctl.watching.stream_state import Socket

_WORTH_TELLING = 1.0
"""Seconds of a pause that are news."""
_Part = tuple[str, str, str]
"""Long, usual, short."""


def freshness(machine: WatchMachine, now: float, *, began: float, paused: float) -> list[list[str]]:
    """`62 %`, `as of 4s ago via poll`, `socket down, retry 3/5`: the longest wording first.

    Monotonic seconds; `paused` is how long the server asked all jobs to wait.
    """
    parts = [part for part in _parts(machine, now, began, paused) if part[0]]
    return [list(wording) for wording in zip(*parts, strict=True)] or [[]]


def _parts(machine: WatchMachine, now: float, began: float, paused: float) -> Iterator[_Part]:
    job, reads = machine.job, machine.reads
    if job is not None and job.progress is not None:
        yield (f"{job.progress:.3g} %",) * 3
    if reads.last_failure is not None and reads.last_failure.retry_after:
        paused = max(paused, reads.next_poll_at - now)
    is_paused = paused > _WORTH_TELLING
    if machine.last_word_at is not None:
        source = machine.last_word_from.value if machine.last_word_from else "?"
        age = format_duration(max(0, int(now - machine.last_word_at)))
        usual = f"as of {age} ago via {source}"
        yield usual, usual, f"{age} ago, {source}"
    elif not is_paused:
        yield (f"no word yet, {format_duration(int(now - began))}",) * 3
    if is_paused:
        left = format_duration(round(paused))
        usual = f"waiting {left}: the server asked for it"
        yield usual, usual, f"waiting {left} as asked"
    if not (is_paused and machine.stream.socket is Socket.GIVEN_UP):
        yield _socket(machine, now)
    if reads.failures and reads.last_failure is not None and not is_paused:
        usual = f"reads failing ×{reads.failures}"
        yield usual, usual, f"failing ×{reads.failures}"
    if machine.claim is not None and machine.claim.status is not None:
        who, says = machine.claim.source.value, machine.claim.status.value
        usual = f"{who} says {says}, checking"
        yield usual, usual, f"{who}: {says}?"


def _socket(machine: WatchMachine, now: float) -> _Part:
    stream = machine.stream
    limit = machine.options.max_stream_sessions
    match stream.socket:
        case Socket.OPEN:
            usual = "socket up" if stream.trusted else "socket up, unproven"
            return usual, usual, "socket up"
        case Socket.CONNECTING:
            return "socket connecting", "socket connecting", "connecting"
        case Socket.WAITING:
            wait = format_duration(round(max(0.0, (stream.retry_at or now) - now), 1))
            if not stream.fruitless:
                return f"socket down, again in {wait}", "socket down", "socket down"
            tried = f"{stream.fruitless}/{limit}"
            usual = f"socket down, retry {tried}"
            return f"{usual} in {wait}", usual, f"socket down {tried}"
    return ("polling only" if stream.session else "",) * 3

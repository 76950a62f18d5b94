"""Times, entries and sources as the sentences of an explanation spell them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobctl.model import Source
from jobctl.story import format_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobctl.explain.events import Stream
    from jobctl.explain.explanation import Moment, Shown
    from jobctl.explain.facts import Some

_SHORT: Final = 120.0
_DAY: Final = 86400
_UNITS: Final = {
    "har": ("recording", "entry", "entries"),
    "flows": ("recording", "entry", "entries"),
    "log": ("log", "line", "lines"),
    "store": ("memory", "decision", "decisions"),
}
_SAYERS: Final = {
    Source.SUBMIT: "the answer to the submit",
    Source.POLL: "a read",
    Source.VERIFY: "an uncached read",
    Source.STREAM: "the WebSocket",
    Source.CANCEL: "the answer to the cancel",
    Source.STORE: "jobctl's own memory",
    Source.CAPTURE: "a capture",
}


class Wording:
    """Spells what one record holds. Times are UTC, with as much of date and second as it takes."""

    def __init__(self, kind: str, first_at: float, last_at: float) -> None:
        """`kind` is that of the record (`har`, `flows`, `log`, `store`); the times bound it."""
        self.record, self._one, self._many = _UNITS[kind]
        self._shows_day = first_at // _DAY != last_at // _DAY
        self._shows_ms = last_at - first_at < _SHORT

    def time(self, at: float) -> str:
        """`22:13:10`, with milliseconds in a short record and the date in one of several days."""
        text = format_time(at)
        clock = text[11:23] if self._shows_ms else text[11:19]
        return f"{text[:10]} {clock}" if self._shows_day else clock

    def entry(self, number: int) -> str:
        """`entry 14`."""
        return f"{self._one} {number}"

    def entries(self, some: Some[int]) -> str:
        """`entries 14, 17, 20 and 3 more`."""
        return self.listed(some.first, some.count)

    def listed(self, numbers: Sequence[int], count: int) -> str:
        """The same of numbers that stand for `count`."""
        if count == 1:
            return self.entry(numbers[0])
        more = f" and {count - len(numbers)} more" if count > len(numbers) else ""
        return f"{self._many} {', '.join(map(str, numbers))}{more}"

    def where(self, moment: Moment) -> str:
        """`22:13:10 (entry 9)`."""
        return f"{self.time(moment.at)} ({self.entry(moment.entry)})"


def stream_name(stream: Stream | None, words: Wording) -> str:
    """`Frame 12 of the WebSocket opened at 22:13:25`."""
    if stream is None:
        return "A message of the WebSocket"
    return f"Frame {stream.frame} of the WebSocket opened at {words.time(stream.opened)}"


def sayer(source: Source) -> str:
    """`a read`, `the WebSocket`: who said it."""
    return _SAYERS[source]


def shown_words(shown: Shown) -> str:
    """`running 62 %`."""
    if shown.progress is None or shown.status.terminal:
        return shown.status.value
    return f"{shown.status.value} {shown.progress:.3g} %"


def count_of(number: int, one: str, many: str) -> str:
    """`1 read`, `3 reads`."""
    return f"{number:,} {one if number == 1 else many}"

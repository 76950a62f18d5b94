"""An explanation as compact JSON for the page: columns instead of objects, repeated strings once. Pure.

The JSON comes in pieces, a block of moments at a time, and is safe inside a `<script>` element.
"""

from __future__ import annotations

import json
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from jobctl.model import JobStatus, Source
from jobctl.reasons import REASONS, Action
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobctl.explain.explanation import Explanation, Moment, Shown

Key = TypeVar("Key")
BLOCK: Final = 2048
"""Moments in one piece."""
_LONGEST_TEXT: Final = 400
_LONGEST_PAYLOAD: Final = 4000
_SHORTEST_PAYLOAD: Final = 300
_ALL_PAYLOADS: Final = 20_000_000
"""Characters of payload that a browser still opens at once."""
_FARTHEST: Final = 8_600_000_000
"""Seconds since the epoch whose microseconds a browser can still count (the year 2242)."""
_SOURCES: Final = {source: number for number, source in enumerate(Source)}
_ACTIONS: Final = {action: number for number, action in enumerate(Action)}
_REASONS: Final = {code: number for number, code in enumerate(REASONS)}
_STATUSES: Final = {status: number for number, status in enumerate(JobStatus)}


def words() -> str:
    """Return, as JSON, what the numbers in the columns stand for."""
    return _json(
        {
            "sources": [*_SOURCES],
            "actions": [*_ACTIONS],
            "reasons": [[reason.value, reason.sentence] for reason in REASONS.values()],
            "statuses": [[status, status.rank] for status in _STATUSES],
        }
    )


def columns(explanation: Explanation) -> Iterator[str]:
    """Yield the JSON of one explanation, piece by piece.

    Times are whole microseconds since the epoch; `at` and `entry` are written as differences to the moment
    before. Strings and what is shown are numbered from 1, in the order in which blocks bring them; 0 is none.
    """
    head = {
        "job": visible(explanation.job, _LONGEST_TEXT),
        "decisions": explanation.decisions,
        "cited": explanation.claims[0].entries if explanation.claims else (),
        "flips": [[_microseconds(flip.at), flip.entry, _text(flip.text)] for flip in explanation.flips],
    }
    yield _json(head)[:-1] + ',"blocks":['
    writer = _BlockWriter(len(explanation.moments))
    moments = iter(explanation.moments)
    comma = ""
    while block := list(islice(moments, BLOCK)):
        yield comma + _json(writer.block(block))
        comma = ","
    yield "]}"


class _Numbers(Generic[Key]):
    """Numbers different things from 1; None is 0."""

    def __init__(self) -> None:
        self._numbers: dict[Key | None, int] = {None: 0}
        self._new: list[Key] = []

    def of(self, thing: Key | None) -> int:
        number = self._numbers.get(thing)
        if number is None and thing is not None:
            number = self._numbers[thing] = len(self._numbers)
            self._new.append(thing)
        return number or 0

    def take_new(self) -> list[Key]:
        new, self._new = self._new, []
        return new


class _BlockWriter:
    def __init__(self, count: int) -> None:
        self._room = max(_SHORTEST_PAYLOAD, min(_LONGEST_PAYLOAD, _ALL_PAYLOADS // max(1, count)))
        self._texts: _Numbers[str] = _Numbers()
        self._payloads: _Numbers[str] = _Numbers()
        self._shown: _Numbers[Shown] = _Numbers()
        self._at = self._entry = 0

    def block(self, moments: Sequence[Moment]) -> dict[str, Any]:
        text, payload, shown = self._texts.of, self._payloads.of, self._shown.of
        received = [_microseconds(one.at) for one in moments]
        entries = [one.entry for one in moments]
        written = {
            "entry": _differences(self._entry, entries),
            "at": _differences(self._at, received),
            "waited": [at - _microseconds(one.sent) for at, one in zip(received, moments, strict=True)],
            "source": [_SOURCES[one.source] for one in moments],
            "action": [_ACTIONS[one.action] for one in moments],
            "reason": [_REASONS[one.reason] for one in moments],
            "said": [text(one.said) for one in moments],
            "progress": [_number(one.progress) for one in moments],
            "updated": [text(one.updated_at) for one in moments],
            "cached": [text(one.cached_by) for one in moments],
            "payload": [payload(self._payload(one)) for one in moments],
            "connection": [one.connection for one in moments],
            "frame": [one.frame for one in moments],
            "truth": [shown(one.true) for one in moments],
            "naive": [shown(one.naive) for one in moments],
        }
        self._entry, self._at = entries[-1], received[-1]
        return written | {
            "texts": [_text(one) for one in self._texts.take_new()],
            "payloads": self._payloads.take_new(),
            "shown": [[_STATUSES[one.status], _number(one.progress)] for one in self._shown.take_new()],
        }

    def _payload(self, moment: Moment) -> str | None:
        # Where the two lines differ is the evidence; of the others a long job shows the beginning only.
        is_evidence = moment.true != moment.naive
        return visible(moment.payload, _LONGEST_PAYLOAD if is_evidence else self._room) or None


def _differences(before: int, numbers: Sequence[int]) -> list[int]:
    return [number - last for last, number in zip((before, *numbers), numbers, strict=False)]


def _microseconds(seconds: float) -> int:
    if not isfinite(seconds):
        return 0
    return round(max(-_FARTHEST, min(_FARTHEST, seconds)) * 1_000_000)


def _number(value: float | None) -> float | None:
    if value is None or not isfinite(value):
        return None
    return int(value) if value == int(value) and abs(value) < _FARTHEST else round(value, 3)


def _text(value: str) -> str:
    return visible(value, _LONGEST_TEXT)


def _json(value: Any) -> str:
    # Pure ASCII: no line separator and no lone surrogate is left; without `<` no element can end or begin.
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")

"""Server times with the precision they were written in.

Two times are compared at the coarser of their precisions: a socket's `…10.609Z` is not older than the API's
`…10.609405`. Nothing here reads a clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

_new: Final = tuple.__new__
"""Makes a named tuple at half the cost of calling its class; every message needs a handful of them."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BEYOND: Final = 10**20
_NS: Final = 10**9
_NAIVE_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 -- naive server times mean UTC
_UNIT_OF_LENGTH: Final = {19: _NS} | {20 + digits: 10 ** (9 - digits) for digits in range(1, 7)}
_NUMERIC: Final = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_FRACTION: Final = re.compile(r"[.,](\d+)", re.ASCII)
_ISO: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,12})?)?\s?([Zz]|[+-]\d{2}(:?\d{2})?)?)?",
    re.ASCII,
)
# Beyond these the unit of a bare number can no longer be told from its size (year 1 to year 9999).
_UNITS_BY_SIZE: Final = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3), (10**20, 1))


class Timestamp(NamedTuple):
    """Nanoseconds since the epoch, the `unit` (ns) it was written in, and the server's own spelling."""

    ns: int
    unit: int
    text: str

    def compare(self, other: Timestamp) -> int:
        """Return -1, 0 or 1 for older, same time or newer, at the coarser precision."""
        unit = self.unit
        if unit == other.unit:
            mine, theirs = self.ns, other.ns
        else:
            unit = max(unit, other.unit)
            mine, theirs = self.ns // unit, other.ns // unit
        return 0 if mine == theirs else 1 if mine > theirs else -1

    def finer_of(self, other: Timestamp) -> Timestamp:
        """Return the more precise of two equal times, so that a coarse copy never lowers the floor."""
        if self.unit == other.unit:
            return self if self.ns >= other.ns else other
        return self if self.unit < other.unit else other


def parse_timestamp(value: Any) -> Timestamp | None:
    """Parse ISO 8601 (`T` or space, with or without zone; naive is UTC) or epoch s, ms, µs, ns.

    Anything else, NaN and booleans included, is None: a job without a readable time is unversioned.
    """
    if value.__class__ is str:
        # What nearly every server sends, `YYYY-MM-DDThh:mm:ss[.ffffff][Z]`, needs no regular expression.
        bare = value.removesuffix("Z")
        unit = _UNIT_OF_LENGTH.get(len(bare))
        if unit is not None and bare[10] in "T ":  # the basic format has the same lengths and other digits
            try:
                delta = datetime.fromisoformat(bare) - _NAIVE_EPOCH
            except (ValueError, TypeError):
                return _parse_text(value)
            ns = (delta.days * 86400 + delta.seconds) * _NS + delta.microseconds * 1000
            return _new(Timestamp, (ns, unit, value))
        return _parse_text(value)
    if value is True or value is False or not isinstance(value, int | float):
        return None
    return _from_number(value, str(value) if 0 < value < _BEYOND else "")


def _parse_text(text: str) -> Timestamp | None:
    stripped = text.strip()
    if len(stripped) > 64:
        return None
    if _NUMERIC.fullmatch(stripped):
        return _from_number(float(stripped) if "." in stripped else int(stripped), text)
    if not _ISO.fullmatch(stripped):
        return None
    fraction = _FRACTION.search(stripped)
    whole = _FRACTION.sub("", stripped, count=1) if fraction else stripped
    try:
        moment = datetime.fromisoformat(whole.upper().replace(" ", "T", 1).replace(" ", ""))
    except ValueError:
        return None
    seconds = _seconds(moment)
    if seconds is None:
        return None
    digits = fraction.group(1)[:9] if fraction else ""
    ns = seconds * _NS + int(digits.ljust(9, "0") if digits else 0)
    return Timestamp(ns, _unit(stripped, digits), text)


def _seconds(moment: datetime) -> int | None:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        delta = moment - _EPOCH
    except OverflowError:
        return None
    return delta.days * 86400 + delta.seconds


def _unit(text: str, digits: str) -> int:
    if digits:
        return int(10 ** (9 - len(digits)))
    if len(text) == len("2025-10-09"):
        return 86400 * _NS
    return _NS if text[16:17] == ":" else 60 * _NS


def _from_number(value: float, text: str) -> Timestamp | None:
    if not 0 < value < _BEYOND:  # NaN fails it too, and 0 is how "never" is spelled
        return None
    for limit, unit in _UNITS_BY_SIZE:
        if value < limit:
            if isinstance(value, int):
                return Timestamp(value * unit, unit, text)
            # A double of today's epoch seconds resolves about 0.2 µs, so whole µs are all it says; its repr
            # drops trailing zeros, so the digits shown say nothing about the precision meant.
            return Timestamp(round(value * (unit / 1000)) * 1000, 1000, text)
    return None

"""Values of fault parameters: their units, how they are read and how they are written back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

Value = float | str

_NUMBER: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z%/]*)", re.IGNORECASE)


class Unit(StrEnum):
    """What a fault's value counts."""

    PERCENT = "%"
    SECONDS = "s"
    PER_SECOND = "/s"
    BYTES = "bytes"
    COUNT = "count"
    STATUS = "status"
    CODE = "code"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class _Scale:
    suffixes: dict[str, float]
    ranges: tuple[tuple[float, float], ...]
    expected: str
    whole: bool = False


_SCALES: Final = {
    Unit.PERCENT: _Scale({"": 1, "%": 1}, ((0, 100),), "a percentage from 0% to 100%"),
    Unit.SECONDS: _Scale(
        {"": 1, "s": 1, "ms": 0.001, "m": 60, "h": 3600}, ((0, 86400),), "a duration such as 2s or 500ms"
    ),
    Unit.PER_SECOND: _Scale({"": 1, "/s": 1}, ((0.1, 1000),), "a rate from 0.1/s to 1000/s"),
    Unit.BYTES: _Scale(
        {"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9},
        ((1, 1e9),),
        "a size up to 1GB, such as 10MB",
        whole=True,
    ),
    Unit.COUNT: _Scale({"": 1}, ((1, 1_000_000),), "a whole number from 1 to 1000000", whole=True),
    Unit.STATUS: _Scale({"": 1}, ((200, 599),), "an HTTP status from 200 to 599", whole=True),
    # RFC 6455 section 7.4: the codes an endpoint may put in a close frame.
    Unit.CODE: _Scale(
        {"": 1},
        ((1000, 1003), (1007, 1014), (3000, 4999)),
        "a WebSocket close code such as 1000 or 4001",
        whole=True,
    ),
}


def expectation(unit: Unit) -> str:
    """Say in a few words what a value of this unit looks like."""
    return _SCALES[unit].expected if unit in _SCALES else "printable text without spaces"


def parse_value(text: str, unit: Unit) -> Value:
    """Read a value of the given unit; durations in seconds, sizes in bytes.

    Raises:
        ValueError: naming what was expected.
    """
    text = text.strip()
    if unit is Unit.TEXT:
        if not text.isprintable() or not text or " " in text:
            raise ValueError(f"expected {expectation(unit)}, got {text!r}")
        return text
    scale, match = _SCALES[unit], _NUMBER.fullmatch(text)
    factor = scale.suffixes.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise ValueError(f"expected {scale.expected}, got {text!r}")
    number = float(match[1]) * factor
    in_range = any(low <= number <= high for low, high in scale.ranges)
    if not in_range or (scale.whole and number != int(number)):
        raise ValueError(f"expected {scale.expected}, got {text!r}")
    return number


def format_value(value: Value, unit: Unit) -> str:
    """Write a value so that `parse_value` reads it back."""
    if isinstance(value, str):
        return value
    number = repr(float(value))
    number = (f"{value:.20f}" if "e" in number else number).rstrip("0").rstrip(".")
    return number + (unit.value if unit in {Unit.PERCENT, Unit.SECONDS, Unit.PER_SECOND} else "")

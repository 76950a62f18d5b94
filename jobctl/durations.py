"""Durations as people write them: `90s`, `10m`, `1h30m`, `500ms`, or a bare number of seconds."""

from __future__ import annotations

import re
from typing import Final

_NUMBER: Final = r"(\d{1,9}(?:\.\d{1,9})?)"
_UNITS: Final = (("d", 86400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0), ("ms", 0.001))
_PARTS: Final = re.compile(
    r"\s*".join(rf"(?:{_NUMBER}\s*{unit})?" for unit, _ in _UNITS), re.IGNORECASE | re.ASCII
)
_BARE: Final = re.compile(_NUMBER, re.ASCII)
_MINUTE: Final = 60
_SECONDS_UP_TO: Final = 120
_TENTHS_UP_TO: Final = 10


def parse_duration(text: str | float) -> float:
    """Return seconds.

    Raises:
        ValueError: It is no duration; the message tells how to write one.
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        if 0 <= text < float("inf"):
            return float(text)
    elif isinstance(text, str):
        stripped = text.strip()
        if _BARE.fullmatch(stripped):
            return float(stripped)
        parts = _PARTS.fullmatch(stripped)
        if parts and any(parts.groups()):
            return sum(float(n) * unit for n, (_, unit) in zip(parts.groups(), _UNITS, strict=True) if n)
    raise ValueError(f"expected a duration such as 90s, 10m, 1h30m or 500ms, got {text!r}")


def format_duration(seconds: float) -> str:
    """Return a duration as `parse_duration` reads it: `500ms`, `2.5s`, `90s`, `10m`, `1h30m`, `2d4h`."""
    if not 0 <= seconds < float("inf"):
        return "0s" if seconds < 0 else "?"
    if seconds < 1:
        milliseconds = round(seconds * 1000)
        return "0s" if not milliseconds else "1s" if milliseconds == 1000 else f"{milliseconds}ms"
    if seconds < _TENTHS_UP_TO:
        return f"{round(seconds, 1):g}s"
    whole = round(seconds)
    if whole < _SECONDS_UP_TO:
        return f"{whole}s"
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", _MINUTE), ("s", 1)):
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts[:2])

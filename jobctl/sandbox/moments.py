"""How the two APIs write times (µs since 1970 in, text out)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def iso(moment: int, digits: int = 3) -> str:
    """`2025-10-09T22:13:10.609Z`, cut (not rounded) to 3 or 6 digits."""
    text = f"{_EPOCH + timedelta(microseconds=moment):%Y-%m-%dT%H:%M:%S.%f}"
    return text[: len(text) - 6 + digits] + "Z"


def naive(moment: int) -> str:
    """`2025-10-09 22:13:10.609405`: a space, no zone, µs."""
    return f"{_EPOCH + timedelta(microseconds=moment):%Y-%m-%d %H:%M:%S.%f}"

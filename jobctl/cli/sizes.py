"""Sizes as people write them: `1GB`, `500 MB`, `64MiB`, or a bare number of bytes."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final[dict[str, int]] = {"": 1, "B": 1} | {
    f"{prefix}{suffix}": base**power
    for suffix, base in (("B", 1000), ("", 1000), ("IB", 1024))
    for power, prefix in enumerate("KMGT", start=1)
}
_SIZE: Final = re.compile(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*([KMGT]?I?B?)\s*", re.IGNORECASE | re.ASCII)


def parse_size(text: str) -> int:
    """Return bytes.

    Raises:
        ValueError: it is no size; the message tells how to write one.
    """
    found = _SIZE.fullmatch(text)
    unit = _UNITS.get(found.group(2).upper()) if found else None
    if found is None or unit is None:
        raise ValueError(f"expected a size such as 1GB, 500MB or 64MiB, got {text!r}")
    return round(float(found.group(1)) * unit)


def format_size(size: int) -> str:
    """Return a size with the largest unit that leaves a whole part: `1.2 GB`, `340 kB`, `12 B`."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} B"

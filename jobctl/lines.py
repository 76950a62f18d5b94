"""Records as text: one JSON object per line, ASCII, with nothing that no JSON reader can read. Pure."""

from __future__ import annotations

import json
from typing import Any


def as_text(record: dict[str, Any]) -> str:
    """Encode a record on one line, without its end; what no JSON number can say (NaN, Infinity) is null."""
    try:
        return json.dumps(record, separators=(",", ":"), allow_nan=False)
    except ValueError:
        # What came over the network has no such numbers; a library's caller may observe anything.
        finite = json.loads(json.dumps(record), parse_constant=lambda _name: None)
        return json.dumps(finite, separators=(",", ":"), allow_nan=False)


def as_line(record: dict[str, Any]) -> bytes:
    """Encode a record as one whole line."""
    return as_text(record).encode() + b"\n"

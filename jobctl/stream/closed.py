"""How a session of a stream ended, whatever carried it. Data only."""

from __future__ import annotations

from typing import NamedTuple


class Closed(NamedTuple):
    """`opened` False: no handshake. `code` is a close code or an HTTP status, `reason` printable."""

    opened: bool
    code: int | None
    reason: str

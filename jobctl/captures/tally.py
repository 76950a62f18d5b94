"""What reading a recording comes to beside its exchanges: problems, what was left out, how far it got."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from jobctl.exchange import Path

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BODY: Final = 1024 * 1024
"""Bytes of a body that are kept; a longer one is no job record, and is read as empty."""
UNKNOWN_LENGTH: Final = 86400.0
"""Seconds an exchange is taken to last when nobody wrote down its end: then no order is claimed from it."""
_READS: Final = frozenset({"GET", "HEAD"})


@dataclass
class Tally:
    """Filled while a recording is read.

    `problems` are sentences for people, `skipped` counts what is no exchange of client and server. `progress`
    is told the bytes read so far.
    """

    problems: list[str] = field(default_factory=list)
    skipped: int = 0
    is_experiment: bool = False
    """Entries say for what an experiment of our own asked."""
    keeps_remembered: bool = False
    """What the client answered itself, from its own cache, is wanted as well."""
    progress: Callable[[int], None] = lambda _read: None
    _counts: dict[str, int] = field(default_factory=dict)

    def skip(self, why: str) -> None:
        """Count one thing left out."""
        self.skipped += 1
        self.note(why)

    def note(self, what: str) -> None:
        """Count one thing of a kind, to be told once with its number by `close`."""
        self._counts[what] = self._counts.get(what, 0) + 1

    def close(self) -> None:
        """Turn the counts into problems, in the order of their first sight."""
        self.problems += [f"{number} × {what}" for what, number in self._counts.items()]
        self._counts.clear()


def address(host: str, port: int) -> str:
    """Return `host:port`, an IPv6 host in brackets."""
    bare = host.strip("[]")
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"


def path_of(method: str) -> Path:
    """Return what a recorded request was for: a read (RFC 9110 section 9.3.1), or anything else."""
    return Path.PLAIN if method.upper() in _READS else Path.WRITE

"""How far the reading of a large file has got: a percentage on a terminal, one sentence elsewhere."""

from __future__ import annotations

import sys
from typing import Final

from jobctl.cli import output

_EVERY: Final = 4 * 1024 * 1024


class ReadingProgress:
    """Shows it on stderr for files of more than a few megabytes; call `end` before anything else is told."""

    def __init__(self) -> None:
        self._live = output.is_terminal(sys.stderr)
        self._next = 0
        self._shows = self._told = False

    def show(self, read: int, size: int) -> None:
        """Show how much was read, in bytes."""
        if read < self._next or size < _EVERY:
            return
        self._next = read + _EVERY
        if self._live:
            self._shows = True
            sys.stderr.write(f"\rreading: {100 * read // max(size, 1)} % of {size // 2**20} MiB")
            sys.stderr.flush()
        elif not self._told:
            self._told = True
            output.tell(f"reading {size // 2**20} MiB")

    @property
    def is_under_way(self) -> bool:
        """Whether a person has been told that this takes a while."""
        return self._next > 0

    def end(self) -> None:
        """Take the line away."""
        if self._shows:
            self._shows = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

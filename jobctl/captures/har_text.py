"""The bytes of a HAR file made fit for a JSON parser: UTF-8, no byte order mark, no endless strings."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

LONGEST_STRING: Final = 8 * 1024 * 1024
"""Bytes after which a string is cut. A body this long as JSON has over 1 MiB, whatever its escapes."""
# Six plain characters in a row: behind them no escape sequence (the longest is `\u1234`) is open.
_PLAIN: Final = re.compile(rb"[ !#-\[\]-~]{6}")
_EDGE: Final = 1024


class HarText:
    """A readable file around another: the same JSON as UTF-8, its longest strings shortened.

    Bytes that are no UTF-8 come out as U+FFFD, so that one odd answer does not end the reading. `progress` is
    told the bytes taken from the file.
    """

    def __init__(self, file: BinaryIO, progress: Callable[[int], None]) -> None:
        self._file, self._progress = file, progress
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._taken = 0
        self._is_inside = self._is_escaped = False
        self._run, self._longest = 0, LONGEST_STRING

    def read(self, size: int) -> bytes:
        """Return about `size` bytes, none at the end of the file."""
        while size:
            taken = self._file.read(size)
            if not taken:
                return b""
            self._taken += len(taken)
            self._progress(self._taken)
            if chunk := self._shortened(self._decoder.decode(taken).encode()):
                return chunk
        return b""

    def _shortened(self, chunk: bytes) -> bytes:
        quotes = self._quotes(chunk)
        self._is_inside ^= bool(quotes % 2)
        if quotes or not self._is_inside:
            self._run = 0
            return chunk
        self._run += len(chunk)
        return _without_middle(chunk) if self._run > self._longest else chunk

    def _quotes(self, chunk: bytes) -> int:
        """Count the quotes that begin or end a string. Backslashes stand in strings only."""
        if b"\\" not in chunk and not self._is_escaped:
            return chunk.count(b'"')
        bare = b"\\" + chunk if self._is_escaped else chunk
        bare = bare.replace(b"\\\\", b"").replace(b'\\"', b"")
        self._is_escaped = bare.endswith(b"\\")
        return bare.count(b'"')


def _without_middle(chunk: bytes) -> bytes:
    """Cut from the first place to the last one where no escape sequence is open."""
    first = _PLAIN.search(chunk)
    lasts = [place.end() for place in _PLAIN.finditer(chunk, max(0, len(chunk) - _EDGE))]
    if first is None or not lasts or first.end() >= lasts[-1]:
        return chunk
    return chunk[: first.end()] + chunk[lasts[-1] :]

"""The bytes of a HAR file made fit for a JSON parser: UTF-8, no byte order mark, no endless strings."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

LONGEST_STRING: Final = 8 * 1024 * 1024
"""Bytes after which a string is cut. A body this long as JSON has over 1 MiB, whatever its escapes."""
_AFTER_BACKSLASH: Final = b"n"
_AFTER_HEX: Final = b"0000"


class HarText:
    """A readable file around another: the same JSON as UTF-8, its longest strings shortened.

    Bytes that are no UTF-8 come out as U+FFFD, so that one odd answer does not end the reading. `progress` is
    told the bytes taken from the file.
    """

    def __init__(self, file: BinaryIO, progress: Callable[[int], None]) -> None:
        self._file, self._progress = file, progress
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._taken = 0
        self._is_inside = self._is_escaped = self._is_cut = False
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
        was_escaped = self._is_escaped
        quotes = self._quotes(chunk)
        self._is_inside ^= bool(quotes % 2)
        if quotes or not self._is_inside:
            # Behind a cut, a character that a lost backslash escaped is lost as well.
            rest = chunk[1:] if self._is_cut and was_escaped else chunk
            self._run, self._is_cut = 0, False
            return rest
        self._run += len(chunk)
        if self._run <= self._longest:
            return chunk
        if self._is_cut:
            return b""
        self._is_cut = True
        # An escape sequence may be open where the cut begins; these complete it.
        return _AFTER_BACKSLASH if was_escaped else _AFTER_HEX

    def _quotes(self, chunk: bytes) -> int:
        """Count the quotes that begin or end a string. Backslashes stand in strings only."""
        if b"\\" not in chunk and not self._is_escaped:
            return chunk.count(b'"')
        bare = b"\\" + chunk if self._is_escaped else chunk
        bare = bare.replace(b"\\\\", b"").replace(b'\\"', b"")
        self._is_escaped = bare.endswith(b"\\")
        return bare.count(b'"')

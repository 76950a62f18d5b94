"""A compressed body that does not end, piece by piece and within bounds. Pure."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

CODINGS: Final = frozenset({"gzip", "x-gzip", "deflate"})
"""Content codings that can be read (RFC 9110 section 8.4.1)."""
_MOST: Final = 64 * 1024


class Inflater:
    """Feed it what arrives; a piece of what comes out is never larger than 64 kB, whatever went in."""

    def __init__(self) -> None:
        self._inflater = _begun()

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield what the bytes so far hold.

        Raises:
            ValueError: this is not compressed, or broken.
        """
        while piece:
            if self._inflater.eof:  # a gzip body may have several members (RFC 1952 section 2.2)
                self._inflater = _begun()
            try:
                inflated = self._inflater.decompress(piece, _MOST)
            except zlib.error as error:
                raise ValueError(f"the compression is broken: {error}") from error
            piece = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
            if inflated:
                yield inflated


def _begun() -> zlib._Decompress:
    return zlib.decompressobj(zlib.MAX_WBITS | 32)

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.client.inflate import Inflater

BOMB = 10_000_000


@given(st.binary(max_size=200), st.sampled_from([gzip.compress, zlib.compress]), st.integers(1, 50))
def test_what_was_compressed_comes_out_however_it_is_cut(data, compress, size):
    packed = compress(data) + compress(data)
    if compress is zlib.compress:
        packed = compress(data + data)
    inflater = Inflater()
    pieces = [packed[at : at + size] for at in range(0, len(packed), size)]
    assert b"".join(one for piece in pieces for one in inflater.feed(piece)) == data + data


def test_what_is_flushed_comes_out_before_the_end():
    packer = zlib.compressobj(wbits=31)
    inflater = Inflater()
    for event in (b"data: 1\n\n", b"data: 2\n\n"):
        packed = packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH)
        assert b"".join(inflater.feed(packed)) == event


def test_a_bomb_comes_out_in_small_pieces():
    sizes = [len(piece) for piece in Inflater().feed(gzip.compress(bytes(BOMB)))]
    assert (max(sizes) <= 65536, sum(sizes)) == (True, BOMB)


@pytest.mark.parametrize("packed", [b"data: 1\n\n", gzip.compress(b"x", mtime=0)[:-8] + b"?" * 8])
def test_what_is_not_compressed_is_told(packed):
    with pytest.raises(ValueError, match="the compression is broken"):
        list(Inflater().feed(packed))

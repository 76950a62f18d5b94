"""What a cache says of itself in `Cache-Status` (RFC 9211), strictly written or not."""

from __future__ import annotations

import pytest

from jobctl.caching.judging.stores import served_words
from jobctl.exchange import Exchange, Path


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Edge; hit; ttl=30", ["Edge; hit"]),
        ("Edge; hit; ttl=-7", ["Edge; hit, stale by 7 s"]),
        ("Origin; fwd=miss, Edge; hit", ["Edge; hit"]),
        ("Edge; fwd=uri-miss; stored", []),
        ("Edge; hit=?0", []),
        ("HIT", ["HIT; hit"]),
        ("MISS", []),
    ],
)
def test_cache_status(value, said):
    headers = (("Cache-Status", value),)
    answer = Exchange(1, Path.PLAIN, "GET", "http://a.test/1", (), 200, headers, b"{}", 0.0, 0.1)
    assert list(served_words(answer)) == [("cache-status", text) for text in said]

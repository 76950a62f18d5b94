from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.evidence import (
    VENDOR_WORDS,
    CacheClass,
    _members,
    classify,
    parse_age,
    retry_after,
    served_from_store,
)

SERVED = [
    ("Age", "4", "Age: 4"),
    ("age", "1, 0", "Age: 1"),
    ("Age", "9" * 5000, f"Age: {2**31}"),
    ("Cache-Status", "Edge; hit; ttl=30", "Cache-Status: Edge; hit; ttl=30"),
    ("cache-status", 'origin; fwd=miss, "a, b"; hit', 'Cache-Status: origin; fwd=miss, "a, b"; hit'),
    ("CF-Cache-Status", "HIT", "CF-Cache-Status: HIT"),
    ("cf-cache-status", "updating", "CF-Cache-Status: updating"),
    ("X-Cache", "HIT from edge", "X-Cache: HIT from edge"),
    ("x-cache", "Hit from cloudfront", "X-Cache: Hit from cloudfront"),
    ("X-Cache", "MISS, HIT", "X-Cache: MISS, HIT"),
    ("X-Cache", "HIT, MISS", "X-Cache: HIT, MISS"),
    ("X-Cache", "TCP_REFRESH_FAIL_HIT from a", "X-Cache: TCP_REFRESH_FAIL_HIT from a"),
    ("X-Cache", "TCP_MEM_HIT", "X-Cache: TCP_MEM_HIT"),
    ("X-Cache-Hits", "0, 3", "X-Cache-Hits: 0, 3"),
    ("X-Varnish", "32770 3", "X-Varnish: 32770 3"),
    ("X-Cache-Status", "STALE", "X-Cache-Status: STALE"),
    ("X-Vercel-Cache", "PRERENDER", "X-Vercel-Cache: PRERENDER"),
    ("X-Rack-Cache", "fresh", "X-Rack-Cache: fresh"),
    ("X-LiteSpeed-Cache", "hit,private", "X-LiteSpeed-Cache: hit,private"),
    (
        "Server-Timing",
        'cdn-cache; desc="HIT", edge; dur=1',
        'Server-Timing: cdn-cache; desc="HIT", edge; dur=1',
    ),
    (
        "Akamai-Cache-Status",
        "Hit from child, Miss from parent",
        "Akamai-Cache-Status: Hit from child, Miss from parent",
    ),
    ("X-Cache", "HIT from \x1b[31m", r"X-Cache: HIT from \x1b[31m"),
]
NOT_SERVED = [
    ("Age", "0"),
    ("Age", ""),
    ("Age", "-1"),
    ("Age", "x"),
    ("Age", "4.5"),
    ("Age", "٤"),
    ("Age", ", 5"),
    ("Cache-Status", "Edge; fwd=stale; fwd-status=304"),
    ("Cache-Status", "Edge; fwd=uri-miss; stored"),
    ("Cache-Status", "Edge; hit=?0"),
    ("Cache-Status", '"hit"; fwd=miss'),
    ("Cache-Status", 'a; detail="x; hit"'),
    ("CF-Cache-Status", "MISS"),
    ("CF-Cache-Status", "EXPIRED"),
    ("CF-Cache-Status", "DYNAMIC"),
    ("CF-Cache-Status", "REVALIDATED"),
    ("X-Cache", "MISS"),
    ("X-Cache", "RefreshHit from cloudfront"),
    ("X-Cache", "TCP_REFRESH_HIT"),
    ("X-Cache", "TCP_REFRESH_MISS"),
    ("X-Cache", "PRIVATE_NOSTORE"),
    ("X-Cache", "no HIT here"),
    ("X-Cache", "WHITE"),
    ("X-Cache-Lookup", "HIT from squid:3128"),
    ("X-Cache-Hits", "0, 0"),
    ("X-Cache-Hits", "x"),
    ("X-Varnish", "32770"),
    ("X-Varnish", "a b"),
    ("X-Cache-Status", "MISS"),
    ("X-Cache-Status", "REVALIDATED"),
    ("X-Vercel-Cache", "REVALIDATED"),
    ("X-Rack-Cache", "stale, valid, store"),
    ("X-Rack-Cache", "miss"),
    ("Via", "1.1 HIT"),
    ("X-Served-By", "cache-HIT"),
    ("Server-Timing", "db; desc=HIT"),
    ("X-Custom", "HIT"),
    ("ETag", '"HIT"'),
    ("Warning", "110 - stale"),
]


@pytest.mark.parametrize(("name", "value", "reason"), SERVED)
def test_served_from_a_store(name, value, reason):
    headers = [("Date", "now"), (name, value)]
    said = served_from_store(headers)
    assert said == reason or (said or "").endswith("…")


@pytest.mark.parametrize(("name", "value"), NOT_SERVED)
def test_not_known_to_be_served_from_a_store(name, value):
    assert served_from_store([(name, value)]) is None


@pytest.mark.parametrize(
    ("name", "value", "classes"),
    [
        ("X-Cache", "HIT, RefreshHit, MISS, odd", ["served", "validated", "forwarded", "neutral"]),
        (
            "cache-status",
            "a; fwd=stale; fwd-status=304, b; fwd=miss, c",
            ["validated", "forwarded", "neutral"],
        ),
        ("X-Varnish", "1", ["forwarded"]),
        ("Via", "1.1 varnish", ["neutral"]),
        ("X-Custom", "HIT", []),
    ],
)
def test_classify(name, value, classes):
    assert classify(name, value) == [CacheClass(word) for word in classes]


def test_of_several_age_lines_the_first_counts():
    assert parse_age([("Age", "0"), ("age", "7")]) == 0
    assert served_from_store([("Age", "x"), ("Age", "7")]) is None


NAMES = [*VENDOR_WORDS, "Age", "Cache-Status", "X-Varnish", "X-Cache-Hits", "Server-Timing", "Retry-After"]
VALUES = (
    st.text()
    | st.text(',;="\\ hit?01')
    | st.lists(st.sampled_from(["hit", ";", ",", "fwd", "=", "Sun, 06 Nov"]))
)
HEADER = st.tuples(st.sampled_from(NAMES) | st.text(), VALUES.map("".join))


@given(st.lists(HEADER))
def test_no_headers_raise(headers):
    said = served_from_store(headers)
    assert said is None or said.partition(":")[0].lower() in {name.lower() for name, _ in headers}
    wait = retry_after(headers, 0.0)
    assert wait is None or wait >= 0


def test_hostile_headers_end():
    for value in ('"\\' * 50_000, '"' * 99_999, ",;" * 50_000):
        assert served_from_store([("Cache-Status", value), ("X-Cache", value)]) is None


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("-5", 0.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 7.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 7.0),
        ("Sun Nov  6 08:49:37 1994", 7.0),
        ("Sun, 06 Nov 1994 08:49:20 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("1e9", None),
        ("99999999999", None),
        ("Sun, 99 Nov 1994", None),
        ("inf", None),
        ("Sun, 06 Nov 99999 08:49:37 GMT", None),
        ("٣", None),
    ],
)
def test_retry_after(value, wait):
    assert retry_after([("X", "1"), ("retry-after", value)], 784111770) == wait


def test_no_retry_after():
    assert retry_after([], 0) is None


@pytest.mark.parametrize("value", ['"\\' * 2048, '"\\";' * 1024, '"' * 4096, '"",' * 1365, '\\"' * 2048])
@pytest.mark.parametrize("name", ["X-Cache", "Cache-Status", "Server-Timing"])
def test_hostile_quoting_takes_no_more_than_linear_time(name, value):
    began = time.process_time()
    served_from_store([(name, value)] * 20)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    ("value", "members"),
    [
        ("a, b,,c ", ["a", "b", "c"]),
        ('"a,b", c', ['"a,b"', "c"]),
        (r'x="a\",b", c', [r'x="a\",b"', "c"]),
        ('a"b, c', ['a"b', "c"]),
        ('"a", b"c, d', ['"a"', 'b"c', "d"]),
        ("", []),
        ('"', ['"']),
    ],
)
def test_a_list_is_split_outside_quotes(value, members):
    assert _members(value) == members

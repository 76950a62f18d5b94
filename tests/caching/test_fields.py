from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.caching import fields
from jobctl.caching.fields import CacheStatus, ETag

NAMES = st.sampled_from(["Cache-Control", "CDN-Cache-Control", "Age", "ETag", "Vary", "Cache-Status", "Date"])
ANYTHING = st.lists(st.tuples(NAMES, st.text(st.characters(max_codepoint=255), max_size=200)), max_size=6)


def control(*lines):
    return fields.cache_control(tuple(("Cache-Control", line) for line in lines))


@pytest.mark.parametrize(
    ("lines", "directives"),
    [
        ([], {}),
        (["no-store"], {"no-store": (None,)}),
        (["No-Store, MAX-AGE=5"], {"no-store": (None,), "max-age": ("5",)}),
        (["max-age=5", "max-age=9"], {"max-age": ("5", "9")}),
        (['max-age="5"'], {"max-age": ("5",)}),
        (['private="set-cookie, x", max-age=1'], {"private": ("set-cookie, x",), "max-age": ("1",)}),
        (["max-age = 5 , public"], {"max-age": ("5",), "public": (None,)}),
        ([" , ,no-cache,, "], {"no-cache": (None,)}),
        (["max-age="], {"max-age": ("",)}),
        (['ext="a\\"b", no-store'], {"ext": ('a"b',), "no-store": (None,)}),
        (["no-store;max-age=3"], {"no-store": (None,)}),
    ],
)
def test_directives(lines, directives):
    assert control(*lines).directives == directives


def test_the_first_of_duplicates_counts_and_nonsense_is_stale():
    assert control("max-age=5, max-age=9").seconds("max-age") == 5
    assert control("max-age=soon").seconds("max-age") == 0
    assert control("max-age=-1").seconds("max-age") == 0
    assert control("max-age=99999999999999999999").seconds("max-age") == 2**31
    assert control("public").seconds("max-age") is None


def test_private_with_field_names_is_not_private():
    assert not control('private="set-cookie"').unqualified("private")
    assert control('private="set-cookie", private').unqualified("private")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a"', ETag("a", weak=False, is_valid=True)),
        ('W/"a"', ETag("a", weak=True, is_valid=True)),
        ('w/"a"', ETag('w/"a', weak=False, is_valid=False)),
        ("a", ETag("a", weak=False, is_valid=False)),
        ('""', ETag("", weak=False, is_valid=True)),
        ("", None),
        (None, None),
    ],
)
def test_entity_tags(text, expected):
    assert fields.etag(text) == expected


def test_strong_and_weak_comparison_as_in_the_table_of_rfc_9110():
    weak_one, weak_two, strong_one, strong_two = (
        fields.etag(text) for text in ('W/"1"', 'W/"2"', '"1"', '"2"')
    )
    pairs = [(weak_one, weak_one), (weak_one, weak_two), (weak_one, strong_one), (strong_one, strong_one)]
    assert [fields.strong_match(*pair) for pair in pairs] == [False, False, False, True]
    assert [fields.weak_match(*pair) for pair in pairs] == [True, False, True, True]
    assert not fields.weak_match(strong_one, strong_two)


@pytest.mark.parametrize(
    ("text", "epoch"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784111777.0),
        ("Sun Nov  6 08:49:37 1994", 784111777.0),
        ("0", None),
        ("-1", None),
        ("Thu, 99 Foo 2020 00:00:00 GMT", None),
        (None, None),
    ],
)
def test_http_dates(text, epoch):
    assert fields.http_date(text) == epoch


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("max-age=5, no-cache", "No-Cache,  max-age=5"),
        ("private , no-store", "no-store,private"),
    ],
)
def test_policies_that_mean_the_same_look_the_same(one, other):
    assert fields.normal((("cache-control", one),), "Cache-Control") == fields.normal(
        (("Cache-Control", other),), "Cache-Control"
    )


def test_folding_weakening_and_compression_do_not_make_another_validator():
    plain = fields.normal((("etag", '"abc"'),), "ETag")
    assert {fields.normal((("ETag", text),), "ETag") for text in ('W/"abc"', '"abc-gzip"', '"abc;br"')} == {
        plain
    }
    split = (("Cache-Control", "no-store"), ("cache-control", "private"))
    assert fields.normal(split, "Cache-Control") == "no-store, private"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ExampleCache; hit; ttl=30", [CacheStatus("ExampleCache", hit=True, ttl=30)]),
        (
            "OriginCache; hit; ttl=1100, CDN; fwd=uri-miss; stored",
            [CacheStatus("OriginCache", hit=True, ttl=1100), CacheStatus("CDN", fwd="uri-miss", stored=True)],
        ),
        (
            "C; fwd=stale; fwd-status=304; collapsed",
            [CacheStatus("C", fwd="stale", fwd_status=304, collapsed=True)],
        ),
        ("C; hit; ttl=-7", [CacheStatus("C", hit=True, ttl=-7)]),
        ("C; hit=?0; fwd=miss", [CacheStatus("C", fwd="miss")]),
        ('"Quoted name"; hit; key="a;b"', [CacheStatus("Quoted name", hit=True, key="a;b")]),
        ("HIT", [CacheStatus("HIT", hit=True, is_strict=False)]),
        ("hit, ", [CacheStatus("hit", hit=True, is_strict=False)]),
        ("Edge Cache; hit", [CacheStatus("Edge Cache", hit=True, is_strict=False)]),
    ],
)  # fmt: skip
def test_cache_status(text, expected):
    assert fields.cache_status((("Cache-Status", text),)) == tuple(expected)


@given(headers=ANYTHING)
def test_no_bytes_raise(headers):
    lines = tuple(headers)
    fields.cache_status(lines)
    fields.vary(lines)
    for name in ("Cache-Control", "CDN-Cache-Control"):
        read = fields.cache_control(lines, name)
        for directive in read.directives:
            read.seconds(directive)
            read.unqualified(directive)
    for name in fields.POLICY_FIELDS:
        fields.normal(lines, name)
    for _, value in lines:
        fields.etag(value)
        fields.http_date(value)
        fields.delta_seconds(value)

"""The evaluator, section by section; then the same questions put to httplint and hishel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.caching.fields import cache_control
from jobctl.caching.rfc9111 import (
    HEURISTICALLY_CACHEABLE,
    current_age,
    exposure,
    freshness,
    is_fresh,
    may_store,
    stale_horizon,
)

DATE = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
HOUR_LATER = "Sun, 06 Nov 1994 09:49:37 GMT"
TEN_HOURS_BEFORE = "Sat, 05 Nov 1994 22:49:37 GMT"


def headers(control: str | None = None, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return ((("Cache-Control", control),) if control is not None else ()) + more


@pytest.mark.parametrize(
    ("method", "status", "fields", "authorized", "allowed", "section"),
    [
        ("GET", 200, headers(), False, True, "4.2.2"),
        ("GET", 404, headers(), False, True, "4.2.2"),
        ("GET", 202, headers(), False, False, "3"),
        ("GET", 202, headers("max-age=5"), False, True, "3"),
        ("GET", 500, headers(), False, False, "3"),
        ("POST", 200, headers("max-age=5"), False, False, "3"),
        ("GET", 103, headers("max-age=5"), False, False, "3"),
        ("GET", 200, headers("no-store, max-age=5"), False, False, "5.2.2.5"),
        ("GET", 200, headers("must-understand, no-store"), False, True, "4.2.2"),
        ("GET", 299, headers("must-understand, no-store"), False, False, "5.2.2.5"),
        ("GET", 200, headers("private, max-age=5"), False, False, "5.2.2.7"),
        ("GET", 200, headers('private="x", max-age=5'), False, True, "3"),
        ("GET", 200, headers("max-age=5"), True, False, "3.5"),
        ("GET", 200, headers("max-age=5, public"), True, True, "3"),
        ("GET", 200, headers("s-maxage=5"), True, True, "3"),
        ("GET", 200, headers("must-revalidate, max-age=5"), True, True, "3"),
        ("GET", 302, headers(None, ("Expires", HOUR_LATER)), False, True, "3"),
    ],
)
def test_storing_in_a_shared_cache(  # noqa: PLR0917 -- a table
    method, status, fields, authorized, allowed, section
):
    store = may_store(method, status, fields, authorized=authorized)
    assert (store.allowed, store.section) == (allowed, section)


def test_a_private_cache_may_keep_what_is_private():
    assert may_store("GET", 200, headers("private"), shared=False).allowed
    assert may_store("GET", 200, headers("max-age=5"), shared=False, authorized=True).allowed


@pytest.mark.parametrize(
    ("status", "fields", "shared", "lifetime"),
    [
        (200, headers("max-age=5, s-maxage=60"), True, 60),
        (200, headers("max-age=5, s-maxage=60"), False, 5),
        (200, headers("max-age=5", DATE, ("Expires", HOUR_LATER)), True, 5),
        (200, headers(None, DATE, ("Expires", HOUR_LATER)), True, 3600),
        (200, headers(None, DATE, ("Expires", "0")), True, 0),
        (200, headers(None, DATE, ("Expires", "0"), ("Expires", HOUR_LATER)), True, 0),
        (200, headers(None, DATE, ("Last-Modified", TEN_HOURS_BEFORE)), True, 3600),
        (202, headers(None, DATE, ("Last-Modified", TEN_HOURS_BEFORE)), True, 0),
        (200, headers("max-age=x", DATE, ("Last-Modified", TEN_HOURS_BEFORE)), True, 0),
        (200, headers(None, DATE), True, 0),
    ],
)
def test_freshness(status, fields, shared, lifetime):
    assert freshness(status, fields, shared=shared).lifetime == pytest.approx(lifetime)


def test_a_missing_date_is_the_time_of_arrival():
    assert freshness(200, (("Expires", HOUR_LATER),), received=784111777.0).lifetime == 3600


def test_skew_never_becomes_age():
    assert current_age(None, 0.2, 5.0) == pytest.approx(5.2)
    assert current_age(7, 0.0, -3.0) == 7
    assert is_fresh(6, 5.2)
    assert not is_fresh(5, 5.0)


@pytest.mark.parametrize(
    ("control", "horizon"),
    [
        ("max-age=5", 5),
        ("max-age=5, stale-while-revalidate=30", 35),
        ("max-age=5, stale-while-revalidate=30, stale-if-error=600", 605),
        ("max-age=5, stale-while-revalidate=30, must-revalidate", 5),
        ("max-age=5, no-cache", 0),
        ("max-age=0, stale-while-revalidate=30", 30),
    ],
)
def test_the_stale_horizon(control, horizon):
    assert stale_horizon(200, headers(control)) == horizon


@pytest.mark.parametrize(
    ("fields", "authorized", "seconds", "word"),
    [
        (headers("no-store"), False, None, ""),
        (headers("private"), False, None, ""),
        (headers("no-cache"), False, None, ""),
        (headers("max-age=0"), False, None, ""),
        (headers("max-age=9"), False, 9, "max-age=9"),
        (headers("no-store", ("CDN-Cache-Control", "max-age=60")), False, 60, "CDN-Cache-Control"),
        (headers("max-age=60", ("CDN-Cache-Control", "no-store")), False, 60, "Cache-Control: max-age=60"),
        (headers("no-store", ("CDN-Cache-Control", "")), False, None, ""),
        (headers("no-store", ("Surrogate-Control", "max-age=30")), False, 30, "Surrogate-Control"),
        (headers("no-store", ("X-Accel-Expires", "20")), False, 20, "X-Accel-Expires"),
        (headers("no-store", ("X-Accel-Expires", "@20")), False, None, ""),
        (headers("max-age=9", ("Vary", "*")), False, None, ""),
        (headers(), False, 86400, "by default"),
        (headers(), True, 86400, "CloudFront"),
        (headers("max-age=9"), True, None, ""),
    ],
)
def test_exposure(fields, authorized, seconds, word):
    found = exposure("GET", 200, fields, authorized=authorized)
    if seconds is None:
        assert found is None
    else:
        assert found is not None
        assert found.seconds == seconds
        assert word in found.ground


def test_varnish_is_not_accused_of_keeping_authorized_answers():
    found = exposure("GET", 200, headers(), authorized=True)
    assert found is not None
    assert "Varnish" not in found.ground


# --- Other readings of the same RFC ------------------------------------------------------------------------

WORDS = ("no-store", "no-cache", "private", "public", "max-age=0", "max-age=5", "s-maxage=7", "MAX-AGE=9")
ODD_WORDS = ("must-revalidate", "immutable", 'max-age="5"', "max-age=x", 'private="set-cookie"', "foo=bar")
DIRECTIVES = st.lists(
    st.sampled_from(WORDS + ODD_WORDS), max_size=4, unique_by=lambda directive: directive.lower()
)
HTTPLINT_DIFFERS = {
    'max-age="5"': "it does not read quoted numbers",
    "max-age=x": "it drops the directive instead of taking it as stale",
    'private="set-cookie"': "it takes the qualified form for the whole answer",
}
HISHEL_DIFFERS = {
    'max-age="5"': "it raises",
    "max-age=x": "it raises",
    "MAX-AGE=9": "names have a case in it",
    'private="set-cookie"': "it takes the qualified form for the whole answer",
    "s-maxage=7": "it does not count it as explicit freshness where the status needs that",
}
HISHEL_STORES_ALWAYS = {301, 308}
"""Permanent redirects, whatever their policy says."""


def names(directives):
    return [directive.lower().partition("=")[0] for directive in directives]


@given(directives=DIRECTIVES.filter(lambda found: not set(found) & set(HTTPLINT_DIFFERS)))
def test_httplint_agrees_on_directives(directives):
    httplint = pytest.importorskip("httplint")
    linter = httplint.HttpResponseLinter()
    linter.process_response_topline(b"HTTP/1.1", b"200", b"OK")
    linter.process_headers([(b"Cache-Control", ", ".join(directives).encode())] if directives else [])
    linter.finish_content(True)
    theirs = dict(linter.headers.parsed.get("cache-control", []))
    ours = cache_control(headers(", ".join(directives)))
    assert {name.lower() for name in theirs} == set(ours.directives)
    for name in ("max-age", "s-maxage"):
        # Of two it keeps the last one, we the first (RFC 9111 section 4.2.1 allows the first, or stale).
        if names(directives).count(name) == 1:
            assert theirs[name] == ours.seconds(name)


@given(
    directives=DIRECTIVES.filter(lambda found: not set(found) & set(HISHEL_DIFFERS)),
    status=st.sampled_from(sorted({*HEURISTICALLY_CACHEABLE, 202, 500} - HISHEL_STORES_ALWAYS)),
)
def test_hishel_agrees_on_storing(directives, status):
    hishel = pytest.importorskip("hishel")
    httpcore = pytest.importorskip("httpcore")
    statuses = [*HEURISTICALLY_CACHEABLE, 202, 500]
    controller = hishel.Controller(
        cacheable_status_codes=statuses, cache_private=False, allow_heuristics=True
    )
    line = ", ".join(directives)
    request = httpcore.Request("GET", "http://example.test/jobs/1")
    response = httpcore.Response(status, headers=[("Cache-Control", line), DATE] if line else [DATE])
    ours = may_store("GET", status, headers(line or None, DATE))
    assert controller.is_cachable(request, response) == ours.allowed, ours

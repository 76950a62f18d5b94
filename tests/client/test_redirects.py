"""Where a redirect leads, and whether credentials may follow it there."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobctl.client.redirects import REDIRECTS, is_same_server, is_upgrade, resolved

HOME = "https://api.test/v1/jobs/7?_t=1"
HOSTS = st.sampled_from(["a", "A", "a.", "a.b", "b", "127.0.0.1", "[::1]", "u:p@a", "a\\@b"])
PORTS = st.sampled_from(["", ":80", ":443", ":8001"])
URLS = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https"]),
    HOSTS,
    PORTS,
    st.sampled_from(["", "/", "/x?y#z"]),
)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/v2/jobs/7", "https://api.test/v2/jobs/7"),
        ("8", "https://api.test/v1/jobs/8"),
        ("?page=2", "https://api.test/v1/jobs/7?page=2"),
        ("../x", "https://api.test/v1/x"),
        ("//else.test/x", "https://else.test/x"),
        ("http://else.test:81/x", "http://else.test:81/x"),
        ("", HOME),
    ],
)
def test_a_location_is_relative_to_the_request(location, target):
    assert resolved(HOME, location) == target


@pytest.mark.parametrize(
    "location", ["http://[", "http://x:port/", "http://x:65536/", "//[::1/", "http://x:-1/"]
)
def test_a_location_that_is_no_url_leads_nowhere(location):
    assert resolved(HOME, location) is None


@given(st.text(max_size=40) | st.text(":/@[]?#\\%.a0 \t", max_size=20))
@example("http://a℀b/")
def test_whatever_a_location_says_can_be_judged(location):
    target = resolved(HOME, location)
    if target is not None:
        assert isinstance(is_same_server(HOME, target), bool)
        assert isinstance(is_upgrade(HOME, target), bool)


@pytest.mark.parametrize(
    ("home", "target", "same"),
    [
        ("https://api.test/x", "https://api.test:443/y?z", True),
        ("https://API.test/", "https://api.TEST/", True),
        ("http://[::1]:8001/", "http://[::1]:8001/x", True),
        ("https://api.test/", "http://api.test/", False),
        ("http://api.test/", "https://api.test/", False),
        ("https://api.test/", "https://api.test:8443/", False),
        ("https://api.test/", "https://sub.api.test/", False),
        ("https://api.test/", "https://api.test.evil.test/", False),
        ("https://api.test/", "https://api.test@evil.test/", False),
        ("https://api.test/", "https://evil.test/api.test", False),
        ("https://api.test/", "https://evil.test\\@api.test.evil.test/", False),
        ("http://127.0.0.1/", "http://localhost/", False),
    ],
)
def test_only_the_same_origin_may_have_the_credentials(home, target, same):
    assert is_same_server(home, target) is same
    assert is_same_server(target, home) is same


@given(URLS, URLS)
def test_what_counts_as_the_same_server_is_where_the_request_would_go(one, other):
    assert is_same_server(one, one)
    if is_same_server(one, other):
        origins = [(url.scheme, url.host, url.port) for url in (httpx.URL(one), httpx.URL(other))]
        assert origins[0] == origins[1]


@pytest.mark.parametrize(
    ("home", "target", "upgrade"),
    [
        ("http://api.test/", "https://api.test/", True),
        ("http://api.test/", "https://else.test/", True),
        ("http://api.test/", "HTTPS://api.test/", True),
        ("http://api.test/", "http://api.test/x", False),
        ("https://api.test/", "https://api.test/x", False),
        ("https://api.test/", "http://api.test/", False),
    ],
)
def test_an_upgrade_is_from_http_to_https(home, target, upgrade):
    assert is_upgrade(home, target) is upgrade


def test_no_other_status_is_followed():
    assert {status for status in range(300, 310) if status in REDIRECTS} == {301, 302, 303, 307, 308}

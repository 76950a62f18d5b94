from __future__ import annotations

from urllib.parse import unquote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.errors import ConfigError
from jobctl.profile.urls import Operation, join, split_base_url

READ = Operation.parse("GET /v1/jobs/{id}", needs_id=True)


@pytest.mark.parametrize(
    ("job_id", "path"),
    [
        ("1193930", "/v1/jobs/1193930"),
        ("a/b", "/v1/jobs/a%2Fb"),
        ("../admin", "/v1/jobs/..%2Fadmin"),
        ("a b?c#d", "/v1/jobs/a%20b%3Fc%23d"),
        ("-dash", "/v1/jobs/-dash"),
        ("job.1", "/v1/jobs/job.1"),
        ("...", "/v1/jobs/..."),
        ("é😀", "/v1/jobs/%C3%A9%F0%9F%98%80"),
        ("100%", "/v1/jobs/100%25"),
        ("%2e%2e", "/v1/jobs/%252e%252e"),
        ("{id}", "/v1/jobs/%7Bid%7D"),
        ("x\x00\n", "/v1/jobs/x%00%0A"),
    ],
)
def test_an_id_is_one_segment(job_id, path):
    assert READ.url_path(job_id) == path


@pytest.mark.parametrize("job_id", ["", ".", "..", "\ud800"])
def test_an_id_no_url_can_carry_is_refused(job_id):
    with pytest.raises(ConfigError) as caught:
        READ.url_path(job_id)
    assert caught.value.hint


@given(st.text(min_size=1))
def test_any_id_arrives_as_one_segment_or_is_refused(job_id):
    try:
        url = join("http://h:1/p", READ.url_path(job_id))
    except ConfigError:
        assert job_id in {".", ".."} or any("\ud800" <= c <= "\udfff" for c in job_id)
        return
    assert url.isascii()
    # What httpx puts on the wire is what counts.
    sent = httpx.URL(url).raw_path.decode("ascii")
    assert sent.startswith("/p/v1/jobs/")
    assert unquote(sent.removeprefix("/p/v1/jobs/")) == job_id
    assert len(urlsplit(url).path.split("/")) == 5


@pytest.mark.parametrize(
    ("text", "needs_id", "expected"),
    [
        ("GET", True, "METHOD"),
        ("FETCH /x/{id}", True, "method of GET"),
        ("GET x/{id}", True, "starts with '/'"),
        ("GET /x", True, "with '{id}'"),
        ("POST /x/{id}", False, "without '{id}'"),
        ("GET /x/{job}/{id}", True, "{job}"),
        ("GET /x/{id", True, "braces"),
        ("GET /x/{id} y", True, "blanks"),
        ("GET /x/{id}#y", True, "'#'"),
        ("", True, "METHOD"),
    ],
)
def test_a_bad_operation_says_what_was_expected(text, needs_id, expected):
    with pytest.raises(ConfigError, match=expected.replace("{", r"\{")):
        Operation.parse(text, needs_id=needs_id)


def test_an_operation_reads_any_case_and_prints_as_written():
    assert str(Operation.parse(" post  /jobs ")) == "POST /jobs"


@pytest.mark.parametrize(
    ("base", "path", "websocket", "url"),
    [
        ("http://h", "/a", False, "http://h/a"),
        ("http://h/", "/a", False, "http://h/a"),
        ("https://h:8443/prefix/", "/a", False, "https://h:8443/prefix/a"),
        ("https://h/prefix", "/a?x=1", False, "https://h/prefix/a?x=1"),
        ("https://h/prefix?k=v", "/a?x=1", False, "https://h/prefix/a?k=v&x=1"),
        ("http://h/p", "/ws/1", True, "ws://h/p/ws/1"),
        ("https://h", "/ws/1", True, "wss://h/ws/1"),
        ("HTTP://[::1]:80", "/a", False, "http://[::1]:80/a"),
    ],
)
def test_join(base, path, websocket, url):
    assert join(base, path, websocket=websocket) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8001",
        "ftp://h",
        "http://",
        "http:///x",
        "http://h:99999",
        "http://h:x",
        "http://[::1",
        "http://h/#x",
        "http://h x",
        "http://h\nx",
        "http://h\\x",
        "http://h:0",
        "//h/x",
        "/x",
    ],
)
def test_a_bad_base_url_is_refused(url):
    with pytest.raises(ConfigError):
        split_base_url(url)


@pytest.mark.parametrize(
    ("url", "suggestion"),
    [("localhost:8001", "http://localhost:8001?"), ("my-app.loca.lt", "https://my-app.loca.lt?")],
)
def test_a_url_without_scheme_gets_a_suggestion(url, suggestion):
    with pytest.raises(ConfigError) as caught:
        split_base_url(url)
    assert suggestion in str(caught.value.hint)


@pytest.mark.parametrize("url", ["http://user:hunter2@h", "http://hunter2@h/x", "user:hunter2@h:80"])
def test_credentials_in_a_base_url_are_refused_unshown(url):
    with pytest.raises(ConfigError) as caught:
        split_base_url(url)
    assert "hunter2" not in caught.value.message
    assert "auth" in str(caught.value.hint)


@pytest.mark.parametrize(
    "url",
    [
        "http://user:Hunter/2@host",
        "http://user:Hunter?2@host",
        "http://h:0/?token=Hunter2",
        "http://h/?api_key=Hunter2#x",
        "ftp://h/?token=Hunter2",
    ],
)
def test_no_part_of_a_secret_is_repeated(url):
    with pytest.raises(ConfigError) as caught:
        split_base_url(url)
    assert "Hunter" not in f"{caught.value.message} {caught.value.hint}"

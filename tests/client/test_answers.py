from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.client.answers import MAX_DEPTH, decode, payload_of, refusal
from jobctl.client.messages import Response
from jobctl.errors import ApiError, JobctlError, ProtocolError

UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def response(status=200, body=b"", **headers):
    given_headers = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, given_headers, body, "http://api.test/jobs/7")


def test_json_is_returned_whatever_it_is_called():
    assert payload_of(response(body=b'\xef\xbb\xbf{"a": [1]}', content_type="text/plain"), "read", 0) == {
        "a": [1]
    }
    assert payload_of(response(201, b"null"), "submit", 0) is None


@pytest.mark.parametrize(
    "text", ["[" * MAX_DEPTH + "]" * MAX_DEPTH, '{"a":"' + "[" * 999 + '\\""}', "[NaN, -Infinity]"]
)
def test_what_is_still_read(text):
    assert decode(text) is not None
    assert decode(text.encode()) == decode(text)


def test_nan_is_an_absent_field():
    assert decode('{"a": NaN, "b": Infinity}') == {"a": None, "b": None}


@pytest.mark.parametrize(
    "text", ["[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "[" * 100_000, b"\xff", "", "{", "1 2"]
)
def test_what_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        decode(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
    )
)
def test_all_other_json_means_what_it_says(value):
    assert decode(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (response(200, b"<html>"), "not-json"),
        (response(200, b"  <!DOCTYPE html>x"), "not-json"),
        (response(200, b"{"), "not-json"),
        (response(200, b" \n"), "empty"),
        (response(204), "empty"),
        (response(302, b"", location="/x\x1b"), "redirect"),
        (response(304), "redirect"),
    ],
)
def test_no_status_comes_from_anything_else(answer, kind):
    with pytest.raises(ProtocolError) as caught:
        payload_of(answer, "read", 0)
    assert (caught.value.kind, caught.value.status) == (kind, answer.status)
    assert caught.value.message.startswith("read: ")
    assert caught.value.message.isprintable()


def test_a_refusal_keeps_the_servers_words_raw_and_shows_them_safe():
    error = refusal(response(422, b'{"detail": "no\\u001b[2J"}', retry_after="7"), "cancel", 0.0)
    assert (error.status, error.detail, error.retry_after) == (422, "no\x1b[2J", 7.0)
    assert error.message == "cancel: HTTP 422: no\\x1b[2J"
    assert refusal(response(500, b"\xff plain words"), "read", 0).detail.endswith("plain words")
    assert refusal(response(500), "read", 0).detail is None


@given(st.integers(100, 599), st.binary(max_size=200), st.sampled_from(["text/html", "application/json", ""]))
def test_any_answer_is_json_or_an_error_with_a_message(status, body, content_type):
    try:
        payload_of(response(status, body, content_type=content_type), "read", 0)
    except JobctlError as error:
        found = error
    else:
        return
    assert not {unicodedata.category(character) for character in found.message} & UNSAFE
    assert isinstance(found, ApiError | ProtocolError)


PAGE = b"<!doctype html><html><head><title>Oops</title></head><body>token=hunter2</body></html>"


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_says_not_found_is_no_word_about_the_job(status):
    with pytest.raises(ProtocolError) as caught:
        payload_of(response(status, PAGE, retry_after="7"), "read", 0)
    error = caught.value
    assert (error.kind, error.status, error.retry_after, error.transient) == ("not-json", status, 7.0, True)
    assert 'an HTML page ("Oops")' in error.message
    assert "<" not in error.message
    assert error.hint
    for body in (b'{"detail": "no such job"}', b"Not Found", b""):
        with pytest.raises(ApiError):
            payload_of(response(status, body), "read", 0)


@pytest.mark.parametrize("status", [400, 401, 403, 409, 422, 500, 511])
def test_a_page_is_never_shown_as_the_apis_words(status):
    error = refusal(response(status, PAGE), "read", 0)
    assert error.detail == 'an HTML page ("Oops")'
    assert "hunter2" not in error.message
    wrapped = json.dumps({"message": PAGE.decode()}).encode()
    assert refusal(response(status, wrapped), "read", 0).detail == error.detail


@pytest.mark.parametrize(("status", "transient"), [(502, True), (503, True), (504, True), (200, False)])
def test_a_tunnels_page_says_when_to_come_back(status, transient):
    body = PAGE if status != 200 else b"<html>bypass-tunnel-reminder</html>"
    with pytest.raises(ProtocolError) as caught:
        payload_of(response(status, body, Retry_After="30"), "read", 0)
    assert (caught.value.kind, caught.value.retry_after) == ("tunnel-page", 30.0)
    assert caught.value.transient is transient


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 400 + ".5", "1E+400"])
def test_a_number_beyond_all_bounds_is_an_absent_field(number):
    assert decode(f'{{"a": {number}, "b": [1.5, 1e3, -2.5E-3]}}') == {"a": None, "b": [1.5, 1000.0, -0.0025]}


def test_an_empty_body_says_what_to_do():
    with pytest.raises(ProtocolError) as caught:
        payload_of(response(200), "read", 0)
    assert caught.value.hint

from __future__ import annotations

import copy
import time
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.redact import REDACTED, redact, redact_headers, redact_url


class Pair(NamedTuple):
    name: str
    value: object


@pytest.mark.parametrize(
    ("payload", "clean"),
    [
        ({"a": {"b": [{"api_key": "x", "n": 1}]}}, {"a": {"b": [{"api_key": REDACTED, "n": 1}]}}),
        ({"auth": {"user": "u", "pass": "p"}}, {"auth": REDACTED}),
        (
            {"headers": [["Authorization", "Bearer x"], ["ETag", '"a"']]},
            {"headers": [["Authorization", REDACTED], ["ETag", '"a"']]},
        ),
        ((("cookie", "a=b"), ("age", "4")), (("cookie", REDACTED), ("age", "4"))),
        (
            [{"name": "Set-Cookie", "value": "a=b"}, {"name": "X", "value": "y"}],
            [{"name": "Set-Cookie", "value": REDACTED}, {"name": "X", "value": "y"}],
        ),
        ({"url": "https://h/x?token=abc"}, {"url": "https://h/x?token=[redacted]"}),
        ({"https://u:p@h/": 1}, {"https://[redacted]@h/": 1}),
        (
            {"https://u:p@h/": 1, "https://v:q@h/": 2},
            {"https://[redacted]@h/": 1, "https://[redacted]@h/'": 2},
        ),
        ({"usage": {"max_tokens": 5, "token": 7}}, {"usage": {"max_tokens": 5, "token": 7}}),
        (b"Bearer abc\xff", b"Bearer [redacted]\xff"),
        (Pair("token", "x"), Pair("token", REDACTED)),
        ([Pair("x", ["Bearer abc"])], [Pair("x", ["Bearer [redacted]"])]),
        ("password=x", "password=[redacted]"),
    ],
)
def test_redact(payload, clean):
    before = copy.deepcopy(payload)
    result = redact(payload)
    assert result == clean
    assert type(result) is type(payload)
    assert payload == before
    assert redact(result) is result


@pytest.mark.parametrize(
    "payload",
    [
        None,
        3,
        float("nan"),
        object(),
        {1, 2},
        {"status": "running", "n": [1, {"tokens": 4}]},
        [],
        {},
        b"\xff",
        {3: 4},
    ],
)
def test_what_holds_no_secret_is_the_same_object(payload):
    assert redact(payload) is payload


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(["Bearer abc", "https://u:p@h", "token=x", "x", REDACTED]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["token", "password", "name", "value", "a", "Bearer b", "key"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
        | st.tuples(st.sampled_from(["cookie", "etag"]), inner)
    ),
    max_leaves=15,
)


@given(JSON)
def test_redacting_twice_changes_nothing_more(payload):
    once = redact(payload)
    assert redact(once) == once


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: {"a": x}, lambda x: (x,), lambda x: ["a", x]])
def test_depth_is_no_limit(wrap):
    deep = {"token": "abc"}
    for _ in range(100_000):
        deep = wrap(deep)
    result = redact(deep)
    for _ in range(100_000):
        result = result["a"] if isinstance(result, dict) else result[-1]
    assert result == {"token": REDACTED}


def test_a_circle_ends_and_stays_one():
    circle = {"token": "abc"}
    circle["self"] = circle
    result = redact(circle)
    assert result["token"] == REDACTED
    assert result["self"] is result


def test_a_circle_without_a_secret_ends_too():
    circle = {"status": "running"}
    circle["self"] = [circle]
    assert redact(circle) is circle


def test_headers_keep_order_and_duplicates():
    headers = [("Set-Cookie", "a"), ("ETag", "x"), ("set-cookie", "b"), ("Location", "/x?sig=1&y=2")]
    assert redact_headers(headers) == (
        ("Set-Cookie", REDACTED),
        ("ETag", "x"),
        ("set-cookie", REDACTED),
        ("Location", "/x?sig=[redacted]&y=2"),
    )


def test_url():
    assert (
        redact_url("wss://u:p@h/ws/1?access_token=x&_t=3")
        == "wss://[redacted]@h/ws/1?access_token=[redacted]&_t=3"
    )


@pytest.mark.parametrize("name", ["token={}", "Cookie: a={}", "https://{}:p@h/"])
def test_keys_that_come_out_the_same_are_kept_apart(name):
    payload = {name.format(f"secretvalue{n:020d}"): n for n in range(3000)}
    began = time.process_time()
    result = redact(payload)
    assert time.process_time() - began < 1.5
    assert list(result.values()) == list(range(3000))
    assert not any("secretvalue" in key for key in result)
    assert redact(result) == result

"""Errors split by who is at fault, and the server's own words found in an error body."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.make import JOB, known

from jobctl import errors
from jobctl.story import Story

STORY = Story(JOB)


@pytest.mark.parametrize(
    "error",
    [
        errors.ConfigError("no token", hint="set it"),
        errors.TransportError("nobody answered", hint="is it up?", sent=False),
        errors.ApiError("no", status=422, detail="Cannot cancel", retry_after=3.0, hint="read it"),
        errors.ProtocolError("HTML", kind="not-json", status=200, hint="a tunnel"),
        errors.DeadlineExceeded("too late", job=None, story=STORY, hint="watch again"),
        errors.JobNotSuccessful("failed", job=known("failed"), story=STORY, hint="look"),
    ],
)
def test_every_error_is_a_jobctl_error_with_a_message_and_a_next_step(error):
    assert isinstance(error, errors.JobctlError)
    assert str(error) == error.message
    assert error.hint


def test_errors_carry_what_their_handler_needs():
    assert errors.TransportError("x").sent is True, "unless known otherwise, the server may have seen it"
    refused = errors.ApiError("no", status=429, retry_after=3.0)
    assert (refused.status, refused.retry_after, refused.detail) == (429, 3.0, None)
    late = errors.DeadlineExceeded("x", job=None, story=STORY)
    assert late.story is STORY


INCIDENT = (
    "Cannot cancel job with status 'completed'. "
    "Only pending, processing, running, started jobs can be cancelled."
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": INCIDENT}, INCIDENT),
        ({"detail": [{"loc": ["body", "prompt"], "msg": "field required"}]}, "prompt: field required"),
        (
            {"detail": [{"loc": ["query", "n", 0], "msg": "not a number"}, {"loc": ["path"], "msg": "bad"}]},
            "n.0: not a number; bad",
        ),
        (
            {"detail": [{"loc": [], "msg": "a"}, {"loc": "body", "msg": "b"}, {"msg": "c"}, 7, "d"]},
            "a; b; c; d",
        ),
        ({"detail": [{"loc": [[1], True, None], "msg": "a"}]}, "a"),
        ({"error": {"message": ["one", "two"]}}, "one; two"),
        ({"detail": [{"msg": str(n)} for n in range(9)]}, "0; 1; 2; 3; 4"),
        ({"error": {"message": "quota", "code": 7}}, "quota"),
        ({"error": "quota"}, "quota"),
        ({"message": "gone"}, "gone"),
        ({"title": "Conflict", "status": 409}, "Conflict"),
        ("plain words", "plain words"),
        ({"detail": ""}, None),
        ({}, None),
        (None, None),
        ("", None),
        (17, None),
        ([1, 2], None),
        ({"detail": []}, None),
        ({"detail": {"reason": 1}}, None),
    ],
)
def test_the_servers_own_words_are_found(body, said):
    assert errors.detail_of(body) == said


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["detail", "error", "message", "x"]), inner)
    ),
)


@given(json_values)
def test_any_body_has_words_or_none(body):
    found = errors.detail_of(body)
    assert found is None or (isinstance(found, str) and found)


def test_a_body_nested_for_ever_is_no_exception():
    body: object = "bottom"
    for _ in range(5_000):
        body = {"error": body}
    assert errors.detail_of(body) in {None, "bottom"}

"""A read of two calls: which answer counts when they differ, and when one of them fails."""

from __future__ import annotations

import json

import pytest

from jobctl.client.calls import Calls
from jobctl.client.messages import Request, Response
from jobctl.errors import ApiError, JobctlError, ProtocolError, TransportError, UnheardOf
from jobctl.profile.load import Profiles

CUT = TransportError("cut", kind="cut", sent=True)
STARTED = {"uuid": "t1", "state": "STARTED", "timestamp": 5.0}


@pytest.fixture
def calls():
    profile = Profiles().get("flower").with_base_url("http://f:5555")
    return Calls(profile, auth=dict, nonce=lambda: "n", clock=lambda: 5.0)


def answer(status, payload=None):
    body = json.dumps(payload).encode() if payload is not None else b""
    return Response(status, (), body, "http://f:5555/x")


def also(state, **more):
    return answer(200, {"task-id": "t1", "state": state} | more)


def read(calls, *script):
    """Play a read; (observation or error, URLs asked)."""
    flow, asked = calls.read("t1"), []
    value, steps = None, iter(script)
    try:
        while True:
            step = flow.throw(value) if isinstance(value, Exception) else flow.send(value)
            if isinstance(step, Request):
                asked.append(step.url)
            value = next(steps) if isinstance(step, Request) else False
    except StopIteration as end:
        return end.value, asked
    except JobctlError as error:
        return error, asked


def test_both_are_asked_and_both_are_unique(calls):
    seen, asked = read(calls, answer(200, STARTED), also("PROGRESS"))
    assert asked == ["http://f:5555/api/task/info/t1?_t=n", "http://f:5555/api/task/result/t1?_t=n"]
    assert (seen.raw_status, seen.updated_at.text) == ("PROGRESS", "5.0")


@pytest.mark.parametrize("second", [answer(404), answer(503), answer(200)])
def test_a_second_answer_that_is_none_takes_nothing_away(calls, second):
    seen, _ = read(calls, answer(200, STARTED), second)
    assert (seen.raw_status, seen.payload) == ("STARTED", STARTED)


def test_a_second_answer_about_another_job_adds_nothing(calls):
    other = answer(200, {"task-id": "t2", "state": "SUCCESS", "result": "theirs"})
    seen, _ = read(calls, answer(200, STARTED), other)
    assert (seen.raw_status, seen.said_id, seen.payload) == ("STARTED", "t1", STARTED)
    seen, _ = read(calls, answer(404), other)
    assert seen.said_id == "t2", "which the rules ignore"


def test_what_only_the_second_knows_is_a_read_like_any_other(calls):
    seen, _ = read(calls, answer(404), also("SUCCESS", result="r"))
    assert (seen.raw_status, seen.result, seen.said_id) == ("SUCCESS", "r", "t1")


def test_the_word_for_any_id_is_no_status(calls):
    error, _ = read(calls, answer(404), also("PENDING"))
    assert isinstance(error, UnheardOf)
    assert (error.status, error.seen.raw_status) == (404, "PENDING")
    assert "PENDING, is said of any id" in error.message
    seen, _ = read(calls, answer(200, STARTED | {"state": "PENDING"}), also("PENDING"))
    assert seen.raw_status == "PENDING", "the first call knows it, so that it is a status"


@pytest.mark.parametrize(
    ("script", "kind", "status"),
    [
        ((answer(404), answer(404)), ApiError, 404),
        ((answer(404), answer(503)), ApiError, 503),
        ((answer(404), answer(200)), ProtocolError, 200),
        ((answer(500),), ApiError, 500),
        ((answer(200, STARTED), answer(401)), ApiError, 401),
    ],
)
def test_what_fails_is_told_by_who_failed(calls, script, kind, status):
    error, _ = read(calls, *script)
    assert (type(error), error.status) == (kind, status)


def test_a_second_call_that_breaks_off_is_a_read_that_failed(calls):
    assert read(calls, answer(200, STARTED), CUT)[0] is CUT

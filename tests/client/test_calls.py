"""The flows without a network: what is asked, how often, and what may be repeated."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from jobctl.client.calls import Calls
from jobctl.client.messages import Pause, RefreshAuth, Request, Response
from jobctl.errors import ApiError, ConfigError, ProtocolError, SubmitUncertain, TransportError
from jobctl.model import JobStatus, Source
from jobctl.profile.load import Profiles
from jobctl.profile.urls import Operation

RECORD = b'{"id": "7", "status": "running", "updated_at": "2026-01-01T00:00:00Z"}'
REFUSED = TransportError("refused", kind="refused", sent=False)
PAGE = b"<html><head><title>Sorry</title></head></html>"
CUT = TransportError("cut", kind="cut", sent=True)


@pytest.fixture
def calls():
    nonces = iter(range(100))
    return Calls(
        Profiles().get("generation").with_base_url("http://api.test:8001"),
        auth=lambda: {"Authorization": "Bearer t"}, nonce=lambda: f"n{next(nonces)}", clock=lambda: 5.0,
    )  # fmt: skip


def answer(status=200, body=RECORD, **headers):
    return Response(status, tuple(headers.items()), body, "http://api.test:8001/x")


def test_a_submit_without_an_id_says_where_it_was_looked_for(calls):
    error, _, _ = carry(calls.submit({}), answer(200, b'{"ok": true, "token": "hunter2hunter2"}'))
    assert isinstance(error, SubmitUncertain)
    assert "may or may not exist" in error.message
    assert "fields.id" in error.message
    assert '{"ok": true' in error.message
    assert "hunter2" not in error.message
    assert "accepted" not in error.message


def carry(flow, *script, refreshed=False):
    """Play a flow against scripted answers; (result or error, requests, pauses)."""
    requests, pauses, steps = [], [], iter(script)
    send, value = flow.send, None
    while True:
        try:
            step = send(value)
        except StopIteration as end:
            return end.value, requests, pauses
        except (ApiError, ProtocolError, TransportError) as error:
            return error, requests, pauses
        send = flow.send
        match step:
            case Request():
                requests.append(step)
                value = next(steps)
                send = flow.throw if isinstance(value, Exception) else flow.send
            case Pause(seconds):
                pauses.append(seconds)
                value = None
            case RefreshAuth():
                value = refreshed


def test_a_read_is_unique_and_uncached(calls):
    seen, (first,), _ = carry(calls.read("a b/c", Source.VERIFY, 3), answer())
    assert first.url == "http://api.test:8001/api/v1/generation-jobs/a%20b%2Fc?_t=n0"
    headers = dict(first.headers)
    assert (headers["Cache-Control"], headers["Pragma"]) == ("no-cache, no-store", "no-cache")
    assert headers["Authorization"] == "Bearer t"
    assert (seen.job, seen.source, seen.basis, seen.status) == ("a b/c", Source.VERIFY, 3, JobStatus.RUNNING)
    assert carry(calls.read("7"), answer())[1][0].url.endswith("?_t=n1")


@pytest.mark.parametrize(
    ("script", "sent", "kind"),
    [
        ([REFUSED, REFUSED, answer(201)], 3, "created"),
        ([REFUSED] * 4, 4, TransportError),
        ([CUT], 1, SubmitUncertain),
        ([answer(503)], 1, SubmitUncertain),
        ([answer(200, b"<html>")], 1, SubmitUncertain),
        ([answer(200, b"{}")], 1, SubmitUncertain),
        ([answer(429, b"", **{"retry-after": "2"}), answer(201)], 2, "created"),
        ([answer(303, b"", location="/login?next=%2Fapi")], 1, SubmitUncertain),
        ([answer(201, b"", location="/jobs/42")], 1, SubmitUncertain),
        ([answer(404, PAGE)] * 4, 4, ProtocolError),
        ([answer(429, PAGE), answer(201)], 2, "created"),
        ([answer(503, PAGE)], 1, SubmitUncertain),
        ([answer(422)], 1, ApiError),
        ([answer(401)], 1, ApiError),
        ([answer(307, b"", location="http://else.test/")], 1, ProtocolError),
    ],
)
def test_a_submit_is_repeated_only_when_nothing_can_have_come_of_it(calls, script, sent, kind):
    result, requests, pauses = carry(calls.submit({"a": 1}), *script)
    assert len(requests) == sent
    assert (result.job == "7") if kind == "created" else type(result) is kind, result
    assert len(pauses) == max(0, sent - 1)
    assert all(json.loads(request.body) == {"a": 1} for request in requests)


@pytest.mark.parametrize(
    ("script", "sent"),
    [([CUT, CUT, answer(201)], 3), ([answer(503), answer(201)], 2), ([answer(503, PAGE), answer(201)], 2)],
)
def test_with_a_key_it_is_repeated(calls, script, sent):
    result, requests, _ = carry(calls.submit({}, "k"), *script)
    assert (result.job, len(requests)) == ("7", sent)
    assert {dict(request.headers)["Idempotency-Key"] for request in requests} == {"k"}


def test_a_cancel_sends_the_form_of_the_profile_and_only_then_a_body(calls):
    _, (bare,), _ = carry(calls.cancel("7"), answer())
    assert (bare.method, bare.body, dict(bare.headers).get("Content-Type")) == ("POST", None, None)
    calls.profile = replace(
        calls.profile,
        cancel=Operation("PATCH", "/jobs/{id}"),
        cancel_body={"status": "cancelled", "why": "{id}"},
        headers={"content-type": "application/merge-patch+json"},
    )
    _, sent, _ = carry(calls.cancel('7"'), answer(503), answer(204, b""))
    assert [(one.method, json.loads(one.body)) for one in sent] == [
        ("PATCH", {"status": "cancelled", "why": '7"'})
    ] * 2
    kinds = [value for name, value in sent[0].headers if name.lower() == "content-type"]
    assert kinds == ["application/merge-patch+json"], "what the profile says of headers wins"


def test_a_list_may_be_a_search(calls):
    calls.profile = replace(
        calls.profile, list=Operation("POST", "/jobs/search"), list_body={"limit": "{limit}", "sort": ["-id"]}
    )
    items, (asked,), _ = carry(calls.list(3), answer(200, b'{"items": [1]}'))
    assert (items, asked.method, json.loads(asked.body)) == ([1], "POST", {"limit": 3, "sort": ["-id"]})
    assert asked.url == "http://api.test:8001/jobs/search?_t=n0"
    headers = dict(asked.headers)
    assert (headers["Content-Type"], headers["Cache-Control"]) == ("application/json", "no-cache, no-store")
    error, _, _ = carry(calls.submit({}), answer(503))
    assert "(POST /jobs/search)" in error.hint


def test_a_cancel_through_a_gateway_that_says_when_to_come_back(calls):
    script = answer(503, PAGE, **{"retry-after": "9"}), answer(204, b"")
    assert carry(calls.cancel("7"), *script)[2] == [9.0]


def test_retry_after_is_honoured_by_a_submit(calls):
    _, _, pauses = carry(calls.submit({}), answer(429, b"", **{"retry-after": "9"}), answer(201))
    assert pauses == [9.0]


def test_an_id_in_the_location_is_enough(calls):
    result, _, _ = carry(calls.submit({}), answer(201, b"", location="/api/v1/generation-jobs/42"))
    assert result.job == "42"


@pytest.mark.parametrize(
    ("script", "accepted", "status"),
    [
        ([answer(200)], True, 200),
        ([answer(202, b"")], True, 202),
        ([answer(409, b'{"error": "late"}')], False, 409),
        ([answer(422, b'{"detail": "late"}')], False, 422),
        ([CUT, answer(503), answer(204, b"")], True, 204),
        ([answer(502, PAGE), answer(404, PAGE), answer(204, b"")], True, 204),
    ],
)
def test_a_cancel_is_an_answer_either_way(calls, script, accepted, status):
    result, _, _ = carry(calls.cancel("7"), *script)
    assert (result.accepted, result.status) == (accepted, status)
    assert result.detail == (None if accepted else "late")


@pytest.mark.parametrize("status", [304, 409])
def test_a_profile_may_call_other_answers_a_yes(calls, status):
    calls.profile = replace(calls.profile, cancel_accepted=frozenset({304, 409}))
    result, _, _ = carry(calls.cancel("7"), answer(status, b'{"error": "already stopping"}'))
    assert (result.accepted, result.status, result.observation) == (True, status, None)


@pytest.mark.parametrize(("status", "sent"), [(404, 1), (401, 1), (503, 4)])
def test_a_cancel_nobody_decided(calls, status, sent):
    error, requests, _ = carry(calls.cancel("7"), *[answer(status)] * sent)
    assert (error.status, len(requests)) == (status, sent)


def test_the_list_is_whatever_the_profile_says(calls):
    items, (request,), _ = carry(calls.list(3), answer(200, b'[{"id": 1}]'))
    assert items == [{"id": 1}]
    assert "limit=3" in request.url
    error, _, _ = carry(calls.list(), answer(200, b'"what"'))
    assert isinstance(error, ProtocolError)


@pytest.mark.parametrize("job", ["..", ".", " ", "a\u202eb", "a\ud800"])
def test_an_id_no_command_would_take_is_no_id(calls, job):
    error, _, _ = carry(calls.submit({}), answer(201, json.dumps({"id": job}).encode()))
    assert isinstance(error, SubmitUncertain)
    assert "the job id is none that can be asked for" in error.message
    assert error.message.isprintable()


@pytest.mark.parametrize("key", ["", "  ", "a\r\nX: y", "é", "\x00"])
def test_an_idempotency_key_that_is_none_is_told_before_anything_is_sent(calls, key):
    with pytest.raises(ConfigError, match=r"^--idempotency-key ") as caught:
        next(calls.submit({}, key))
    assert "the same at each attempt" in caught.value.hint

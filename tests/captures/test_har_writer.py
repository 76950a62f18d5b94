"""HAR files as written: valid, readable by mitmproxy, and without secrets."""

from __future__ import annotations

import base64
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.io import FlowReader

from jobctl.captures.har_writer import write_har
from jobctl.exchange import Exchange, Path, Problem

SECRET = "hunter2hunter2"
NOON = 1_760_047_990.125


def exchange(number=1, path=Path.PLAIN, **changed):
    record = json.dumps({"id": 7, "status": "running", "api_key": SECRET}).encode()
    return Exchange(
        number,
        path,
        "POST" if path is Path.WRITE else "GET",
        f"https://api.test/jobs/7?token={SECRET}&page=2",
        (("Authorization", f"Bearer {SECRET}"), ("X-Request-Id", "n-1")),
        200,
        (("Content-Type", "application/json"), ("Set-Cookie", f"sid={SECRET}"), ("ETag", '"a"')),
        record,
        sent=5.0,
        received=5.25,
        at=NOON,
    )._replace(**changed)


def written(exchanges, notes=None):
    out = io.StringIO()
    write_har(exchanges, out, notes=notes or {})
    return out.getvalue()


def entries(exchanges, notes=None):
    return json.loads(written(exchanges, notes))["log"]["entries"]


def test_an_entry_says_what_the_exchange_was():
    (entry,) = entries([exchange()])
    assert entry["startedDateTime"] == "2025-10-09T22:13:10.125000Z"
    assert entry["time"] == 250
    assert sum(entry["timings"].values()) == 250
    assert entry["request"]["method"] == "GET"
    assert entry["request"]["queryString"][1] == {"name": "page", "value": "2"}
    assert entry["response"]["status"] == 200
    assert entry["response"]["statusText"] == "OK"
    assert entry["response"]["headers"][2] == {"name": "ETag", "value": '"a"'}
    assert entry["response"]["content"]["mimeType"] == "application/json"
    assert entry["response"]["content"]["size"] == len(exchange().body)
    assert entry["_jobctl"] == {"number": 1, "path": "plain", "nonce": "", "rules": []}
    assert "comment" not in entry


def test_an_empty_document_is_one():
    log = json.loads(written([]))["log"]
    assert (log["version"], log["creator"]["name"], log["entries"]) == ("1.2", "jobctl", [])


def test_what_har_1_2_demands_is_there():
    every = [exchange(number, path) for number, path in enumerate(Path, start=1)]
    for entry in entries(every):
        assert entry.keys() >= {"startedDateTime", "time", "request", "response", "cache", "timings"}
        assert entry["timings"].keys() >= {"send", "wait", "receive"}
        shared = {"httpVersion", "cookies", "headers", "headersSize", "bodySize"}
        assert entry["request"].keys() >= shared | {"method", "url", "queryString"}
        assert entry["response"].keys() >= shared | {"status", "statusText", "content", "redirectURL"}
        assert entry["response"]["content"].keys() >= {"size", "mimeType"}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"path": Path.EVENT, "status": 101},
        {"body": b"\xff\xfe password=" + SECRET.encode()},
        {"body": f'{{"pass\\u0077ord": "{SECRET}"}}'.encode()},
        {"body": f"token={SECRET}".encode()},
        {"status": 0, "problem": Problem("unreachable", f"no way to https://u:{SECRET}@api.test")},
        {"headers": (("Location", f"/next?token={SECRET}"),), "status": 302},
    ],
    ids=["plain", "event", "binary", "escaped", "text", "no-answer", "redirect"],
)
def test_no_secret_gets_in(changed):
    text = written([exchange(**changed)], {1: [f"R1 echo-replay: token={SECRET}"]})
    assert SECRET not in text
    for entry in json.loads(text)["log"]["entries"]:
        content = entry["response"]["content"]
        if content.get("encoding"):
            assert SECRET.encode() not in base64.b64decode(content["text"])


def test_notes_become_the_comment_and_the_rules():
    notes = ["R3 regression: older", "R4 frozen: twice", "R3 regression: again"]
    first, second = entries([exchange(1), exchange(2)], {2: notes})
    assert "comment" not in first
    assert second["comment"] == "\n".join(notes)
    assert second["_jobctl"]["rules"] == ["R3", "R4"]


def test_no_answer_is_status_0_with_its_reason():
    failed = exchange(status=0, headers=(), body=b"", problem=Problem("timeout", "no answer in 10 s"))
    (entry,) = entries([failed])
    assert (entry["response"]["status"], entry["response"]["statusText"]) == (0, "no answer in 10 s")


def test_an_event_is_a_message_of_its_socket():
    (entry,) = entries([exchange(path=Path.EVENT, status=101, body=b'{"status": "completed"}')])
    assert entry["_webSocketMessages"] == [
        {"type": "receive", "time": NOON, "opcode": 1, "data": '{"status": "completed"}'}
    ]
    assert entry["response"]["content"] == {"size": 0, "mimeType": "application/json"}


def test_mitmproxy_reads_it():
    every = [exchange(1), exchange(2, Path.WRITE), exchange(3, body=b"\xff\x00\x01")]
    flows = list(FlowReader(io.BytesIO(written(every).encode())).stream())
    assert [flow.request.method for flow in flows] == ["GET", "POST", "GET"]
    assert flows[0].response.json()["status"] == "running"
    assert flows[2].response.content == b"\xff\x00\x01"
    assert flows[0].request.timestamp_start == NOON


_TEXT = st.text(max_size=20)
_HEADERS = st.lists(st.tuples(_TEXT, _TEXT), max_size=4).map(tuple)


@given(
    st.builds(
        Exchange,
        number=st.integers(1, 3),
        path=st.sampled_from(Path),
        method=_TEXT,
        url=_TEXT | _TEXT.map("http://[".__add__),
        request_headers=_HEADERS,
        status=st.integers(0, 999),
        headers=_HEADERS,
        body=st.binary(max_size=60),
        sent=st.floats(0, 1e9),
        received=st.floats(0, 1e9),
        at=st.floats(-1e12, 1e12),
        problem=st.none() | st.builds(Problem, st.just("timeout"), _TEXT),
    )
)
def test_any_exchange_can_be_written(one):
    (entry,) = entries([one], {1: [""]})
    assert entry["_jobctl"]["number"] == one.number


@pytest.mark.parametrize("end", [float("inf"), float("nan"), -1.0], ids=str)
def test_times_that_are_none(end):
    (entry,) = entries([exchange()._replace(sent=1.0, received=end)])
    assert (entry["time"], entry["timings"]["wait"]) == (-1, 0)
    (entry,) = entries([exchange()._replace(path=Path.EVENT, at=float("nan"))])
    assert entry["_webSocketMessages"][0]["time"] == 0


def test_a_query_beside_redacted_user_information():
    (entry,) = entries([exchange()._replace(url="https://me:8f3c0a51d2e94b7788aa@x.test/v1?a=1")])
    assert entry["request"]["queryString"] == [{"name": "a", "value": "1"}]
    assert "8f3c0a51d2e94b7788aa" not in json.dumps(entry)


def test_a_secret_in_the_content_type():
    (entry,) = entries([exchange()._replace(headers=(("Content-Type", "x/y; token=8f3c0a51d2e94b7788aa"),))])
    assert "8f3c0a51d2e94b7788aa" not in json.dumps(entry)


def test_who_answered():
    (entry,) = entries([exchange()._replace(peer="[2001:db8::1]:443", nonce="n1")])
    assert (entry["serverIPAddress"], entry["_jobctl"]["nonce"]) == ("2001:db8::1", "n1")

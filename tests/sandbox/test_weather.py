from __future__ import annotations

import json
import math
import time
from pathlib import Path

import httpx
import pytest

from jobctl.sandbox import FAULTS, Place
from jobctl.sandbox.faults import Scope

BASE = "/api/v1/generation-jobs"


@pytest.fixture
def job(box):
    return box.submit(duration=60, pending=0, steps=1)


@pytest.mark.parametrize(
    "case",
    [
        ("http-5xx=100%", None, "application/json", b'{"detail": "'),
        ("rate-limit@100%", 429, "application/json", b'{"detail": "Too Many Requests"}'),
        ("garbage-json", 200, "application/json", b'{"id": 7, "status": "runn'),
        ("empty-body", 200, "application/json", b""),
        ("html-page", 200, "text/html; charset=utf-8", b"<!doctype html>"),
        ("html-page=401", 401, "text/html; charset=utf-8", b"<!doctype html>"),
        ("html-page=511", 511, "text/html; charset=utf-8", b"<!doctype html>"),
        ("wrong-type", 200, "text/plain", b'{"id":'),
        ("wrong-type=image/png", 200, "image/png", b'{"id":'),
    ],
)
def test_answers(way, job, case):
    fault, status, kind, body = case
    way.faults(fault)
    answer = way.read(job)
    assert answer.status_code in ((500, 502, 503, 504) if status is None else (status,))
    assert answer.headers["content-type"] == kind
    assert answer.content.startswith(body)


def test_one_seed_one_run_of_errors(way, job):
    def run(seed):
        way.faults("http-5xx=50%", seed=seed)
        return [way.read(job).status_code for _ in range(30)]

    first = run(1)
    assert first == run(1)
    assert first != run(2)
    assert 200 in first
    assert len(set(first)) > 2


def test_retry_after_is_whole_seconds(way, job):
    way.faults("rate-limit=1500ms@100%")
    assert way.read(job).headers["retry-after"] == "2"


@pytest.mark.parametrize("fault", ["hang", "slow-body=60s"])
def test_no_end_in_sight(way, job, fault):
    way.faults(fault)
    with pytest.raises(httpx.ReadTimeout):
        way.read(job, timeout=0.15)


def test_slow_body_arrives_whole(way, job):
    whole = way.read(job).content
    way.faults("slow-body=200ms")
    begin = time.monotonic()
    assert way.read(job).content == whole
    assert time.monotonic() - begin >= 0.19


@pytest.mark.parametrize(
    ("fault", "framing"), [("cut-body", "content-length"), ("cut-chunked", "transfer-encoding")]
)
def test_cut_bodies(way, job, fault, framing):
    whole = way.read(job).content
    way.faults(fault)
    with way.http.stream("GET", f"{BASE}/{job}") as answer:
        assert answer.status_code == 200
        assert framing in answer.headers
        parts = answer.iter_raw()
        got = next(parts)
        with pytest.raises(httpx.RemoteProtocolError):
            next(parts)
    assert got == whole[: len(whole) // 2]


def test_no_answer_at_all(way, job):
    way.faults("http-drop@100%")
    with pytest.raises(httpx.RemoteProtocolError):
        way.read(job)


def test_huge_body_streams_as_long_as_one_reads(way, job):
    way.faults("huge-body")
    with way.http.stream("GET", f"{BASE}/{job}") as answer:
        assert answer.headers["content-length"] == "1000000000"
        stream = answer.iter_raw(1_000_000)
        assert sum(len(next(stream)) for _ in range(5)) == 5_000_000


def test_huge_body_of_a_size_is_json(way, job):
    way.faults("huge-body=200kB")
    answer = way.read(job)
    assert len(answer.content) == 200_000
    assert answer.json()["status"] == "running"


def test_deep_json(way, job):
    way.faults("deep-json=20000")
    with pytest.raises(RecursionError):
        json.loads(way.read(job).content)


@pytest.mark.parametrize("path", [f"{BASE}/{{}}", f"{BASE}?ids={{}}", "/v1/jobs/{}", "/v1/jobs?ids={}"])
def test_bent_records(way, job, path):
    def record():
        data = way.http.get(path.format(job)).json()
        found = data.get("job") or (data.get("items") or data.get("jobs") or [data])[0]
        assert found.keys() == sound.keys() if sound else True
        return found

    sound = {}
    sound = record()
    way.faults("nan-json")
    assert math.isnan(record()["progress"])
    way.faults("wrong-fields")
    bent = record()
    assert all(type(bent[name]) is not type(value) for name, value in sound.items())


def test_faults_combine(way, job):
    way.faults("nan-json", "wrong-type", "slow-body=60ms", "html-page@0%", "http-5xx=0%")
    answer = way.read(job)
    assert answer.headers["content-type"] == "text/plain"
    assert b"NaN" in answer.content


def test_read_faults_leave_the_rest_alone(way):
    way.faults("http-5xx=100%", "hang")
    created = way.http.post(BASE, json={})
    assert created.status_code == 201
    assert way.http.post(f"{BASE}/{created.json()['id']}/cancel").status_code == 200
    assert way.http.get("/openapi.json").status_code == 200
    assert way.http.get("/_sandbox/requests").status_code == 200


def test_the_page_meets_every_call_but_control(way, job):
    way.faults("html-page")
    for method, path in (("POST", BASE), ("GET", "/openapi.json"), ("POST", f"{BASE}/{job}/cancel")):
        assert way.http.request(method, path).headers["content-type"].startswith("text/html")
    assert "total" in way.http.get("/_sandbox/requests").json()


@pytest.mark.parametrize(("fault", "path"), [("submit-error", BASE), ("cancel-error", BASE + "/{}/cancel")])
def test_writes_that_fail_change_nothing(way, box, job, fault, path):
    before = way.http.get(BASE).json()["total"]
    way.faults(fault)
    assert way.http.post(path.format(job)).status_code == 503
    assert way.http.get(BASE).json()["total"] == before
    assert box.history(job)[-1]["state"] == "running"


def test_submit_lost_is_stored_and_unanswered(direct, box):
    before = direct.http.get(BASE).json()["total"]
    direct.faults("submit-lost")
    for base in (BASE, "/v1/jobs"):
        with pytest.raises(httpx.RemoteProtocolError):
            direct.http.post(base, json={}, headers={"Idempotency-Key": "lost"})
    direct.faults()
    assert direct.http.get("/v1/jobs").json()["total"] >= before + 2
    again = direct.http.post(BASE, json={}, headers={"Idempotency-Key": "lost"})
    assert direct.http.get(BASE).json()["items"][0]["id"] == again.json()["id"]


def test_auth(direct, box, job):
    direct.faults("auth=opensesame")
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic opensesame"}):
        answer = direct.read(job, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert direct.read(job, headers={"Authorization": "bearer opensesame"}).status_code == 200
    assert direct.http.get("/openapi.json").status_code == 200


def test_forbidden(direct, job):
    direct.faults("forbidden")
    assert direct.read(job).status_code == 403
    assert direct.http.post("/v1/jobs").json() == {"error": {"message": "Not allowed"}}


def test_replica_lag(direct, box):
    job = box.submit(duration=0, pending=0)
    direct.faults("replica-lag=1h")
    assert direct.read(job).status_code == 404
    assert direct.http.get(f"{BASE}?ids={job}").json()["items"] == []
    job = box.submit(duration=0.05, pending=0)
    states = set()
    direct.faults("replica-lag=100ms@50%")
    while len(states) < 2 or "completed" not in states:
        states.add(direct.read(job).json().get("status"))
    assert states > {"completed"}


def test_cancel_race(direct, box):
    job = box.submit(duration=0.15, pending=0, end="failed")
    direct.faults("cancel-race")
    answer = direct.http.post(f"{BASE}/{job}/cancel")
    assert answer.status_code == 200
    assert answer.json()["status"] in {"started", "processing"}
    assert direct.frames(job)[0][-1]["status"] == "completed"
    assert "cancelled" not in {entry["status"] for entry in box.history(job)}


def test_cancel_delay(direct, box, job):
    direct.faults("cancel-delay=50ms")
    answer = direct.http.post(f"{BASE}/{job}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "started")
    assert direct.frames(job)[0][-1]["status"] == "cancelled"


def test_ansi(direct, box):
    job = box.submit(duration=0, pending=0, end="failed")
    direct.faults("ansi")
    assert "\x1b[31m" in direct.read(job).json()["error_message"]
    assert "\x1b[31m" in direct.http.get(f"/v1/jobs/{job}").json()["job"]["error"]
    assert "\x1b[31m" in direct.http.post(f"{BASE}/{job}/cancel").json()["detail"]


def test_unknown_status(direct, box, job):
    direct.faults("unknown-status=odd")
    assert direct.read(job).json()["status"] == "odd"
    assert direct.frames(job, 1)[0][0]["status"] == "odd"
    assert direct.read(box.submit(duration=0, pending=0)).json()["status"] == "completed"


def test_no_updated_at(direct, job):
    direct.faults("no-updated-at")
    assert "updated_at" not in direct.read(job).json()
    assert "updated_at" not in direct.http.get(f"/v1/jobs/{job}").json()["job"]
    assert "updated_at" not in direct.frames(job, 1)[0][0]


def test_forget(direct, box, job):
    done = box.submit(duration=0, pending=0)
    direct.faults("forget")
    assert direct.read(done).status_code == 404
    assert direct.read(job).status_code == 200
    page = direct.http.get(f"{BASE}?ids={done},{job}").json()
    assert ([item["id"] for item in page["items"]], page["total"]) == ([int(job)], 1)


def test_every_fault_has_a_test_here_or_beside():
    text = "".join(
        path.read_text() for path in Path(__file__).parent.glob("test_*.py") if "faults" not in path.name
    )
    assert [name for name in FAULTS if f'"{name}' not in text] == []
    assert {kind.scope for kind in FAULTS.values() if Place.TUNNEL in kind.where} == set(Scope)

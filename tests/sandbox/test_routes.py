from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import httpx
import pytest

GENERATION, V1 = "/api/v1/generation-jobs", "/v1/jobs"
LONG = {"sandbox": {"duration": 60, "pending": 0}}
NOW = {"sandbox": {"duration": 0, "pending": 0}}


def test_generation_life(way):
    answer = way.http.post(GENERATION, json={"prompt": "p", **NOW})
    assert answer.status_code == 201
    assert "cache-control" not in answer.headers
    record = answer.json()
    assert record["status"] == "pending"
    assert isinstance(record["id"], int)
    read = way.read(record["id"])
    assert "cache-control" not in read.headers
    record = read.json()
    assert (record["status"], record["progress"], record["error_message"]) == ("completed", 100, None)
    assert record["prompt"] == "p"
    assert record["content_id"] >= 65018
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", record["updated_at"])
    refused = way.http.post(f"{GENERATION}/{record['id']}/cancel")
    assert refused.status_code == 422
    assert refused.json() == {
        "detail": "Cannot cancel job with status 'completed'. "
        "Only pending, processing, running, started jobs can be cancelled."
    }


def test_v1_life(way):
    answer = way.http.post(V1, json=NOW | {"sandbox": {"duration": 0, "pending": 0, "end": "failed"}})
    assert answer.status_code == 202
    job = answer.json()["job"]
    assert job["status"] == "queued"
    job = way.http.get(f"{V1}/{job['id']}").json()["job"]
    assert (job["status"], job["error"], job["result"]) == ("failed", "worker ran out of memory", None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", job["updated_at"])
    refused = way.http.post(f"{V1}/{job['id']}/cancel")
    assert refused.status_code == 409
    assert refused.json() == {"error": {"message": "Job is already failed"}}


def test_cancel_a_running_job_in_both_apis(direct):
    for base, key in ((GENERATION, None), (V1, "job")):
        answer = direct.http.post(base, json=LONG).json()
        job = answer if key is None else answer[key]
        cancelled = direct.http.post(f"{base}/{job['id']}/cancel")
        record = cancelled.json() if key is None else cancelled.json()[key]
        assert (cancelled.status_code, record["status"]) == (200, "cancelled")


def test_v1_sees_generation_jobs_by_its_own_words(direct, box):
    job = box.submit(duration=60, pending=0)
    assert direct.read(job).json()["status"] == "started"
    assert direct.http.get(f"{V1}/{job}").json()["job"]["status"] == "running"
    assert direct.read(box.submit("v1")).status_code == 404


@pytest.mark.parametrize(
    ("base", "body"),
    [(GENERATION, {"detail": "Job not found"}), (V1, {"error": {"message": "Job not found"}})],
)
def test_unknown_jobs(direct, base, body):
    for answer in (direct.http.get(f"{base}/1"), direct.http.post(f"{base}/no%2Fbody/cancel")):
        assert (answer.status_code, answer.json()) == (404, body)


@pytest.mark.parametrize(
    "content",
    [
        b"{", b"[]", b'"text"', b"NaN", b'{"a": NaN}', b'{"prompt": "\\ud800"}', b"[" * 100_000, b"\xff",
        b'{"sandbox": 3}', b'{"sandbox": {"steps": "x"}}', b'{"sandbox": {"duration": 1e400}}',
    ],
)  # fmt: skip
@pytest.mark.parametrize(("base", "status"), [(GENERATION, 422), (V1, 400)])
def test_bad_bodies(direct, base, status, content):
    answer = direct.http.post(base, content=content)
    assert answer.status_code == status
    assert answer.json()


@pytest.mark.parametrize("wish", ["a/b", "..x", "with space", "é", "-dash", "a%2Fb", "a?b#c", "\U0001f600"])
def test_ids_of_any_shape(way, wish):
    wish += way.place
    created = way.http.post(V1, json={"id": wish, **LONG})
    assert created.json()["job"]["id"] == wish
    path = f"{V1}/{quote(wish, safe='')}"
    assert way.http.get(path).json()["job"]["id"] == wish
    assert way.http.post(path + "/cancel").json()["job"]["status"] == "cancelled"
    assert way.http.post(V1, json={"id": wish}).status_code == 400


def test_idempotency_keys(way):
    headers = {"Idempotency-Key": f"key-{way.place}"}
    for base, clash in ((GENERATION, 422), (V1, 409)):
        first, again = (way.http.post(base, json=LONG, headers=headers) for _ in range(2))
        record, same = first.json(), again.json()
        assert (record if base == GENERATION else record["job"])["id"] == (
            same if base == GENERATION else same["job"]
        )["id"]
        assert way.http.post(base, json=NOW, headers=headers).status_code == clash


def test_two_submits_with_one_key_at_once_make_one_job(direct, box):
    async def both():
        async with httpx.AsyncClient(base_url=box.url, trust_env=False) as client:
            posts = [client.post(V1, json=LONG, headers={"Idempotency-Key": "same"}) for _ in range(8)]
            return {answer.json()["job"]["id"] for answer in await asyncio.gather(*posts)}

    assert len(asyncio.run(both())) == 1


def test_lists(direct, box):
    jobs = [box.submit(duration=60, pending=0) for _ in range(3)]
    done = box.submit(duration=0, pending=0)
    other = box.submit("v1", duration=60, pending=0)
    ids = ",".join([*jobs, done, other])
    page = direct.http.get(f"{GENERATION}?ids={ids}&limit=2&offset=1").json()
    assert [item["id"] for item in page["items"]] == [int(jobs[2]), int(jobs[1])]
    assert page["total"] == 4
    page = direct.http.get(f"{GENERATION}?ids={ids}&status=completed,cancelled").json()
    assert [item["id"] for item in page["items"]] == [int(done)]
    page = direct.http.get(f"{V1}?ids={ids}&status=running").json()
    assert [item["id"] for item in page["jobs"]] == [other, *jobs[::-1]]
    assert direct.http.get(f"{V1}?status=nonsense").json() == {"jobs": [], "total": 0}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=1001", "offset=-1", "limit=\u0663", "offset=" + "9" * 30]
)
def test_bad_list_queries(direct, query):
    assert direct.http.get(f"{GENERATION}?{query}").status_code == 422


def test_other_routes(direct):
    assert direct.http.get("/nothing").json() == {"detail": "Not Found"}
    assert direct.http.delete(V1).status_code == 405
    assert direct.http.head(V1).status_code == 200


def test_history_and_counters(way, box):
    job = str(way.http.post(GENERATION, json=NOW).json()["id"])
    for _ in range(3):
        way.read(job)
    entries = way.http.get(f"/_sandbox/history/{job}").json()
    assert entries == box.history(job)
    assert [entry["state"] for entry in entries][-1] == "completed"
    assert way.http.get("/_sandbox/history/nobody").status_code == 404
    counts = way.http.get("/_sandbox/requests").json()
    assert counts["jobs"][job] == {"read": 3}
    assert counts["routes"]["GET /api/v1/generation-jobs/{id}"] == 3
    assert counts["total"] == 4


def test_many_readers_at_once(direct, box):
    jobs = [box.submit(duration=0.2, pending=0) for _ in range(20)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(direct.read, jobs * 5))
    assert {answer.status_code for answer in answers} == {200}


def test_echo_request_id(box, direct):
    job = box.submit(duration=60, pending=0)
    paths = (
        f"/api/v1/generation-jobs/{job}",
        "/api/v1/generation-jobs",
        "/api/v1/generation-jobs/0",
        "/v1/jobs",
    )

    def echoes(**headers):
        return [direct.http.get(path, headers=headers).headers.get("x-request-id") for path in paths]

    assert echoes(**{"X-Request-Id": "a1"}) == [None] * 4
    direct.faults("echo-request-id")
    assert echoes(**{"X-Request-Id": "a1"}) == ["a1"] * 4
    assert echoes() == [None] * 4


def test_an_echo_out_of_a_cache_is_another_requests(box, tunnelled):
    box.set_faults(["echo-request-id"], ["cache"])
    job = box.submit(duration=60, pending=0)
    got = [tunnelled.read(job, headers={"X-Request-Id": sent}).headers["x-request-id"] for sent in ("a", "b")]
    assert got == ["a", "a"]

"""The adversarial origin tells what it is asked to tell, and its log says who asked."""

from __future__ import annotations

import contextlib

import httpx
import pytest
from support.adversarial import PREFIX, Jobs, Origin
from support.behaviour import Behaviour, Memo, Replica, digest


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def origin(clock):
    with Origin(clock) as origin, httpx.Client(base_url=origin.url, trust_env=False, timeout=10) as http:
        origin.read = lambda job, **how: http.request(
            how.pop("method", "GET"), PREFIX + job.id + how.pop("query", ""), **how
        )
        yield origin


def progress(answer):
    return answer.json()["progress"]


def test_a_job_is_a_function_of_the_clock(origin, clock):
    job = origin.add("1", Behaviour(period=0.5))
    first = origin.read(job)
    assert origin.read(job).content == first.content
    clock.now += 0.5
    second = origin.read(job)
    assert progress(second) > progress(first)
    assert second.json()["updated_at"] > first.json()["updated_at"]
    assert [hit.tick for hit in job.hits] == [20, 20, 21]
    assert [hit.digest for hit in job.hits] == [digest(one.content) for one in (first, first, second)]


def test_the_log_says_who_asked_for_what(origin):
    job = origin.add("1", Behaviour(etag="strong"))
    etag = origin.read(job, query="?_t=1", headers={"X-Request-Id": "a"}).headers["etag"]
    asked = {"X-Request-Id": "b", "If-None-Match": f"W/{etag}"}
    assert origin.read(job, method="HEAD", headers=asked).status_code == 304
    one, two = job.hits
    assert (one.method, one.target, one.request_id, one.status) == ("GET", f"{PREFIX}1?_t=1", "a", 200)
    assert (two.method, two.request_id, two.if_none_match, two.status) == ("HEAD", "b", f"W/{etag}", 304)


def test_what_is_unique_in_each_answer(origin):
    job = origin.add("1", Behaviour(echo=True, request_id=True, etag="per-request", frozen=True))
    one, two = (origin.read(job, headers={"X-Request-Id": word}) for word in "ab")
    assert (one.headers["x-request-id"], two.headers["x-request-id"]) == ("a", "b")
    assert one.headers["x-trace-id"] != two.headers["x-trace-id"]
    assert one.headers["etag"] != two.headers["etag"]


def test_a_body_nonce_moves_with_the_clock_of_the_server(origin, clock):
    job = origin.add("1", Behaviour(body_nonce=True, frozen=True, clock_skew=-3 * 86400))
    one = origin.read(job).json()
    clock.now += 0.001
    two = origin.read(job).json()
    assert one.pop("server_time") < two.pop("server_time")
    assert one == two


@pytest.mark.parametrize("kind", ["constant", "random", "stalled"])
def test_a_replica_lags_and_never_leads(origin, clock, kind):
    job = origin.add("1", Behaviour(period=0.1, replica=Replica(0.5, 1.0, kind)))
    behind = []
    for _ in range(100):
        clock.now += 0.07
        behind.append(job.tick_at(clock.now) - job.told(clock.now))
    assert min(behind) == 0
    assert 5 <= max(behind) <= 10
    assert 10 <= sum(ticks > 0 for ticks in behind) <= 80


def test_a_replica_may_be_chosen_by_connection(origin, clock):
    job = origin.add("1", Behaviour(period=0.1, replica=Replica(0.5, 1.0, by_connection=True)))
    told = {port: {job.told(clock.now, ("127.0.0.1", port)) for _ in range(5)} for port in range(50)}
    assert {tuple(ticks) for ticks in told.values()} == {(100,), (90,)}


@pytest.mark.parametrize("key", ["path", "url"])
def test_a_memo_of_the_application(origin, clock, key):
    job = origin.add("1", Behaviour(period=0.1, memo=Memo(3.0, key, own_age=True)))
    first = origin.read(job)
    clock.now += 2.0
    again, other = origin.read(job), origin.read(job, query="?_t=1")
    assert (again.content, again.headers["age"]) == (first.content, "2")
    assert (other.content == first.content) is (key == "path")
    clock.now += 1.5
    assert origin.read(job).content != first.content
    assert len(job.hits) == 4


def test_the_rest_of_its_tricks(origin, clock):
    told = Behaviour(
        stamps="seconds", vendor_word=True, own_age="constant", flapping=True, cache_control="no-store"
    )
    job = origin.add("1", told)
    one = origin.read(job)
    clock.now += told.period
    two = origin.read(job)
    assert (one.headers["x-cache"], one.headers["age"], one.headers["cache-control"]) == (
        "HIT",
        "30",
        "no-store",
    )
    assert "." not in one.json()["updated_at"]
    assert {progress(one), progress(two)} == {40.0, 50.0}
    assert origin.read(origin.add("2", Behaviour(finished=True))).json()["status"] == "completed"
    assert "updated_at" not in origin.read(origin.add("3", Behaviour(stamps="none"))).json()


def test_refusals(origin):
    limited = origin.add("1", Behaviour(rate_limit=1))
    assert [origin.read(limited).status_code for _ in range(2)] == [200, 429]
    guarded = origin.add("2", Behaviour(auth="word"))
    assert origin.read(guarded).status_code == 401
    assert origin.read(guarded, headers={"Authorization": "Bearer word"}).status_code == 200
    assert origin.read(guarded, method="DELETE").status_code == 405
    del origin.jobs._jobs["2"]
    gone = origin.read(guarded)
    assert (gone.status_code, gone.json()) == (404, {"detail": "Job not found"})


def test_it_goes_into_another_application():
    jobs, passed = Jobs(), []
    job = jobs.add("1")

    async def inner(scope, _receive, _send):
        passed.append(scope["path"])

    async def send(_message):
        pass

    for path in (PREFIX + job.id, "/other"):
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
        with contextlib.suppress(StopIteration):
            jobs.around(inner)(scope, None, send).send(None)
    assert passed == ["/other"]
    assert len(job.hits) == 1

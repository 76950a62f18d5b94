from __future__ import annotations

import httpx
import pytest

from jobctl.sandbox import Place
from jobctl.sandbox.cache import ReadCache, _Copy
from jobctl.sandbox.plan import FaultPlan
from jobctl.sandbox.targets import Counters

BASE = "/api/v1/generation-jobs"
BUST = {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"}


@pytest.fixture
def job(box):
    return box.submit(duration=60, pending=60)


def stale(way, box, job, *, query="", headers=None):
    """Read, cancel behind the tunnel's back, read again: whether the second answer is old."""
    first = way.http.get(f"{BASE}/{job}{query and query + '1'}", headers=headers)
    assert first.json()["status"] == "pending"
    box.cancel(job)
    way.last = way.http.get(f"{BASE}/{job}{query and query + '2'}", headers=headers)
    return way.last.json()["status"] == "pending"


@pytest.mark.parametrize(
    "case",
    [
        ((), "", None, False),
        (("cache",), "", None, True),
        (("cache=0s",), "", None, False),
        (("cache",), "?_t=", None, False),
        (("cache",), "", BUST, False),
        (("cache", "cache-drop-query"), "?_t=", None, True),
        (("cache-drop-query",), "?_t=", BUST, False),
        (("cache", "cache-ignore-no-store"), "", BUST, True),
        (("cache-ignore-no-store",), "?_t=", BUST, False),
        (("cache-ignore-no-store", "cache-drop-query"), "?_t=", BUST, True),
    ],
)
def test_what_beats_which_cache(tunnelled, box, job, case):
    faults, query, headers, old = case
    tunnelled.faults(*faults)
    assert stale(tunnelled, box, job, query=query, headers=headers) is old
    assert box.requests()["jobs"][job]["read"] == (1 if old else 2)


def test_a_silent_cache_leaves_no_trace(tunnelled, box, job):
    tunnelled.faults("cache")
    fresh = tunnelled.read(job)
    hit = tunnelled.read(job)
    assert hit.content == fresh.content
    assert [name for name, _ in hit.headers.raw] == [name for name, _ in fresh.headers.raw]
    assert not {"age", "x-cache", "via"} & set(hit.headers)
    assert box.requests("tunnel")["cache"] == {"hit": 1, "miss": 1, "pass": 0}


def test_an_honest_cache_says_so(tunnelled, job):
    tunnelled.faults("cache-honest")
    fresh, hit = tunnelled.read(job), tunnelled.read(job)
    assert (fresh.headers["x-cache"], hit.headers["x-cache"]) == ("MISS", "HIT")
    assert "age" not in fresh.headers
    assert hit.headers["age"] == "0"
    assert hit.headers["date"] == fresh.headers["date"]


def test_no_cache_replaces_the_copy_and_no_store_does_not(tunnelled, box, job):
    tunnelled.faults("cache")
    assert tunnelled.read(job).json()["status"] == "pending"
    box.cancel(job)
    assert tunnelled.read(job, headers={"Cache-Control": "no-store"}).json()["status"] == "cancelled"
    assert tunnelled.read(job).json()["status"] == "pending"
    assert tunnelled.read(job, headers={"Cache-Control": "No-Cache"}).json()["status"] == "cancelled"
    assert tunnelled.read(job).json()["status"] == "cancelled"


def test_lists_are_cached_and_nothing_else(tunnelled, box, job):
    tunnelled.faults("cache", "cache-ignore-no-store")
    for _ in range(2):
        tunnelled.http.get(BASE)
        tunnelled.http.get("/openapi.json")
        tunnelled.http.post(BASE, json={})
        tunnelled.read("0")
        tunnelled.http.head(f"{BASE}/{job}")
    routes = box.requests()["routes"]
    assert routes == {
        f"GET {BASE}": 1,
        "GET /openapi.json": 2,
        f"POST {BASE}": 2,
        f"GET {BASE}/{{id}}": 4,
    }


def test_a_copy_outlives_its_time_only_in_memory(tunnelled, job):
    now, counters = [100.0], Counters()
    cache = ReadCache(
        tunnelled.box._hosting._tunnel._forward, FaultPlan(Place.TUNNEL, ["cache=10s"]), counters
    )
    cache._clock = lambda: now[0]
    assert cache._fresh(b"x") is None
    cache._store(b"x", _Copy(100.0, [], b""))
    for at, fresh in ((109.9, True), (110.0, False)):
        now[0] = at
        assert (cache._fresh(b"x") is not None) is fresh
    for number in range(1001):
        cache._store(str(number).encode(), _Copy(110.0, [], b""))
    assert len(cache._copies) == 1000


def test_a_cache_behind_other_faults_and_in_front_of_the_servers(tunnelled, box, job):
    box.set_faults(server=["wrong-type"], tunnel=["cache", "nan-json"])
    for _ in range(2):
        answer = tunnelled.read(job)
        assert b"NaN" in answer.content
        assert answer.headers["content-type"] == "text/plain"
    assert box.requests()["jobs"][job]["read"] == 1


def test_a_cut_answer_is_not_stored(tunnelled, box, job):
    box.set_faults(server=["cut-body"], tunnel=["cache"])
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            tunnelled.read(job)
    assert box.requests()["jobs"][job]["read"] == 2


def test_setting_faults_empties_the_cache(tunnelled, box, job):
    tunnelled.faults("cache")
    tunnelled.read(job)
    tunnelled.faults("cache")
    tunnelled.read(job)
    assert box.requests()["jobs"][job]["read"] == 2

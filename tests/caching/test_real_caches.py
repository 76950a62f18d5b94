"""Each intermediary of the table, really started: what it stores, by which key, what it passes on."""

from __future__ import annotations

import httpx
import pytest
from support.adversarial import PREFIX, Origin
from support.behaviour import Behaviour
from support.caches import cache
from support.intermediaries import INTERMEDIARIES, POLICIES
from websockets.exceptions import InvalidHandshake
from websockets.sync.client import connect

from jobctl.sandbox import Sandbox


@pytest.fixture(scope="module")
def origin():
    with Origin() as origin:
        yield origin


@pytest.fixture(scope="module")
def http():
    with httpx.Client(trust_env=False, timeout=10) as http:
        yield http


def read_twice(http, url, job, query=""):
    """Read once, then again with another query; return the last answer and how many reads got through."""
    for number in (1, 2):
        asked = f"?{query}={number}" if query else ""
        answer = http.get(f"{url}{PREFIX}{job.id}{asked}", headers={"X-Request-Id": f"{job.id}-{number}"})
        assert answer.status_code == 200
    return answer, len(job.hits)


@pytest.mark.parametrize("name", INTERMEDIARIES)
def test_what_it_stores_and_by_which_key(origin, http, name):
    row = INTERMEDIARIES[name]
    with cache(name, origin.url) as url:
        for policy, options in POLICIES.items():
            job = origin.add(f"{name}-{policy}", Behaviour(**options, frozen=True))
            _, reached = read_twice(http, url, job)
            assert (reached == 1) is (policy in row.stores), policy
            assert job.hits[0].request_id == f"{job.id}-1"
        keyed = origin.add(f"{name}-key", Behaviour(**POLICIES["max-age"], frozen=True))
        _, reached = read_twice(http, url, keyed, query="_t")
        assert (reached == 2) is row.query_in_key


def fields(answer):
    return {name: answer.headers.get(name) for name in ("cache-control", "etag", "last-modified")}


@pytest.mark.parametrize("name", [name for name, row in INTERMEDIARIES.items() if not row.stores])
def test_what_is_only_passed_on(origin, http, name):
    told = Behaviour(cache_control="no-store", etag="strong", last_modified=True, frozen=True)
    job = origin.add(f"{name}-passed", told)
    direct, _ = read_twice(http, origin.url, job)
    with cache(name, origin.url) as url:
        passed, reached = read_twice(http, url, job)
    assert reached == 4
    assert passed.json() == direct.json()
    expected = fields(direct)
    if name == "nginx-gzip":
        expected["etag"] = f"W/{expected['etag']}"
    assert (fields(passed) != expected) is INTERMEDIARIES[name].rewrites


def test_a_hit_of_nginx_says_nothing_at_all(origin, http):
    job = origin.add("silent", Behaviour(cache_control="no-store", frozen=True))
    with cache("nginx-forced", origin.url) as url:
        direct, _ = read_twice(http, origin.url, job)
        hit, reached = read_twice(http, url, job)
    assert reached == 3
    assert set(hit.headers) - set(direct.headers) <= {"server", "connection"}


@pytest.mark.parametrize(
    "case",
    [("nginx-forced-path", "x-cache-status", "HIT"), ("varnish-stock", "age", "0")],
    ids=lambda c: c[0],
)
def test_a_hit_that_says_so(origin, http, case):
    name, field, word = case
    job = origin.add(f"{name}-said", Behaviour(frozen=True))
    with cache(name, origin.url) as url:
        hit, _ = read_twice(http, url, job)
    assert hit.headers[field] == word
    if name == "varnish-stock":
        assert len(hit.headers["x-varnish"].split()) == 2


@pytest.mark.parametrize("name", INTERMEDIARIES)
def test_whether_a_websocket_passes(name):
    with Sandbox() as box, cache(name, box.url) as url:
        job = box.submit(duration=60)
        address = f"{url.replace('http', 'ws', 1)}/ws/jobs/{job}"
        if INTERMEDIARIES[name].upgrades:
            with connect(address, proxy=None, open_timeout=10) as socket:
                assert job in socket.recv(10)
        else:
            with pytest.raises(InvalidHandshake):
                connect(address, proxy=None, open_timeout=10)

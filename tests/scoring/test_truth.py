from __future__ import annotations

import pytest
from scoring.scripted import ScriptedClient
from scoring.truth import Kind, truth
from support.adversarial import Origin
from support.behaviour import Behaviour, Hit, digest
from support.caches import cache

from jobctl.exchange import Exchange, Path


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def origin(clock):
    with Origin(clock) as origin:
        yield origin


def play(origin, clock, name, behaviour, script):
    """Read as the script says; a digit lets that many seconds pass. Returns the truth and the client."""
    job = origin.add(f"{name}-{script}", behaviour)
    with cache(name, origin.url) as url, ScriptedClient(job, origin.url, url, clock) as client:
        for step in script:
            if step.isdigit():
                clock.now += int(step)
            else:
                client.read(step)
        dropped = name == "nginx-forced-path"
        return truth(client.exchanges, job, query_in_key=not dropped)


def test_a_path_that_passes_everything_on(origin, clock):
    found = play(origin, clock, "nginx-pass", Behaviour(), "DP1PDBP1P")
    assert (found.kind, found.plain, found.from_memory) == (Kind.CLEAN, 4, 0)


@pytest.mark.parametrize("name", ["nginx-forced", "varnish-stock"])
def test_a_silent_copy_is_stale_once_the_job_has_moved(origin, clock, name):
    found = play(origin, clock, name, Behaviour(period=2.0), "DP1P2P2PBDP")
    assert (found.kind, found.plain, found.from_memory, found.stale) == (Kind.STALE, 5, 4, 3)
    # The copy was made at 0 s, the job moved at 2 s, the last reads were at 5 s.
    assert (found.oldest, found.worst) == (5.0, 3.0)


def test_a_copy_of_a_job_that_stands_still_is_only_cached(origin, clock):
    found = play(origin, clock, "varnish-stock", Behaviour(finished=True), "DP3P")
    assert (found.kind, found.from_memory, found.oldest, found.worst) == (Kind.CACHED, 1, 3.0, 0.0)


def test_a_key_without_query_is_filled_by_a_busted_read(origin, clock):
    found = play(origin, clock, "nginx-forced-path", Behaviour(period=5.0), "B3P")
    assert (found.kind, found.from_memory, found.oldest) == (Kind.CACHED, 1, 3.0)


def test_a_304_from_memory_is_a_stale_validator(origin, clock):
    job = origin.add("v", Behaviour(etag="strong"))
    with (
        cache("nginx-cache-valid", origin.url) as url,
        ScriptedClient(job, origin.url, url, clock) as client,
    ):
        etag = client.read("P").header("etag")
        clock.now += 1
        assert client.read("V", etag).status == 304
    found = truth(client.exchanges, job)
    assert (found.kind, found.from_memory, found.validated) == (Kind.STALE, 0, 1)


def exchange(nonce, body, sent, path=Path.PLAIN):
    return Exchange(1, path, "GET", "http://h/j", (), 200, (), body, sent, sent + 0.01, nonce=nonce)


@pytest.mark.parametrize(
    ("hit", "from_memory"), [((200, b"new"), 1), ((304, b""), 0), ((200, b"old"), 0)], ids=str
)
def test_an_id_that_reached_the_origin_after_the_answer(origin, clock, hit, from_memory):
    # nginx answers from its store and fetches in the background, with the id it was asked with.
    job = origin.add("b", Behaviour(period=1.0), age=0.0)
    status, body = hit
    job.hits += [
        Hit(1000.0, "GET", "/j", "one", "", 200, digest(b"old"), 0),
        Hit(1003.0, "GET", "/j", "two", "", status, digest(body), 3),
    ]
    found = truth([exchange("one", b"old", 1000.0), exchange("two", b"old", 1003.0)], job)
    assert found.from_memory == from_memory
    if from_memory:
        assert (found.kind, found.oldest, found.worst) == (Kind.STALE, 3.0, 2.0)

from __future__ import annotations

import json

import httpx
import pytest
from mitmproxy import exceptions
from mitmproxy.test import tflow
from support.mitm import Mitmdump, addon_file, loaded, watch_badly
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from jobctl.caching import bad_cache
from jobctl.caching.bad_cache import BadCacheAddon
from jobctl.sandbox import Sandbox

READ = b"/api/v1/generation-jobs/7"


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cache(clock):
    new = BadCacheAddon(clock)
    with loaded(new) as new.context:
        yield new


def ask(cache, body, *, path=READ, method=b"GET", status=200, asked=(), **answered):
    """One request through the cache to a server that would answer `body`: what the client gets."""
    flow = tflow.tflow()
    flow.request.data.path, flow.request.data.method = path, method
    for name, value in asked:
        flow.request.headers[name] = value
    cache.request(flow)
    if flow.response is None:
        flow.response = tflow.tflow(resp=True).response
        flow.response.status_code = status
        flow.response.data.content = body
        for name, value in answered.items():
            flow.response.headers[name.replace("_", "-")] = value
    cache.response(flow)
    return flow.response


def test_a_stored_answer_comes_again_until_its_time_is_up(cache, clock):
    assert ask(cache, b"1").content == b"1"
    clock.now += 9.9
    assert ask(cache, b"2").content == b"1"
    clock.now += 0.1
    assert ask(cache, b"3").content == b"3"
    assert ask(cache, b"4").content == b"3"


@pytest.mark.parametrize(
    ("options", "first", "second", "is_old"),
    [
        ({}, {}, {}, True),
        ({}, {"path": READ + b"?_t=1"}, {"path": READ + b"?_t=2"}, False),
        ({"jobctl_cache_drop_query": True}, {"path": READ + b"?_t=1"}, {"path": READ + b"?_t=2"}, True),
        ({}, {"cache_control": "No-Store"}, {}, False),
        ({"jobctl_cache_ignore_no_store": True}, {"cache_control": "no-store"}, {}, True),
        ({}, {}, {"asked": [("Cache-Control", "no-cache")]}, False),
        ({}, {}, {"asked": [("Pragma", "no-cache")]}, False),
        ({"jobctl_cache_ignore_no_store": True}, {}, {"asked": [("Cache-Control", "no-cache")]}, True),
        ({}, {"status": 404}, {}, False),
        ({}, {"method": b"POST"}, {"method": b"POST"}, False),
        ({}, {"path": b"/other"}, {"path": b"/other"}, False),
        ({"jobctl_cache_match": "/oth"}, {"path": b"/other"}, {"path": b"/other"}, True),
        ({"jobctl_cache_match": "/oth"}, {}, {}, False),
        ({"jobctl_cache_ttl": "0"}, {}, {}, False),
    ],
    ids=range(14),
)
def test_what_beats_which_cache(cache, options, first, second, is_old):
    cache.context.configure(cache, **options)
    ask(cache, b"1", **first)
    assert (ask(cache, b"2", **second).content == b"1") is is_old


def test_silent_leaves_no_trace_and_honest_says_so(cache, clock):
    first = ask(cache, b"1", date="Mon, 01 Jan 2024 00:00:00 GMT")
    hit = ask(cache, b"2")
    assert list(hit.headers) == list(first.headers)
    assert hit.headers["date"] != first.headers["date"]
    cache.context.configure(cache, jobctl_cache_mode="honest")
    clock.now += 3
    hit = ask(cache, b"2")
    assert (hit.headers["age"], hit.headers["x-cache"]) == ("3", "HIT")
    clock.now += 30
    assert ask(cache, b"3").headers["x-cache"] == "MISS"


def test_the_copies_are_bounded(cache, monkeypatch):
    monkeypatch.setattr(bad_cache, "MAX_COPIES", 2)
    for number in (b"1", b"2", b"3"):
        ask(cache, number, path=READ + number)
    assert len(cache._copies) == 2
    assert ask(cache, b"new", path=READ + b"1").content == b"new"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"jobctl_cache_ttl": "soon"}, "jobctl_cache_ttl"),
        ({"jobctl_cache_match": "("}, "jobctl_cache_match"),
        ({"jobctl_ws_drop": -1}, "jobctl_ws_drop"),
        ({"jobctl_profile": "nope"}, "jobctl_profile"),
    ],
    ids=["ttl", "match", "drop", "profile"],
)
def test_options_that_make_no_sense(cache, options, said):
    with pytest.raises(exceptions.OptionsError, match=said):
        cache.context.configure(cache, **options)


def test_the_incidents_in_front_of_a_real_server(tmp_path):
    options = ["jobctl_cache_ttl=30", "jobctl_ws_drop=2", "jobctl_ws_replay_pending=true"]
    arguments = [part for option in options for part in ("--set", option)]
    with (
        Sandbox() as box,
        Mitmdump(tmp_path, box.url, "-s", addon_file("jobctl_bad_cache.py"), *arguments) as proxy,
        httpx.Client(base_url=proxy.url, timeout=5, trust_env=False) as client,
    ):
        job = box.submit(duration=1.0, pending=0.1)
        path = f"/api/v1/generation-jobs/{job}"
        first = client.get(path).json()
        frames, code = listen(proxy.url, job)
        assert (len(frames), code) == (2, 1006)
        box.cancel(job)
        assert client.get(path).json() == first
        assert client.get(f"{path}?_t=1").json()["status"] == "cancelled"
        again, _ = listen(proxy.url, job)
        assert again[0]["status"] == "pending"
        assert "Addon error" not in proxy.stop()


def test_the_diagnosing_addon_proves_it_from_the_same_process(tmp_path):
    scripts = ["-s", addon_file("jobctl_diagnose.py"), "-s", addon_file("jobctl_bad_cache.py")]
    with Sandbox() as box, Mitmdump(tmp_path, box.url, *scripts) as proxy:
        watch_badly(proxy.url, box.submit(duration=1.5, pending=0.1))
        assert "PROVEN_STALE" in proxy.stop(), proxy.output


def listen(url, job):
    """All frames until the connection ends, and the code it ended with (1006: it was cut)."""
    frames = []
    with connect(f"{url.replace('http', 'ws', 1)}/ws/jobs/{job}", proxy=None, close_timeout=0.2) as socket:
        try:
            while True:
                frames.append(json.loads(socket.recv(timeout=5)))
        except ConnectionClosed as closed:
            return frames, closed.rcvd.code if closed.rcvd else 1006

"""The command against real caches in front of the practice server, as its user would run it."""

from __future__ import annotations

import pytest
from support.caches import cache
from support.components import require_program

from jobctl.caching.middleware import NoStoreMiddleware
from jobctl.sandbox import Sandbox

BLAMED = {"PROVEN_STALE", "SERVED_FROM_CACHE", "CACHE_DECLARED"}


@pytest.fixture(scope="module")
def bare():
    with Sandbox() as box:
        yield box


@pytest.fixture(scope="module")
def cured():
    with Sandbox(extra_middleware=(NoStoreMiddleware,)) as box:
        yield box


def diagnose(alone, box, way, *more):
    job = box.submit(duration=120, steps=240)
    done = alone.run("diagnose", job, "-u", box.url, "--proxy", way, "--json", *more)
    assert done.code == done.document["exit_code"], done
    return done.document


def test_stock_varnish_is_proven_and_the_middleware_cures_it(alone, bare, cured):
    require_program("varnishd")
    with cache("varnish-stock", bare.url) as way:
        found = diagnose(alone, bare, way)
    assert (found["verdict"], found["exit_code"]) == ("PROVEN_STALE", 10)
    assert found["staleness_seconds"] > 0
    assert found["evidence"]
    assert any(fix["who"] == "Varnish" for fix in found["fixes"])
    with cache("varnish-stock", cured.url) as way:
        found = diagnose(alone, cured, way)
    assert (found["verdict"], found["exit_code"], found["safe"]) == ("NO_CACHE_SEEN", 0, True)
    assert found["floor"]["seconds"] < 2


def test_a_silent_forced_nginx_contradicts_no_store(alone, cured):
    require_program("nginx")
    with cache("nginx-forced", cured.url) as way:
        found = diagnose(alone, cured, way)
    assert found["verdict"] == "PROVEN_STALE"
    assert "CONTRADICTION" in found["flags"]
    assert found["fixes"][0]["where"] == "proxy"


def test_haproxy_that_only_passes_is_not_blamed_for_lagging_replicas(alone):
    require_program("haproxy")
    with Sandbox(["replica-lag=2s@30%"]) as box, cache("haproxy-pass", box.url) as way:
        assert diagnose(alone, box, way)["verdict"] not in BLAMED

"""The experiment over real sockets: the sandbox, its tunnel, raw servers that misbehave, a forward proxy."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from support.servers import RawServer, reply

from jobctl.caching.findings import Flag, Inconclusive, Rule, Verdict
from jobctl.caching.middleware import NoStoreMiddleware
from jobctl.caching.probe import ProbeSettings, run_probe
from jobctl.errors import ConfigError
from jobctl.exchange import Path
from jobctl.profile.load import Profiles
from jobctl.profile.urls import Operation
from jobctl.sandbox import Sandbox

GENERATION = Profiles(()).get("generation")


@pytest.fixture(scope="module")
def running():
    with Sandbox(seed=3) as box:
        yield box


@pytest.fixture
def box(running):
    running.set_faults((), (), seed=3)
    return running


def probe(url, proxy, job, **more):
    settings = ProbeSettings(profile=GENERATION.with_base_url(url), job=job, proxy=proxy, **more)
    return run_probe(settings, environ={})


def rules(report):
    return {one.rule for one in report.diagnosis.findings}


def test_a_caching_tunnel_is_proven_and_the_cure_proves_itself(box):
    job = box.submit(duration=60, steps=120)
    box.set_faults((), ["cache=20s"])
    report = probe(box.url, box.tunnel_url, job)
    assert report.diagnosis.verdict is Verdict.PROVEN_STALE
    assert report.diagnosis.staleness > 0
    control, convicted = (report.exchange(number) for number in report.diagnosis.evidence)
    assert (control.path, convicted.path) == (Path.DIRECT, Path.PLAIN)
    assert control.received <= convicted.sent
    assert convicted.seen.progress < control.seen.progress
    with Sandbox((), ["cache=20s"], extra_middleware=(NoStoreMiddleware,)) as cured:
        job = cured.submit(duration=60, steps=120)
        report = probe(cured.url, cured.tunnel_url, job)
    assert report.diagnosis.verdict is Verdict.NO_CACHE_SEEN
    assert report.diagnosis.is_safe
    assert report.diagnosis.floor.seconds < 2
    assert report.requests <= 30


def test_what_ignores_no_store_is_a_contradiction():
    with Sandbox((), ["cache=20s", "cache-ignore-no-store"], extra_middleware=(NoStoreMiddleware,)) as box:
        report = probe(box.url, box.tunnel_url, box.submit(duration=60, steps=120))
    assert report.diagnosis.verdict is Verdict.PROVEN_STALE
    assert Flag.CONTRADICTION in report.diagnosis.flags


def test_plain_reads_carry_nothing_that_would_make_a_cache_shy(box):
    job = box.submit(duration=60, steps=120)
    report = probe(box.url, box.tunnel_url, job, rounds=1)
    plain = [one for one in report.exchanges if one.path is Path.PLAIN]
    direct = [one for one in report.exchanges if one.path is Path.DIRECT]
    for one in (*plain, *direct):
        names = {name.lower() for name, _ in one.request_headers}
        assert not names & {"cache-control", "pragma", "if-none-match"}
        assert "?" not in one.url
    assert len({one.nonce for one in report.exchanges}) == len(report.exchanges)
    assert len({one.connection for one in plain}) > 1
    assert all(later.sent - one.sent >= 0.099 for one, later in pairwise(plain))


def test_an_echoed_id_proves_it_on_a_finished_job(box):
    job = box.submit(duration=0.05, steps=1)
    while box.history(job)[-1]["status"] != "completed":
        time.sleep(0.02)
    box.set_faults(["echo-request-id"], ["cache=20s"])
    report = probe(box.url, box.tunnel_url, job)
    assert report.diagnosis.verdict is Verdict.SERVED_FROM_CACHE
    assert Rule.R1 in rules(report)


def test_without_a_direct_address_unique_urls_are_the_control(box):
    job = box.submit(duration=60, steps=120)
    box.set_faults((), ["cache=20s"])
    report = probe(box.tunnel_url, box.tunnel_url, job)
    assert report.direct_url is None
    assert report.diagnosis.verdict is Verdict.PROVEN_STALE


def test_a_direct_address_that_is_silent_leaves_unique_urls(box):
    job = box.submit(duration=60, steps=120)
    box.set_faults((), ["cache=20s"])
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{unused.getsockname()[1]}"
        report = probe(box.url, box.tunnel_url, job, origin=origin)
    assert report.direct_url is None
    assert origin in report.notes[0]
    assert report.diagnosis.verdict is Verdict.PROVEN_STALE


def test_a_lagging_origin_is_not_blamed_on_the_path(box):
    job = box.submit(duration=60, steps=120)
    box.set_faults(["replica-lag=2s@30%"], ())
    report = probe(box.url, box.tunnel_url, job)
    assert report.diagnosis.verdict in {
        Verdict.CACHEABLE,
        Verdict.SUSPECT_STALE,
        Verdict.INCONCLUSIVE,
    }


def test_the_websocket_is_tried_on_the_same_route(box):
    job = box.submit(duration=60, steps=4)
    report = probe(box.url, box.tunnel_url, job, rounds=1)
    assert report.stream.opened
    assert report.stream.first_frame == "status"
    box.set_faults((), ["ws-refuse=403"])
    report = probe(box.url, box.tunnel_url, job, rounds=1)
    assert (report.stream.opened, report.stream.code) == (False, 403)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("html-page=200", Inconclusive.NOT_JSON),
        ("html-page=511", Inconclusive.SERVER_ERROR),
        ("rate-limit=1s@100%", Inconclusive.RATE_LIMITED),
        ("http-drop@100%", Inconclusive.UNREACHABLE),
        ("cut-body", Inconclusive.UNREACHABLE),
        ("cut-chunked", Inconclusive.UNREACHABLE),
        ("garbage-json", Inconclusive.NOT_JSON),
        ("empty-body", Inconclusive.NOT_JSON),
        ("deep-json", Inconclusive.NOT_JSON),
        ("wrong-fields", Inconclusive.NOT_JSON),
    ],
)
def test_a_route_that_answers_no_job_is_no_verdict(box, fault, reason):
    job = box.submit(duration=60, steps=60)
    box.set_faults((), [fault])
    report = probe(box.url, box.tunnel_url, job)
    assert (report.diagnosis.verdict, report.diagnosis.reason) == (Verdict.INCONCLUSIVE, reason)
    assert report.requests <= 12


@pytest.mark.parametrize(
    ("more", "reason"),
    [((), Inconclusive.SERVER_ERROR), (("Retry-After: 30",), Inconclusive.RATE_LIMITED)],
    ids=["bare", "retry-after"],
)
def test_a_proxy_without_its_backend_asks_nobody_to_wait(box, more, reason):
    page = b'{"message": "no healthy upstream"}'
    with RawServer(lambda _head: reply(503, page, "Content-Type: application/json", *more)) as server:
        report = probe(box.url, server.url, box.submit(duration=60))
    assert report.diagnosis.reason is reason
    assert report.requests == 1


def test_a_tunnels_own_page_is_no_job_state(box):
    page = b"<html><body>send the header bypass-tunnel-reminder</body></html>"
    with RawServer(lambda _head: reply(511, page, "Content-Type: text/html")) as server:
        report = probe(box.url, server.url, box.submit(duration=60))
    assert report.diagnosis.reason is Inconclusive.TUNNEL_PAGE
    assert report.requests == 1


def test_an_origin_that_wants_credentials(box):
    job = box.submit(duration=60, steps=60)
    box.set_faults(["auth=word"], ())
    report = probe(box.url, box.tunnel_url, job)
    assert report.diagnosis.reason is Inconclusive.AUTH_REFUSED
    assert report.requests == 1
    settings = ProbeSettings(
        profile=GENERATION.with_base_url(box.url),
        job=job,
        proxy=box.tunnel_url,
        auth_isolation=True,
        rounds=1,
    )
    report = run_probe(settings, environ={"JOBCTL_TOKEN": "word"})
    assert {Path.ANONYMOUS, Path.ANONYMOUS_DIRECT} <= {one.path for one in report.exchanges}
    assert Rule.R12 not in rules(report)
    box.set_faults(["auth=word"], ["cache=20s"])
    report = run_probe(settings, environ={"JOBCTL_TOKEN": "word"})
    assert Flag.AUTH_UNSAFE in report.diagnosis.flags


def test_a_job_that_nobody_knows(box):
    assert probe(box.url, box.tunnel_url, "nope").diagnosis.reason is Inconclusive.JOB_NOT_FOUND


@pytest.mark.parametrize("known_at", ["origin", "proxy"])
def test_a_job_that_one_side_does_not_know(box, known_at):
    job = [box.submit(duration=60, steps=60) for _ in range(3)][-1]
    with Sandbox() as other:
        sides = (box.url, other.url) if known_at == "origin" else (other.url, box.url)
        report = probe(*sides, job)
    assert report.diagnosis.verdict is Verdict.INCONCLUSIVE
    assert report.diagnosis.reason is Inconclusive.DIFFERENT_BACKEND


def test_a_redirecting_route_is_named(box):
    with RawServer(lambda _head: reply(302, b"", f"Location: {box.url}/elsewhere")) as server:
        report = probe(box.url, server.url, box.submit(duration=60))
    assert report.diagnosis.reason is Inconclusive.REDIRECTED


def test_a_route_that_hangs_keeps_to_the_budget(box):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()
        report = probe(box.url, url, box.submit(duration=60), budget_seconds=1.5)
        took = time.monotonic() - begun
    assert report.diagnosis.verdict is Verdict.INCONCLUSIVE
    assert report.diagnosis.reason in {Inconclusive.UNREACHABLE, Inconclusive.BUDGET}
    assert took < 6.0


def test_the_budget_of_requests_is_never_exceeded(box):
    job = box.submit(duration=60, steps=60)
    box.reset_requests()
    report = probe(box.url, box.tunnel_url, job, budget_requests=4, check_stream=False)
    assert report.requests == 4
    assert report.stopped == "budget"
    assert box.requests()["jobs"][job]["read"] == 4


def test_a_tag_that_no_request_can_carry_is_not_asked_about(box):
    def plain(_head):
        body = b'{"id": "%s", "status": "processing"}' % job.encode()
        return reply(200, body, "Content-Type: application/json", 'ETag: "caf\xe9"')

    job = box.submit(duration=60, steps=120)
    with RawServer(plain) as server:
        report = probe(box.url, server.url, job, rounds=1, wait_change=0.3)
    assert any(one.header("etag") for one in report.exchanges)
    assert Path.VALIDATOR not in {one.path for one in report.exchanges}
    assert report.stopped is None


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_an_experiment_never_sends_anything_but_get(box, method):
    profile = replace(GENERATION, base_url=box.url, read=Operation(method, "/v1/jobs/{id}"))
    box.reset_requests()
    with pytest.raises(ConfigError, match="sends GET only"):
        run_probe(ProbeSettings(profile=profile, job="7", proxy=box.tunnel_url), environ={})
    assert not box.requests()["jobs"]


def test_a_forward_proxy(box):
    """A tiny one: it takes absolute URLs, and answers reads of one URL from its memory."""
    store = {}

    def forward(head):
        target = head.split(" ")[1]
        if target not in store:
            _, _, host, path = target.split("/", 3)
            name, _, port = host.partition(":")
            with socket.create_connection((name, int(port))) as upstream:
                upstream.sendall(f"GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
                store[target] = b"".join(iter(lambda: upstream.recv(65536), b""))
        return [store[target]]

    with RawServer(forward) as server:
        proxy = "upstream:" + server.url
        report = probe(box.url, proxy, box.submit(duration=60, steps=120))
    assert report.direct_url == box.url
    assert report.diagnosis.verdict is Verdict.PROVEN_STALE


def test_clear_text_would_show_the_credentials():
    profile = replace(GENERATION, base_url="https://api.example.test")
    settings = ProbeSettings(profile=profile, job="7", proxy="http://proxy.example.test")
    with pytest.raises(ConfigError, match="clear text"):
        run_probe(settings, environ={"JOBCTL_TOKEN": "s3cret"})


def test_an_interrupt_reports_what_is_known(box):
    job = box.submit(duration=60, steps=120)
    asked = []

    def tell(progress):
        asked.append(progress)
        if progress.requests == 5:
            raise KeyboardInterrupt

    settings = ProbeSettings(profile=GENERATION.with_base_url(box.url), job=job, proxy=box.tunnel_url)
    report = run_probe(settings, tell, environ={})
    assert report.stopped == "interrupted"
    assert report.requests == 5
    assert asked[-1].requests == 5

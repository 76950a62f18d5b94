"""The asyncio carrier: many flows over one pool, none of which blocks the loop or pays for another."""

from __future__ import annotations

import asyncio
import sys
import threading
from types import SimpleNamespace

import pytest
from support.servers import RawServer, reply

from jobctl.client import aio, credentials
from jobctl.client.aio import AsyncCarrier, in_daemon_thread
from jobctl.client.calls import Calls
from jobctl.client.carrier import Limits
from jobctl.client.credentials import Credentials
from jobctl.client.messages import Pause, RefreshAuth, Request
from jobctl.errors import ConfigError, ProtocolError, TransportError
from jobctl.profile.auth import Auth, AuthKind
from jobctl.profile.load import Profiles

PROFILE = Profiles().get("generation")


def asking(*urls):
    """Ask for each URL in turn; the bodies, or the error where one came."""
    bodies = []
    for url in urls:
        try:
            bodies.append((yield Request("GET", url, ())).body)
        except (TransportError, ProtocolError) as error:
            bodies.append(error)
    return bodies


def run(work, limits=None, auth=None, base_url="http://127.0.0.1"):
    """Give `work` a carrier on a loop of its own."""

    async def main():
        profile, auth_ = PROFILE.with_base_url(base_url), Credentials(auth or Auth(), {})
        async with AsyncCarrier(profile, auth_, limits or Limits()) as http:
            return await work(http)

    return asyncio.run(main())


@pytest.fixture
def numbered():
    """Answers each request with its path."""
    with RawServer(lambda head: reply(200, head.split()[1].encode())) as server:
        yield server


@pytest.fixture
def leave():
    """Set when the test is over: lets a server that would drip for ever go home."""
    event = threading.Event()
    yield event
    event.set()


# --- flows -----------------------------------------------------------------------------------------------


def test_a_flow_is_carried_to_its_result_and_an_error_goes_back_into_it():
    with RawServer(lambda head: reply(200, b"one") if " /1 " in head else []) as server:
        urls = [f"{server.url}/{path}" for path in (1, 2, 1)]
        one, broken, again = run(lambda http: http.run(asking(*urls)))
    assert (one, again, broken.kind, broken.sent) == (b"one", b"one", "cut", True)


def test_an_error_the_flow_does_not_catch_is_raised_as_it_is():
    def flow():
        yield Request("GET", "http://[::bad/", ())

    with pytest.raises(ConfigError, match="cannot make a request"):
        run(lambda http: http.run(flow()))


def test_many_flows_share_one_carrier(numbered):
    async def work(http):
        return await asyncio.gather(*[http.run(asking(f"{numbered.url}/{n}")) for n in range(20)])

    assert run(work) == [[f"/{n}".encode()] for n in range(20)]


def test_a_pause_of_one_flow_holds_up_no_other(numbered):
    def sleepy():
        yield Pause(3600.0)

    async def work(http):
        asleep = asyncio.create_task(http.run(sleepy()))
        found = await http.run(asking(f"{numbered.url}/x"))
        asleep.cancel()
        return found

    assert run(work) == [b"/x"]


def test_a_proxy_nobody_can_reach_is_an_error_in_our_own_words(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:99999")
    (error,) = run(lambda http: http.run(asking("http://api.test/")), base_url="http://api.test")
    assert type(error) is TransportError
    assert "through the proxy" in error.message


# --- turns -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("requests", [0, 1, 2, 5])
def test_there_is_a_turn_before_every_request_but_the_first(numbered, requests):
    seen = []

    async def turn():
        seen.append(len(numbered.heads))

    run(lambda http: http.run(asking(*[f"{numbered.url}/{n}" for n in range(requests)]), turn))
    assert seen == list(range(1, requests))


def test_a_request_that_failed_counts_as_sent(numbered):
    turns = []

    async def turn():
        turns.append(1)

    found = run(lambda http: http.run(asking("http://127.0.0.1:1/", f"{numbered.url}/x"), turn))
    assert (found[0].kind, found[1], len(turns)) == ("refused", b"/x", 1)


# --- time and connections --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"x"),
        (b"", b""),
    ],
    ids=["headers", "body", "nothing"],
)
def test_the_total_time_ends_an_answer_that_drips(leave, first, drop):
    def answer(_head):
        yield first
        while not leave.wait(0.02):
            yield drop

    with RawServer(answer) as server:
        (error,) = run(lambda http: http.run(asking(server.url)), Limits(total=0.15))
    assert (error.kind, error.sent) == ("timeout", True)
    assert "within 0.15 s" in error.message


def test_waiting_for_a_connection_does_not_count_against_the_time_of_the_request(numbered):
    async def work(http):
        loop, ahead = asyncio.get_running_loop(), 0.0
        real = loop.time
        loop.time = lambda: real() + ahead
        http._turns = asyncio.Semaphore(0)
        waiting = asyncio.create_task(http.run(asking(f"{numbered.url}/x")))
        await asyncio.sleep(0.01)
        ahead = 3600.0
        await asyncio.sleep(0.01)
        assert not waiting.done()
        http._turns.release()
        return await waiting

    assert run(work, Limits(total=10)) == [b"/x"]


def test_no_more_requests_are_under_way_than_there_are_connections(monkeypatch):
    monkeypatch.setattr(aio, "_MAX_CONNECTIONS", 2)
    under_way, most, lock = 0, 0, threading.Lock()

    def answer(_head):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        threading.Event().wait(0.01)
        with lock:
            under_way -= 1
        yield from reply(200, b"x")

    async def work(http):
        return await asyncio.gather(*[http.run(asking(server.url)) for _ in range(8)])

    with RawServer(answer) as server:
        assert run(work) == [[b"x"]] * 8
    assert 1 <= most <= 2


def test_a_request_that_fails_gives_its_connection_back():
    async def work(http):
        http._turns = asyncio.Semaphore(1)
        return await http.run(asking(*["http://127.0.0.1:1/"] * 3))

    assert [error.kind for error in run(work)] == ["refused"] * 3


# --- credentials -----------------------------------------------------------------------------------------


@pytest.fixture
def ran_in(monkeypatch):
    """The threads in which an auth command ran."""
    threads, real = [], credentials.run_command

    def run_command(argv):
        threads.append(threading.current_thread())
        return real(argv)

    monkeypatch.setattr(credentials, "run_command", run_command)
    return threads


COMMAND = Auth(AuthKind.COMMAND, command=(sys.executable, "-S", "-c", "print('t')"))


def test_a_slow_command_never_runs_on_the_loop(numbered, ran_in):
    def flow():
        yield Request("GET", f"{numbered.url}/x", ())
        return (yield RefreshAuth({"Authorization": "Bearer t"}))

    async def work(http):
        return await http.run(flow()), http._credentials.headers()

    assert run(work, auth=COMMAND) == (True, {"Authorization": "Bearer t"})
    assert len(ran_in) == 2
    assert threading.main_thread() not in ran_in
    assert all(thread.daemon for thread in ran_in)


def test_a_command_that_fails_ends_the_flow_before_anything_is_sent(numbered):
    auth = Auth(AuthKind.COMMAND, command=(sys.executable, "-S", "-c", "raise SystemExit(3)"))
    with pytest.raises(ConfigError, match="exit code 3"):
        run(lambda http: http.run(asking(f"{numbered.url}/x")), auth=auth)
    assert numbered.heads == []


# --- the thread beside the loop --------------------------------------------------------------------------


def test_a_result_and_an_error_come_back_to_the_loop():
    def fail():
        raise KeyError("gone")

    assert asyncio.run(in_daemon_thread(lambda: 7)) == 7
    assert asyncio.run(in_daemon_thread(lambda: None)) is None
    with pytest.raises(KeyError, match="gone"):
        asyncio.run(in_daemon_thread(fail))


@pytest.fixture
def slow():
    """Work that takes until `go` is set; `began` tells that its `thread` runs."""
    work = SimpleNamespace(began=threading.Event(), go=threading.Event(), thread=None)

    def run_it():
        work.thread = threading.current_thread()
        work.began.set()
        work.go.wait(10)

    work.run = run_it
    yield work
    work.go.set()


async def started(slow):
    """Begin it beside the loop; the task that waits for its result."""
    waiting = asyncio.create_task(in_daemon_thread(slow.run))
    await asyncio.to_thread(slow.began.wait, 10)
    return waiting


def test_nobody_waits_for_it_when_the_loop_ends_and_its_result_goes_nowhere(slow):
    asyncio.run(started(slow))
    assert slow.thread.is_alive()
    assert slow.thread.daemon
    slow.go.set()
    slow.thread.join(5)  # an error in it would fail this test: warnings are errors
    assert not slow.thread.is_alive()


def test_a_result_nobody_waits_for_any_more_is_dropped(slow):
    complaints = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
        (await started(slow)).cancel()
        slow.go.set()
        await asyncio.to_thread(slow.thread.join, 5)
        await asyncio.sleep(0)

    asyncio.run(main())
    assert complaints == []


def test_credentials_that_cannot_be_renewed_are_told_to_the_flow(tmp_path):
    marker = tmp_path / "broken"
    script = "import os, sys; sys.exit('no ticket') if os.path.exists(sys.argv[1]) else print('t')"
    auth = Auth(AuthKind.COMMAND, command=(sys.executable, "-S", "-c", script, str(marker)))

    def flow(used):
        marker.touch()
        try:
            yield RefreshAuth(used)
        except ConfigError as error:
            return error.message

    assert "no ticket" in run(lambda http: http.run(flow(http._credentials.headers())), auth=auth)


@pytest.mark.parametrize(
    "location", ["http://xn--/", "http://[::1", f"http://h/{'x' * 66000}", "http://h:99999/", "http:///x"]
)
def test_a_location_that_is_no_url_is_the_servers_fault_not_the_callers(location):
    with RawServer(lambda _head: reply(302, b"", f"Location: {location}?token=hunter2hunter2")) as server:
        calls = Calls(PROFILE.with_base_url(server.url), auth=dict, nonce=lambda: "n", clock=lambda: 0.0)
        with pytest.raises(ProtocolError) as caught:
            run(lambda http: http.run(calls.read("7")), base_url=server.url)
    assert caught.value.kind == "redirect"
    assert "hunter2" not in caught.value.message

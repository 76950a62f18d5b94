"""The blocking carrier over real sockets: total time, connections, proxies, TLS, and what it says."""

from __future__ import annotations

import contextlib
import queue
import socket
import sys
import threading

import pytest
from support.servers import RawServer, reply, self_signed

from jobctl.client.blocking import BlockingCarrier
from jobctl.client.calls import Calls
from jobctl.client.carrier import Limits
from jobctl.client.credentials import Credentials
from jobctl.client.messages import Pause, RefreshAuth, Request
from jobctl.errors import ConfigError, ProtocolError, TransportError
from jobctl.profile.auth import Auth, AuthKind
from jobctl.profile.load import Profiles
from jobctl.profile.model import Tls

PROFILE = Profiles().get("generation")
GENEROUS = Limits(connect=5, read=10, total=15)
SHORT = Limits(connect=5, read=10, total=0.2)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def leave():
    """Set when the test is over: lets a server that would drip for ever go home."""
    event = threading.Event()
    yield event
    event.set()


def asking(*urls):
    """Ask for each URL in turn; the bodies, or the error where one came."""
    bodies = []
    for url in urls:
        try:
            bodies.append((yield Request("GET", url, ())).body)
        except (TransportError, ProtocolError) as error:
            bodies.append(error)
    return bodies


def carrier(url, limits=GENEROUS, *, profile=PROFILE, auth=None, **more):
    return BlockingCarrier(profile.with_base_url(url), Credentials(auth or Auth(), {}), limits, **more)


def get(url, **more):
    """One GET: its body; its error is raised."""
    with carrier(url, **more) as http:
        (found,) = http.run(asking(url))
    if isinstance(found, Exception):
        raise found
    return found


class KeepAlive:
    """Serves many requests over one connection; a path with `hang` is answered by half an answer."""

    def __init__(self):
        self.paths, self.cuts = [], queue.Queue()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            for number in range(100):
                peer, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(peer, number), daemon=True).start()

    def _serve(self, peer, number):
        with contextlib.suppress(OSError), peer, peer.makefile("rb") as lines:
            while request := lines.readline().decode():
                while lines.readline().strip():
                    pass
                path = request.split()[1]
                self.paths.append((number, path))
                if "hang" in path:
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
                    peer.settimeout(5)
                    self.cuts.put(peer.recv(1) == b"")
                    continue
                body = str(number).encode()
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    def close(self):
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


@pytest.fixture
def kept():
    server = KeepAlive()
    yield server
    server.close()


# --- flows -----------------------------------------------------------------------------------------------


def test_a_flow_is_carried_to_its_result_and_an_error_goes_back_into_it():
    with RawServer(lambda head: reply(200, b"one") if " /1 " in head else []) as server:
        with carrier(server.url) as http:
            one, broken, again = http.run(asking(*[f"{server.url}/{path}" for path in (1, 2, 1)]))
        assert (one, again) == (b"one", b"one")
        assert broken.kind == "cut"


def test_an_error_the_flow_does_not_catch_is_raised_as_it_is():
    def flow():
        yield Request("GET", server.url, ())

    with RawServer(lambda _head: []) as server, carrier(server.url) as http:
        with pytest.raises(TransportError) as caught:
            http.run(flow())
        assert caught.value.kind == "cut"


def test_the_method_the_headers_and_the_body_are_sent_as_they_are():
    def flow():
        return (
            yield Request("PUT", f"{server.url}/x?a=b", (("X-A", "1"), ("Content-Type", "text/x")), b"body")
        )

    with RawServer(lambda _head: reply()) as server, carrier(server.url) as http:
        http.run(flow())
        (head,) = server.heads
    assert head.startswith("PUT /x?a=b HTTP/1.1\r\n")
    assert {"x-a: 1", "content-type: text/x", "content-length: 4"} <= set(head.lower().split("\r\n"))


def test_refused_credentials_are_refreshed_for_the_flow():
    script = "import os; print('t' + str(os.getpid()))"
    auth = Auth(AuthKind.COMMAND, command=(sys.executable, "-S", "-c", script))
    credentials = Credentials(auth, {})
    used = credentials.headers()

    def flow():
        return (yield RefreshAuth(used))

    with BlockingCarrier(PROFILE, credentials, GENEROUS) as http:
        assert http.run(flow()) is True
    assert credentials.headers() != used


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

    credentials = Credentials(auth, {})
    used = credentials.headers()
    with BlockingCarrier(PROFILE, credentials, GENEROUS) as http:
        assert "no ticket" in http.run(flow(used))


# --- the total time --------------------------------------------------------------------------------------


def dripping(leave, first, drop):
    """Send a little something for ever: each pause is far below any read timeout."""

    def answer(_head):
        yield first
        while not leave.wait(0.02):
            yield drop

    return answer


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"", b""),
    ],
    ids=["headers", "body", "chunks", "nothing"],
)
def test_the_total_time_ends_an_answer_that_drips(leave, first, drop):
    with RawServer(dripping(leave, first, drop)) as server, pytest.raises(TransportError) as caught:
        get(server.url, limits=SHORT)
    assert (caught.value.kind, caught.value.sent) == ("timeout", True)
    assert "within 0.2 s" in caught.value.message


def test_a_handshake_that_never_ends_is_no_connection():
    limits = Limits(connect=0.15)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TransportError) as caught:
        get(f"https://127.0.0.1:{silent.getsockname()[1]}", limits=limits, insecure=True)
    assert (caught.value.kind, caught.value.sent) == ("timeout", False)


def test_https_on_a_port_that_speaks_http():
    with RawServer(lambda _head: reply()) as server, pytest.raises(TransportError) as caught:
        get(server.url.replace("http:", "https:"), insecure=True)
    assert caught.value.kind == "tls"
    assert "http://" in caught.value.hint


def test_after_a_cut_the_next_connection_is_kept_and_its_time_is_bounded_too(kept):
    found = []
    with carrier(kept.url) as http:
        for path in ("a", "hang", "b", "c", "hang", "d"):
            http.limits = SHORT if path == "hang" else GENEROUS
            found += http.run(asking(f"{kept.url}/{path}"))
    assert [getattr(one, "kind", one) for one in found] == [b"0", "timeout", b"1", b"1", "timeout", b"2"]
    assert [number for number, _ in kept.paths] == [0, 0, 1, 1, 1, 2]
    assert [kept.cuts.get(timeout=10) for _ in range(2)] == [True, True]


def test_the_total_time_cuts_the_connection_in_use_not_the_latest(kept):
    """A redirect opens a second connection; the next read goes over the first one again."""
    other = KeepAlive()
    try:
        with carrier(kept.url) as http:
            assert http.run(asking(f"{kept.url}/a", f"{other.url}/b")) == [b"0", b"0"]
            http.limits = SHORT
            (found,) = http.run(asking(f"{kept.url}/hang"))
            assert found.kind == "timeout"
            assert kept.cuts.get(timeout=10) is True
            assert [number for number, _ in kept.paths] == [0, 0]
    finally:
        other.close()


def test_a_connection_made_when_the_time_is_over_is_cut_at_once(leave, monkeypatch):
    real = socket.create_connection

    def slow(*arguments, **options):
        leave.wait(0.25)
        return real(*arguments, **options)

    monkeypatch.setattr(socket, "create_connection", slow)
    end = threading.Timer(5, leave.set)
    end.daemon = True
    end.start()
    drip = dripping(leave, b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n")
    with RawServer(drip) as server, pytest.raises(TransportError) as caught:
        get(server.url, limits=SHORT)
    assert caught.value.kind == "timeout"
    assert not leave.is_set(), "the server did not have to end it"
    end.cancel()


# --- saying who keeps us waiting -------------------------------------------------------------------------


def test_after_a_second_somebody_is_told_whose_answer_is_missing():
    told, said = queue.Queue(), []

    def answer(_head):
        said.append(told.get(timeout=10))
        return reply(200, b"late")

    with RawServer(answer) as server:
        assert get(f"{server.url}/x?token=hunter2", tell=told.put) == b"late"
        assert said == [f"waiting for 127.0.0.1:{server.port}, at most 15s"]


def test_a_quick_answer_is_not_commented_on():
    told = []
    with RawServer(lambda _head: reply()) as server:
        get(server.url, tell=told.append)
    waiting = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    for timer in waiting:
        timer.join(0.2)
    assert told == []
    assert not any(timer.is_alive() for timer in waiting)


def test_a_pause_is_announced_with_its_reason():
    def flow():
        return (yield Pause(0.02, "the API is busy"))

    told = []
    with carrier("http://127.0.0.1", tell=told.append) as http:
        assert http.run(flow()) is None
    assert told == ["the API is busy; trying again in 20ms"]


# --- other people's networks -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer", [[], [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"], [b"no http\r\n\r\n"]]
)
def test_a_connection_that_breaks(answer):
    with RawServer(lambda _head: answer) as server:
        with pytest.raises(TransportError) as caught:
            get(server.url)
        assert (caught.value.kind, caught.value.sent) == ("cut", True)
        assert f"127.0.0.1:{server.port}" in caught.value.message


def test_loopback_never_goes_through_a_proxy_and_everything_else_does(monkeypatch):
    with RawServer(lambda _: reply(200, b"api")) as api, RawServer(lambda _: reply(200, b"proxy")) as proxy:
        for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert get(f"{api.url}/x") == get(f"http://localhost:{api.port}/x") == b"api"
        assert proxy.heads == []
        assert get("http://api.test/x") == b"proxy"
        assert proxy.heads[0].startswith("GET http://api.test/x HTTP/1.1")


def test_an_error_behind_a_proxy_says_so(monkeypatch):
    with RawServer(lambda _head: []) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with pytest.raises(TransportError, match="through the proxy of the environment"):
            get("http://api.test/x")
    with pytest.raises(TransportError) as caught:
        get("http://api.test/x")
    assert caught.value.kind == "refused"
    assert "HTTP_PROXY" in caught.value.hint


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("tls"))


def test_for_https_the_server_must_prove_itself(certificate):
    context, ca = certificate
    trusting = type(PROFILE)(name="p", read=PROFILE.read, tls=Tls(ca=str(ca)))
    with RawServer(lambda _head: reply(200, b"{}"), context) as server:
        with pytest.raises(TransportError) as caught:
            get(server.url)
        assert (caught.value.kind, caught.value.sent, server.heads) == ("tls", False, [])
        assert "tls = " in caught.value.hint
        assert get(server.url, profile=trusting) == get(server.url, insecure=True) == b"{}"


def test_a_client_made_for_http_trusts_no_https_server(certificate):
    with RawServer(lambda _head: reply(200, b"{}"), certificate[0]) as server:
        with carrier("http://127.0.0.1") as http:
            (error,) = http.run(asking(server.url))
        assert (error.kind, server.heads) == ("tls", [])


@pytest.mark.parametrize(
    "location", ["http://xn--/", "http://[::1", f"http://h/{'x' * 66000}", "http://h:99999/", "http:///x"]
)
def test_a_location_that_is_no_url_is_the_servers_fault_not_the_callers(location):
    with RawServer(lambda _head: reply(302, b"", f"Location: {location}?token=hunter2hunter2")) as server:
        calls = Calls(PROFILE.with_base_url(server.url), auth=dict, nonce=lambda: "n", clock=lambda: 0.0)
        with pytest.raises(ProtocolError) as caught:
            carrier(server.url).run(calls.read("7"))
    assert caught.value.kind == "redirect"
    assert "hunter2" not in caught.value.message

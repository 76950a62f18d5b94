from __future__ import annotations

import threading

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from jobctl.sandbox import Sandbox

closes = []
closed = threading.Event()


class Echo:
    """A socket under /echo: subprotocol, headers, frames and closes of every kind."""

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "websocket" or scope["path"] != "/echo":
            await self._app(scope, receive, send)
            return
        await receive()
        chosen = scope["subprotocols"][-1] if scope["subprotocols"] else None
        token = dict(scope["headers"]).get(b"x-token", b"none")
        headers = [(b"x-echo", token), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
        await send({"type": "websocket.accept", "subprotocol": chosen, "headers": headers})
        while (message := await receive())["type"] == "websocket.receive":
            if message.get("text") == "bye":
                await send({"type": "websocket.close", "code": 4321, "reason": "as you wish"})
                return
            await send(message | {"type": "websocket.send"})
        closes.append((message["code"], message.get("reason")))
        closed.set()


@pytest.fixture(scope="module")
def echo_box():
    with Sandbox(extra_middleware=[Echo]) as box:
        yield box


@pytest.fixture(params=["ws_url", "tunnel_ws_url"])
def url(echo_box, request):
    closes.clear()
    closed.clear()
    return getattr(echo_box, request.param) + "/echo?x=a%2Fb"


def test_frames_subprotocol_and_headers(url):
    options = {"subprotocols": ["one", "two"], "additional_headers": {"X-Token": "t"}, "proxy": None}
    with connect(url, max_size=None, **options) as socket:
        assert socket.subprotocol == "two"
        assert socket.response.headers["x-echo"] == "t"
        assert socket.response.headers.get_all("set-cookie") == ["a=1", "b=2"]
        for message in ("text é", b"\x00\xff", "", b"", "x" * 300_000):
            socket.send(message)
            assert socket.recv(5) == message


def test_the_servers_close_arrives(url):
    with connect(url, proxy=None) as socket:
        socket.send("bye")
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(5)
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (4321, "as you wish")


def test_the_clients_close_arrives(url):
    with connect(url, proxy=None) as socket:
        socket.send("a")
        socket.recv(5)
        socket.close(4000, "enough")
    assert closed.wait(5)
    assert closes == [(4000, "enough")]


def test_a_client_that_vanishes_is_noticed(url):
    with connect(url, proxy=None) as socket:
        socket.send("a")
        socket.recv(5)
        socket.socket.shutdown(2)
        assert closed.wait(5)
    assert closes[0][0] in {1005, 1006}


def test_a_refusal_passes(echo_box):
    answers = []
    for base in (echo_box.ws_url, echo_box.tunnel_ws_url):
        with pytest.raises(InvalidStatus) as caught, connect(f"{base}/ws/jobs/none", proxy=None):
            pass
        answer = caught.value.response
        answers.append((answer.status_code, answer.headers["content-type"], answer.body))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


def test_unreachable_is_502(box):
    box.set_faults(server=["ws-refuse=502"])
    with (
        pytest.raises(InvalidStatus) as caught,
        connect(f"{box.tunnel_ws_url}/ws/jobs/{box.submit()}", proxy=None),
    ):
        pass
    assert caught.value.response.status_code == 502

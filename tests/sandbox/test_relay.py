from __future__ import annotations

import asyncio
import socket
import threading

import httpx
import pytest
from starlette.responses import Response

from jobctl.sandbox import Place, Sandbox
from jobctl.sandbox.relay import HttpRelay
from jobctl.sandbox.wires import Wires

BASE = "/api/v1/generation-jobs"
seen = []


class Oddities:
    """Answers under /odd with headers and bodies that a careless proxy would tidy up."""

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or not scope["path"].startswith("/odd"):
            await self._app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        seen.append((scope["method"], scope["raw_path"], scope["query_string"], scope["headers"], body))
        headers = [(b"Set-Cookie", b"a=1"), (b"X-Odd", b"\xe9"), (b"set-cookie", b"b=2"), (b"ETag", b'W/"x"')]
        if scope["path"] == "/odd/empty":
            await Response(None, 204)(scope, receive, send)
        elif scope["path"] == "/odd/chunked":
            await send({"type": "http.response.start", "status": 299, "headers": headers})
            for part in (b"one", b"", b"two"):
                await send({"type": "http.response.body", "body": part, "more_body": part != b"two"})
        else:
            headers.append((b"content-length", b"4"))
            headers.append((b"content-encoding", b"gzip"))
            await send({"type": "http.response.start", "status": 404, "headers": headers})
            await send({"type": "http.response.body", "body": b"\x1f\x8b\x00\x00"})


@pytest.fixture(scope="module")
def odd_box():
    with Sandbox(extra_middleware=[Oddities]) as box:
        yield box


def raw(url, request):
    """Send bytes, read to the end of the connection."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def without_date(answer):
    lines = answer.split(b"\r\n")
    return [line for line in lines if not line.lower().startswith(b"date:")]


REQUESTS = [
    b"GET /odd HTTP/1.1\r\nHost: example.test\r\nConnection: close\r\nX-Two: 1\r\nx-two: 2\r\n\r\n",
    b"GET /odd/chunked?q=a%2Fb&&c=+%20 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    b"GET /odd/a%2Fb/..%2f/%C3%A9 HTTP/1.1\r\nHost: h\r\nAccept: x\r\nConnection: close\r\n\r\n",
    b"HEAD /odd HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    b"DELETE /odd/empty HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    b"POST /odd HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n\r\n\x00abc\xff",
    b"POST /odd HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",  # noqa: E501
    b"GET /v1/jobs/nobody HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    b"PUT /v1/jobs HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
]


@pytest.mark.parametrize("request_bytes", REQUESTS)
def test_byte_for_byte(odd_box, request_bytes):
    seen.clear()
    straight, tunnelled = raw(odd_box.url, request_bytes), raw(odd_box.tunnel_url, request_bytes)
    assert without_date(tunnelled) == without_date(straight)
    assert tunnelled.count(b"date:") == 1
    for method, path, query, headers, body in seen[:1]:
        kept = [pair for pair in headers if pair[0] != b"connection"]
        assert seen[1] == (method, path, query, kept, body)


def test_a_large_body_both_ways(odd_box):
    body = bytes(range(256)) * 20_000
    seen.clear()
    answer = httpx.post(odd_box.tunnel_url + "/odd/chunked", content=body, trust_env=False)
    assert (answer.status_code, answer.content) == (299, b"onetwo")
    assert seen[0][4] == body


def test_a_server_that_is_down():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    async def ask():
        relay = HttpRelay(f"http://127.0.0.1:{port}", Wires())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(relay), base_url="http://t") as client:
            answer = await client.get("/v1/jobs")
        await relay.close()
        return answer

    answer = asyncio.run(ask())
    assert answer.status_code == 502
    assert answer.headers["content-type"] == "text/plain"


def test_a_client_that_leaves_frees_the_server(direct, tunnelled, box):
    job = box.submit()
    box.set_faults(server=["hang"])
    for _ in range(5):
        with pytest.raises(httpx.ReadTimeout):
            tunnelled.read(job, timeout=0.05)
    tasks = next(server for server in box._hosting._servers if server.config.app is not box._hosting._tunnel)
    free = threading.Event()
    for _ in range(500):
        if not tasks.server_state.tasks:
            break
        free.wait(0.01)
    assert not tasks.server_state.tasks
    assert box.requests(Place.TUNNEL)["jobs"][job]["read"] == 5


def test_a_break_in_the_server_is_a_break_in_the_tunnel(tunnelled, box):
    job = box.submit()
    box.set_faults(server=["cut-chunked"])
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked"):
        tunnelled.read(job)
    box.set_faults(server=["submit-lost"])
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        tunnelled.http.post(BASE, json={})

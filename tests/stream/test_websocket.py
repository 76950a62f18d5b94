from __future__ import annotations

import asyncio
import contextlib

import pytest
from support.servers import RawServer, reply
from websockets.asyncio.server import serve

from jobctl.client.answers import parse_frame
from jobctl.profile.stream_shape import StreamShape
from jobctl.stream.closed import Closed
from jobctl.stream.websocket import MAX_FRAME, listen, manners_of, text_reader


def session(handler, *, headers=None, process_request=None, url="ws://127.0.0.1:{port}/x"):
    """One session against a real server: how it ended, and the frames."""

    async def run():
        frames, opened = [], []

        async def on_frame(frame):
            frames.append(frame)

        async with serve(
            handler, "127.0.0.1", 0, compression=None, process_request=process_request
        ) as server:
            port = server.sockets[0].getsockname()[1]
            closed = await listen(
                url.format(port=port), headers=headers or {}, tls=None,
                on_open=lambda: opened.append(True), on_frame=on_frame,
            )  # fmt: skip
        return closed, frames, bool(opened)

    return asyncio.run(run())


def test_frames_are_handed_over_parsed():
    async def handler(socket):
        for frame in ('{"a": 1}', "pong", b'{"b": NaN}', b"\xff\xfe", "[" * 1000, ""):
            await socket.send(frame)
        await socket.close(1000, "bye")

    closed, frames, opened = session(handler)
    assert (closed, opened) == (Closed(True, 1000, "bye"), True)
    assert frames == [{"a": 1}, "pong", {"b": None}, None, "[" * 1000, ""]


@pytest.mark.parametrize("frame", ["{", b"{", "nul", "\x00"])
def test_what_is_no_json_stays_text(frame):
    assert parse_frame(frame) == (frame if isinstance(frame, str) else frame.decode())


def test_text_stays_what_it_is_wherever_binary_frames_are_cut():
    text = "café 日本 😀"
    for size in (1, 2, 3, 100):
        read, data = text_reader(), text.encode()
        assert "".join(read(data[at : at + size]) for at in range(0, len(data), size)) == text
    read = text_reader()
    assert [read('{"a": 1}'), read(b"\xff \xc3"), read(b" x")] == ['{"a": 1}', "\ufffd ", "\ufffd x"]


def test_a_frame_too_large_ends_the_session():
    async def handler(socket):
        with contextlib.suppress(Exception):
            await socket.send("x" * (MAX_FRAME + 1))
            await socket.recv()

    closed, frames, _ = session(handler)
    # 1006 when the server does not answer our 1009 in time.
    assert (closed.opened, closed.code in {1006, 1009}, frames) == (True, True, [])


def test_a_cut_without_a_close_frame():
    async def handler(socket):
        await socket.send("1")
        socket.transport.abort()

    closed, frames, _ = session(handler)
    assert (closed.opened, closed.code) == (True, 1006)
    assert frames == [1]


def test_the_servers_reason_is_made_visible():
    async def handler(socket):
        await socket.close(4000, "\x1b[2Jgone")

    assert session(handler)[0] == Closed(True, 4000, "\\x1b[2Jgone")


def test_a_refusal_and_a_redirect_are_ends():
    async def handler(_socket):
        raise AssertionError

    async def main(status):
        def refuse(connection, _request):
            response = connection.respond(status, "no")
            response.headers["Location"] = "ws://127.0.0.1:1/"
            return response

        return refuse

    for status in (302, 403, 500):
        closed, _, opened = session(handler, process_request=asyncio.run(main(status)))
        assert not opened
        assert closed == Closed(False, status, f"HTTP {status} instead of an upgrade")


def test_credentials_travel_in_the_handshake():
    seen = []

    async def handler(socket):
        seen.append(socket.request.headers)

    session(handler, headers={"Authorization": "Bearer t"})
    assert seen[0]["Authorization"] == "Bearer t"
    assert seen[0]["User-Agent"].startswith("jobctl/")


@pytest.mark.parametrize(
    "url",
    [
        *("ws://127.0.0.1:1/x", "ws://nowhere.invalid/x", "ws://[", "ws://[::1/x", "ws://h:99999/x"),
        *("http://127.0.0.1:1/", "ws://a..b/x", "", "ws://127.0.0.1:1/\ud800"),
    ],
)
def test_a_session_that_cannot_be_opened(url):
    async def run():
        return await listen(url, headers={}, tls=None, on_open=pytest.fail, on_frame=pytest.fail)

    closed = asyncio.run(run())
    assert not closed.opened
    assert closed.reason


@pytest.fixture
def proxies(monkeypatch):
    """No proxy but those a test sets."""
    for name in ("http", "https", "ws", "wss", "socks", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)
    return monkeypatch.setenv


def listening(url):
    return asyncio.run(listen(url, headers={}, tls=None, on_open=pytest.fail, on_frame=pytest.fail))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("all_proxy", "socks5://127.0.0.1:1", "socks"),
        ("http_proxy", "http://127.0.0.1:1/x?y", "path"),
        ("http_proxy", "gopher://127.0.0.1:1", "gopher"),
        ("http_proxy", "http://u:hunter2hunter2@h:1/x", "path"),
        ("http_proxy", "http://127.0.0.1:99999", "port"),
    ],
)
def test_a_proxy_that_cannot_be_used_ends_the_session_and_nothing_else(proxies, name, value, said):
    proxies(name, value)
    closed = listening("ws://nowhere.invalid/x")
    assert (closed.opened, closed.code) == (False, None)
    assert closed.reason
    assert said.lower() in closed.reason.lower()
    assert "hunter2" not in closed.reason


def test_a_proxy_without_a_scheme_is_an_http_proxy(proxies):
    with RawServer(lambda _head: reply(403)) as proxy:
        proxies("http_proxy", f"127.0.0.1:{proxy.port}")
        closed = listening("ws://nowhere.invalid/x")
        assert proxy.heads[0].startswith("CONNECT nowhere.invalid:80 ")
    assert (closed.opened, "403" in closed.reason) == (False, True)


def test_cancelling_a_session_closes_its_socket():
    async def run():
        gone = asyncio.Event()

        async def handler(socket):
            await socket.wait_closed()
            gone.set()

        async with serve(handler, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            opened = asyncio.Event()
            task = asyncio.create_task(
                listen(f"ws://127.0.0.1:{port}/", headers={}, tls=None, on_open=opened.set, on_frame=print)
            )
            await opened.wait()
            task.cancel()
            await asyncio.wait([task])
            await asyncio.wait_for(gone.wait(), 2)
            return task.cancelled()

    assert asyncio.run(run())


def with_manners(shape, job, *, select=None):
    """What a server that wants these manners was told, and by which subprotocol."""
    told, spoken = [], []

    async def handler(socket):
        spoken.append(socket.subprotocol)
        expected = (shape.hello is not None) + 2 * (shape.ping is not None)
        while len(told) < expected:
            told.append(await socket.recv())

    async def run():
        async def on_frame(_frame):
            raise AssertionError

        async with serve(handler, "127.0.0.1", 0, select_subprotocol=select) as server:
            url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
            manners = manners_of(shape, job)
            return await listen(
                url, headers={}, tls=None, on_open=lambda: None, on_frame=on_frame, manners=manners
            )

    return asyncio.run(run()), told, spoken


@pytest.mark.parametrize(
    ("hello", "job", "told"),
    [
        ("follow {id}", 'a"b', 'follow a"b'),
        ("{id}", 'a"b é', 'a"b é'),
        ("{id} {id}", "7", "7 7"),
        ('{"job":"{id}"}', 'a"b\\', '{"job":"a\\"b\\\\"}'),
        ('["{id}"]', "7", '["7"]'),
        ("[{id}]", "7", "[7]"),
        ("{}", "7", "{}"),
    ],
)
def test_a_hello_names_the_job_as_its_form_has_it(hello, job, told):
    assert with_manners(StreamShape(hello=hello), job)[1] == [told]


def test_a_server_hears_the_hello_first_and_then_a_ping_now_and_then():
    shape = StreamShape(hello="hi", ping="still {id}", ping_every=0.01)
    closed, told, spoken = with_manners(shape, "7")
    assert (closed.opened, told, spoken) == (True, ["hi", "still 7", "still 7"], [None])


@pytest.mark.parametrize("chosen", ["jobs.v1", None])
def test_a_subprotocol_is_offered_and_a_server_that_knows_none_is_not_refused(chosen):
    def select(_socket, offered):
        assert offered == ["jobs.v1"]
        return chosen

    closed, _, spoken = with_manners(StreamShape(subprotocol="jobs.v1"), "7", select=select)
    assert (closed.opened, spoken) == (True, [chosen])

"""Server-sent events of real servers: how sessions end, what comes through, and where they go on from."""

from __future__ import annotations

import asyncio
import gzip
import re
import tracemalloc
import zlib

import httpx
import pytest
from support.servers import RawServer, reply

from jobctl._version import __version__
from jobctl.stream import sse
from jobctl.stream.closed import Closed
from jobctl.stream.sse import listen

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n"


def session(answer, *, last_id=""):
    frames, opened, ids = [], [], [last_id]

    async def run(url):
        async def on_frame(payload):
            frames.append((payload, ids[-1]))

        async with httpx.AsyncClient() as client:
            return await listen(
                client,
                url,
                headers={"X-Own": "1"},
                last_id=last_id,
                on_open=lambda: opened.append(1),
                on_id=ids.append,
                on_frame=on_frame,
            )

    with RawServer(lambda _head: answer if isinstance(answer, list) else [answer]) as server:
        closed = asyncio.run(run(f"{server.url}/events"))
        return closed, frames, bool(opened), server.heads


def test_events_are_handed_over_parsed_with_their_ids():
    first = b'id: 4\nevent: status\ndata: {"status": "running"}\n\n'
    text = first + b": keep-alive\n\nevent: ping\ndata: 1\n\ndata: word\n\n"
    closed, frames, opened, _ = session(HEAD + text)
    assert (closed, opened) == (Closed(True, None, "the event stream ended"), True)
    assert frames == [({"status": "running", "type": "status"}, "4"), ("ping", "4"), ("word", "4")]


def test_a_session_goes_on_from_where_the_last_one_ended():
    _, _, _, heads = session(HEAD, last_id="17")
    (head,) = heads
    asked = head.lower()
    assert "last-event-id: 17\r\n" in asked
    assert "accept: text/event-stream\r\n" in asked
    assert "x-own: 1\r\n" in asked


@pytest.mark.parametrize(
    ("last_id", "sent"),
    [("é 日本", "é 日本"), (" x ", "x"), ("a\x01b", None), ("a\tb", None), ("x" * 99_999, None), (" ", None)],
)
def test_an_id_no_header_can_carry_costs_a_repetition_and_not_the_stream(last_id, sent):
    closed, frames, _, (head,) = session(HEAD + b"data: 1\n\n", last_id=last_id)
    assert (closed.opened, frames) == (True, [(1, last_id)])
    found = re.search("(?i)last-event-id: (.*)\r\n", head.encode("latin-1").decode())
    assert (found and found[1]) == sent


def test_an_event_without_data_moves_the_place_to_go_on_from():
    _, frames, _, _ = session(HEAD + b"id: 1\ndata: 1\n\nid: 2\n\n" + b"data: 2\n\nid: 3\n")
    assert frames == [(1, "1"), (2, "2")]


def test_the_request_says_who_asks_and_wants_no_compression():
    _, _, _, (head,) = session(HEAD)
    assert f"user-agent: jobctl/{__version__}\r\n" in head.lower()
    assert "accept-encoding: identity\r\n" in head.lower()


def test_a_tunnel_is_asked_to_leave_its_warning_page_out(monkeypatch):
    monkeypatch.setattr(sse, "bypass_headers", lambda host: {"X-Skip": host})
    _, _, _, (head,) = session(HEAD)
    assert "x-skip: 127.0.0.1\r\n" in head.lower()


def packed(coding, body):
    return HEAD.replace(b"\r\n\r\n", f"\r\nContent-Encoding: {coding}\r\n\r\n".encode()) + body


@pytest.mark.parametrize(("coding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_stream_compressed_all_the_same_is_read(coding, compress):
    closed, frames, _, _ = session(packed(coding, compress(b"data: 1\n\n")))
    assert (closed.reason, frames) == ("the event stream ended", [(1, "")])


def test_a_bomb_does_not_go_off():
    answer = packed("gzip", gzip.compress(b"data: " + b"x" * 50_000_000))
    tracemalloc.start()
    try:
        closed, _, _, _ = session(answer)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert closed == Closed(True, None, "an event was too large")
    assert most < 10_000_000


def test_a_compression_that_is_unknown_or_broken_is_told():
    closed, _, _, _ = session(packed("br", b"\x00"))
    assert closed == Closed(False, 200, "a stream compressed with br, which was not asked for")
    closed, _, _, _ = session(packed("gzip", b"data: 1\n\n"))
    assert "the compression is broken" in closed.reason


@pytest.mark.parametrize(
    ("answer", "code", "reason"),
    [
        (reply(404, b"{}"), 404, "HTTP 404 instead of an event stream"),
        (reply(204, b""), 204, "HTTP 204 instead of an event stream"),
        (
            reply(302, b"", "Location: http://127.0.0.1:1/elsewhere"),
            302,
            "HTTP 302 instead of an event stream",
        ),
        (reply(200, b"<html>", "Content-Type: text/html"), 200, "text/html instead of an event stream"),
    ],
)
def test_what_is_no_event_stream_is_told(answer, code, reason):
    closed, frames, opened, _ = session(answer)
    assert (closed, frames, opened) == (Closed(False, code, reason), [], False)


def test_an_event_too_large_ends_the_session():
    closed, _, opened, _ = session(HEAD + b"data: " + b"x" * 2_000_000)
    assert (closed, opened) == (Closed(True, None, "an event was too large"), True)


@pytest.mark.parametrize("proxy", [None, "http://127.0.0.1:1", "http://127.0.0.1:99999999"])
def test_nobody_there_is_told_and_nothing_is_raised(proxy):
    async def run():
        async def nothing(_payload):
            raise AssertionError

        async with httpx.AsyncClient(proxy=proxy) as client:
            return await listen(
                client,
                "http://127.0.0.1:1/",
                headers={},
                last_id="",
                on_open=lambda: None,
                on_id=[].append,
                on_frame=nothing,
            )

    closed = asyncio.run(run())
    assert (closed.opened, closed.code) == (False, None)
    assert closed.reason
    assert "TaskGroup" not in closed.reason

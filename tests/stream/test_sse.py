"""Server-sent events of real servers: how sessions end, what comes through, and where they go on from."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from support.servers import RawServer, reply

from jobctl.stream.closed import Closed
from jobctl.stream.sse import listen

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n"


def session(answer, *, last_id=""):
    frames, opened = [], []

    async def run(url):
        async def on_frame(payload, event_id):
            frames.append((payload, event_id))

        async with httpx.AsyncClient() as client:
            return await listen(
                client,
                url,
                headers={"X-Own": "1"},
                last_id=last_id,
                on_open=lambda: opened.append(1),
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


def test_nobody_there_is_told_and_nothing_is_raised():
    async def run():
        async def nothing(_payload, _id):
            raise AssertionError

        async with httpx.AsyncClient() as client:
            return await listen(
                client, "http://127.0.0.1:1/", headers={}, last_id="", on_open=lambda: None, on_frame=nothing
            )

    closed = asyncio.run(run())
    assert (closed.opened, closed.code) == (False, None)
    assert closed.reason

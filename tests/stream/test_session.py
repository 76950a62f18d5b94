"""The stream of one job over several sessions: what is remembered between them, and what is none of ours."""

from __future__ import annotations

import asyncio
import re

import pytest
from support.servers import RawServer

from jobctl import JobClient
from jobctl.profile.parse import parse_profile
from jobctl.stream.session import JobStream

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def sessions(*bodies, stream=None):
    """Hold one session after the other; the messages, and the `Last-Event-ID` of each request."""
    shape = {"kind": "sse", "url": "/events/{id}"} | (stream or {})
    left, messages = list(bodies), []

    async def run(url):
        table = {"read": "GET /jobs/{id}", "base_url": url, "stream": shape, "auth": "none"}
        async with JobClient(parse_profile("p", table), environ={}) as client:
            held = JobStream(client, "7")

            async def on_frame(payload):
                messages.append(payload)

            for _ in bodies:
                await held.listen(lambda: None, on_frame)

    with RawServer(lambda _head: [HEAD, left.pop(0)]) as server:
        asyncio.run(run(server.url))
        asked = [re.search("(?i)last-event-id: (.*)\r\n", head) for head in server.heads]
        assert all(head.startswith("GET /events/7 ") for head in server.heads)
    return messages, [found and found[1] for found in asked]


def test_each_session_goes_on_from_the_last_event_of_the_one_before():
    messages, asked = sessions(
        b"id: 1\ndata: 1\n\nid: 2\ndata: 2\n\ndata: 3\n\nid: 9\ndata: cut off",
        b": nothing new\n\n",
        b"id: 5\n\n",
        b"id\ndata: 4\n\n",
        b"",
    )
    assert messages == [1, 2, 3, 4]
    assert asked == [None, "2", "2", "5", None]


def test_an_event_that_is_filtered_out_still_moves_the_place():
    data = ('{"kind": "job"}', '{"kind": "x"}', "[1]", "word")
    body = "".join(f"id: {number}\ndata: {one}\n\n" for number, one in enumerate(data, 1)).encode()
    messages, asked = sessions(body, b"", stream={"only": "kind == 'job'"})
    assert (messages, asked) == ([{"kind": "job"}], [None, "4"])


@pytest.mark.parametrize("data", ["null", "[]", "5", "true", '"completed"', "completed", "{", '{"a": NaN}'])
def test_whatever_is_no_object_is_handed_over_and_filtered(data):
    body = f"data: {data}\n\n".encode()
    assert len(sessions(body)[0]) == 1
    assert sessions(body, stream={"only": "starts_with(kind, 'job')"})[0] == []

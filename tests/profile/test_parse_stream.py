from __future__ import annotations

import datetime as dt
import math

import pytest

from jobctl.errors import ConfigError
from jobctl.profile.parse import parse_profile
from jobctl.profile.stream_shape import DEFAULT_STREAM, StreamKind, StreamShape


def profile(stream, base_url="http://h:1/base"):
    return parse_profile("p", {"read": "GET /jobs/{id}", "base_url": base_url, "stream": stream}, "f.toml")


def test_a_text_is_a_websocket_that_speaks_by_itself():
    made = profile("/ws/{id}")
    assert (made.stream_url("7"), made.stream_shape) == ("ws://h:1/base/ws/7", DEFAULT_STREAM)
    assert profile(False).stream is None


def test_server_sent_events_are_http():
    made = profile({"kind": "sse", "url": "/jobs/{id}/events", "only": "status"})
    assert made.stream_url("7") == "http://h:1/base/jobs/7/events"
    assert made.stream_shape == StreamShape(kind=StreamKind.SSE, only="status")
    assert profile({"kind": "sse", "url": "https://e/{id}"}).stream_url("7") == "https://e/7"


def test_a_table_says_how_a_websocket_is_spoken():
    hello = {"type": "subscribe", "job": "{id}"}
    made = profile(
        {"url": "/ws", "subprotocol": "jobs.v1", "hello": hello, "ping": "ping", "ping_every": "30s"}
    )
    assert made.stream_shape == StreamShape(
        subprotocol="jobs.v1", hello='{"type":"subscribe","job":"{id}"}', ping="ping", ping_every=30.0
    )


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        ({}, "profiles.p.stream.url: expected a path such as '/ws/jobs/{id}'"),
        ({"url": "/x", "kind": "carrier-pigeon"}, "profiles.p.stream.kind: expected 'websocket' or 'sse'"),
        ({"url": "https://h/x"}, "or a ws:// or wss:// URL"),
        ({"url": "wss://h/x", "kind": "sse"}, "or a http:// or https:// URL"),
        (
            {"url": "/x", "kind": "sse", "hello": "hi"},
            "profiles.p.stream.hello: server-sent events go one way",
        ),
        ({"url": "/x", "helo": "hi"}, "profiles.p.stream.helo: unknown key; did you mean 'hello'?"),
        ({"url": "/x", "hello": ""}, "profiles.p.stream.hello: expected a text or a table"),
        ({"url": "/x", "ping_every": "10ms"}, "profiles.p.stream.ping_every: expected a second at least"),
        ({"url": "/x", "ping_every": "soon"}, "profiles.p.stream.ping_every: expected a duration"),
        ({"url": "/x", "subprotocol": "a b"}, "profiles.p.stream.subprotocol: expected the name"),
        ({"url": "/x", "only": "a ="}, "profiles.p.stream.only: expected a JMESPath expression"),
        ({"url": "ws://u:p@h/x"}, "credentials do not belong in the stream's URL"),
        ("wss://job-{id}.example.com/x", "profiles.p.stream: expected '{id}' behind the host"),
        ({"url": "https://h{id}/x", "kind": "sse"}, "profiles.p.stream.url: expected '{id}' behind the host"),
        ({"url": "/x", "hello": {"from": math.nan}}, "profiles.p.stream.hello: nan is no JSON number"),
        ({"url": "/x", "ping": {"on": dt.date(2026, 1, 1)}}, "profiles.p.stream.ping: JSON has no"),
        (4, "profiles.p.stream: expected a path"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(stream, said):
    with pytest.raises(ConfigError) as caught:
        profile(stream)
    assert said in caught.value.message

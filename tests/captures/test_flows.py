from __future__ import annotations

import gzip
import subprocess
import sys
import zlib

import pytest
from mitmproxy.http import Headers
from mitmproxy.test import tflow

from jobctl.captures.flows import event_of, exchange_of
from jobctl.captures.tally import MAX_BODY, UNKNOWN_LENGTH
from jobctl.exchange import Path


@pytest.fixture
def flow():
    made = tflow.tflow(resp=True)
    made.request.timestamp_start, made.response.timestamp_end = 10.0, 12.0
    return made


def test_a_flow_is_an_exchange(flow):
    flow.response.headers = Headers([(b"A", b"1"), (b"a", b"\xff")])
    flow.request.headers["X-Request-Id"] = "n"
    exchange = exchange_of(flow, 3)
    assert (exchange.number, exchange.path, exchange.method, exchange.status) == (3, Path.PLAIN, "GET", 200)
    assert exchange.url == flow.request.url
    assert exchange.headers == (("A", "1"), ("a", "\xff"))
    assert (exchange.sent, exchange.received, exchange.nonce) == (10.0, 12.0, "n")
    assert exchange.body == b"message"


@pytest.mark.parametrize("kind", ["no-response", "error"])
def test_what_is_none(flow, kind):
    if kind == "error":
        flow.error = tflow.terr()
    else:
        flow.response = None
    assert exchange_of(flow, 1) is None


def test_bodies(flow):
    flow.response.headers["content-encoding"] = "gzip"
    flow.response.data.content = b"no gzip"
    assert exchange_of(flow, 1).body == b"no gzip"
    flow.response.data.content = None
    assert exchange_of(flow, 1).body == b""
    flow.response.data.content = b""
    flow.response.content = b"text"
    assert exchange_of(flow, 1).body == b"text"


def test_a_time_that_is_missing_or_steps_back(flow):
    flow.response.timestamp_end = None
    flow.response.timestamp_start = 11.0
    assert exchange_of(flow, 1).received == 11.0
    flow.response.timestamp_end = 9.0
    assert exchange_of(flow, 1).received == 10.0
    flow.response.timestamp_start = flow.response.timestamp_end = None
    assert exchange_of(flow, 1).received == 10.0 + UNKNOWN_LENGTH


def test_writes_and_events(flow):
    flow.request.method = "POST"
    assert exchange_of(flow, 1).path is Path.WRITE
    stream = tflow.twebsocketflow()
    asked, _, message = stream.websocket.messages
    event = event_of(stream, message, 2)
    assert (event.path, event.body, event.sent) == (Path.EVENT, message.content, message.timestamp)
    assert event_of(stream, asked, 3).path is Path.SENT


def test_it_imports_no_mitmproxy():
    script = "import sys, jobctl.captures.flows; print('mitmproxy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_connections_are_those_to_the_server(flow):
    numbers = [exchange_of(one, 1).connection for one in (flow, tflow.tflow(resp=True), flow)]
    assert numbers[0] == numbers[2] != numbers[1]
    assert 0 not in numbers
    message = tflow.twebsocketflow().websocket.messages[0]
    assert event_of(flow, message, 1).connection == numbers[0]
    flow.server_conn.peername = ("2001:db8::1", 80, 0, 0)
    assert exchange_of(flow, 1).peer == "[2001:db8::1]:80"


def packed(body):
    return gzip.compress(body, mtime=0)


def deflated():
    bare = zlib.compressobj(wbits=-15)
    return bare.compress(b"{}") + bare.flush()


@pytest.mark.parametrize(
    ("coding", "sent", "body"),
    [
        ("gzip", packed(b"{}"), b"{}"),
        (" X-GZip", packed(b"{}"), b"{}"),
        ("deflate", zlib.compress(b"{}"), b"{}"),
        ("deflate", deflated(), b"{}"),
        ("gzip", packed(b"{}" * 9)[:-8], b"{}" * 9),
        ("identity", b"{}", b"{}"),
        ("br", b"\x8b\x00\x80{}\x03", b"{}"),
        ("br", b"x" * (2**16 + 1), b""),
        ("nonsense", b"{}", b"{}"),
        ("gzip", packed(bytes(64 * MAX_BODY)), b""),
        ("gzip", packed(b"x" * MAX_BODY), b"x" * MAX_BODY),
        ("", b"x" * (MAX_BODY + 1), b""),
    ],
    ids=[f"case-{n}" for n in range(12)],
)
def test_bodies_are_decoded_and_bounded(flow, coding, sent, body):
    flow.response.headers["content-encoding"] = coding
    flow.response.data.content = sent
    assert exchange_of(flow, 1).body == body

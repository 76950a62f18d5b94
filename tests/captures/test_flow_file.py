"""Flow files as read, written by the real mitmproxy: what counts, what is skipped, and damage."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow, tutils

from jobctl.captures.flow_file import read_flows
from jobctl.captures.tally import MAX_BODY, Tally
from jobctl.exchange import Path

RUNNING = b'{"id": 7, "status": "running"}'


def answered(content=RUNNING, method=b"GET", **changed):
    request = tutils.treq(method=method, headers=((b"X-Request-Id", b"n-1"),))
    flow = tflow.tflow(req=request, resp=tutils.tresp(content=content))
    for name, value in changed.items():
        setattr(flow, name, value)
    return flow


def written(*flows):
    out = io.BytesIO()
    writer = FlowWriter(out)
    for flow in flows:
        writer.add(flow)
    return out.getvalue()


def read(data):
    told = []
    tally = Tally(progress=told.append)
    exchanges = list(read_flows(io.BytesIO(data), len(data), tally))
    assert told == sorted(told)
    return exchanges, tally


def test_a_flow_is_an_exchange():
    flow = answered()
    (one,), tally = read(written(flow))
    assert (one.number, one.path, one.method, one.status) == (1, Path.PLAIN, "GET", 200)
    assert (one.url, one.body, one.nonce) == (flow.request.url, RUNNING, "n-1")
    assert (one.sent, one.at) == (flow.request.timestamp_start, flow.request.timestamp_start)
    assert one.received == flow.response.timestamp_end
    assert one.seen is None
    assert tally.problems == []


@pytest.mark.parametrize(
    ("method", "path"), [(b"HEAD", Path.PLAIN), (b"POST", Path.WRITE), (b"OPTIONS", Path.WRITE)]
)
def test_the_method_says_what_it_was_for(method, path):
    (one,), _ = read(written(answered(method=method)))
    assert one.path is path


def test_what_is_no_exchange_is_skipped_and_counted():
    data = written(
        tflow.tflow(err=True),
        tflow.tflow(),
        tflow.tflow(resp=True, err=True),
        answered(is_replay="request"),
        answered(is_replay="response"),
        tflow.ttcpflow(),
        tflow.tdnsflow(resp=True),
        answered(),
    )
    exchanges, tally = read(data)
    assert [one.number for one in exchanges] == [1]
    assert tally.skipped == 7
    assert "2 × a flow that mitmproxy replayed: skipped" in tally.problems


def test_messages_of_a_socket_stand_behind_its_handshake():
    flow = tflow.twebsocketflow(err=None)
    flow.websocket.messages[-1].injected = False
    injected = flow.websocket.messages[-1].copy()
    injected.injected = True
    dropped = flow.websocket.messages[-1].copy()
    dropped.dropped = True
    flow.websocket.messages += [injected, dropped]
    exchanges, tally = read(written(answered(), flow, answered()))
    assert [(one.number, one.path, one.handshake) for one in exchanges] == [
        (1, Path.PLAIN, 0),
        (2, Path.PLAIN, 0),
        (3, Path.SENT, 2),
        (4, Path.SENT, 2),
        (5, Path.EVENT, 2),
        (6, Path.PLAIN, 0),
    ]
    assert [one.body for one in exchanges[2:5]] == [b"hello binary", b"hello text", b"it's me"]
    assert exchanges[4].sent == flow.websocket.messages[2].timestamp
    assert tally.problems == []


def test_messages_of_a_socket_that_broke_are_kept():
    flow = tflow.twebsocketflow()
    flow.error = tflow.terr()
    exchanges, tally = read(written(answered(), flow))
    assert [one.path for one in exchanges] == [Path.PLAIN, Path.SENT, Path.SENT, Path.EVENT]
    assert [one.handshake for one in exchanges] == [0, 0, 0, 0]
    assert tally.skipped == 1


@pytest.mark.parametrize(
    ("content", "body"),
    [(RUNNING, RUNNING), (b"", b""), (None, b""), (bytes(MAX_BODY + 1), b"")],
    ids=["json", "empty", "streamed", "too-long"],
)
def test_what_was_sent(content, body):
    flow = answered(method=b"POST")
    flow.request.raw_content = content
    (one,), _ = read(written(flow))
    assert one.request_body == body


@pytest.mark.parametrize(
    ("content", "body"),
    [(None, b""), (b"", b""), (bytes(MAX_BODY), bytes(MAX_BODY)), (bytes(MAX_BODY + 1), b"")],
    ids=["streamed", "empty", "longest", "too-long"],
)
def test_bodies(content, body):
    flow = answered()
    flow.response.raw_content = content
    (one,), tally = read(written(flow))
    assert one.body == body
    assert tally.problems == []


def test_a_body_is_unpacked_and_a_bomb_is_dropped():
    packed, bomb = answered(), answered()
    for flow, content in ((packed, RUNNING), (bomb, bytes(10 * MAX_BODY))):
        flow.response.headers["content-encoding"] = "gzip"
        flow.response.content = content
    exchanges, _ = read(written(packed, bomb))
    assert [one.body for one in exchanges] == [RUNNING, b""]


def test_cut_at_any_byte_nothing_read_before_is_lost():
    flows = [answered(), answered(method=b"POST"), answered()]
    ends = [len(written(*flows[: number + 1])) for number in range(3)]
    data = written(*flows)
    whole, _ = read(data)
    for length in range(1, len(data)):
        exchanges, tally = read(data[:length])
        assert exchanges == whole[: sum(length >= end for end in ends)]
        assert len(tally.problems) == (length not in ends)


def test_a_newer_format_says_so():
    data = written(answered())
    place = data.index(b"7:version;")
    end = data.index(b"#", place)
    newer = data[: end - 2] + b"99" + data[end:]
    exchanges, tally = read(newer)
    assert exchanges == []
    assert "99" in tally.problems[0]


@pytest.mark.parametrize("length", ["999999999999", "99999999999", "4000000000"])
def test_a_damaged_length_takes_no_memory(length):
    exchanges, tally = read(f"{length}:abc".encode())
    assert (exchanges, tally.problems) == ([], ["the flow file was read up to flow 0: it is cut short"])


@given(st.binary(max_size=100))
def test_any_bytes_behind_a_flow_are_a_problem(rest):
    exchanges, tally = read(written(answered()) + rest)
    assert len(exchanges) == 1
    assert bool(tally.problems) == bool(rest)


_SOUND = written(answered(), tflow.twebsocketflow())


@given(st.lists(st.tuples(st.integers(0, 3500), st.integers(0, 255)), min_size=1, max_size=3))
@settings(max_examples=300)
def test_no_damaged_byte_raises(damages):
    flows = bytearray(_SOUND)
    for place, byte in damages:
        flows[place] = byte
    exchanges, _ = read(bytes(flows))
    assert all(one.received >= one.sent for one in exchanges)

"""HAR files as read: each exporter's manners, wrong values, damage, and long ones in little memory."""

from __future__ import annotations

import base64
import io
import json
import random
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mitmproxy.test import tflow, tutils

from jobctl.captures.har import read_har
from jobctl.captures.har_entry import UNKNOWN_LENGTH
from jobctl.captures.har_text import LONGEST_STRING, HarText
from jobctl.captures.har_writer import write_har
from jobctl.captures.tally import MAX_BODY, Tally
from jobctl.exchange import Exchange, Path, before

NOON = 1_760_047_990.125
RUNNING = b'{"id": 7, "status": "running"}'


def entry(number=0, **changed):
    return {
        "startedDateTime": f"2025-10-09T22:13:{10 + number % 50}.125Z",
        "time": 250,
        "request": {
            "method": "GET",
            "url": "https://api.test/jobs/7",
            "headers": [{"name": "X-Request-ID", "value": f"n-{number}"}],
        },
        "response": {
            "status": 200,
            "headers": [{"name": "ETag", "value": '"a"'}],
            "content": {"size": len(RUNNING), "mimeType": "application/json", "text": RUNNING.decode()},
        },
    } | changed


def response(**changed):
    return {"response": entry()["response"] | changed}


def har(*entries, **log):
    return json.dumps(
        {"log": {"version": "1.2", "creator": {"name": "x"}, **log, "entries": entries}}
    ).encode()


def read(data):
    tally = Tally()
    return list(read_har(io.BytesIO(data), tally)), tally


def read_one(*entries):
    (one,), tally = read(har(*entries))
    assert tally.problems == []
    return one


def test_an_entry_is_an_exchange():
    assert read_one(entry()) == Exchange(
        1,
        Path.PLAIN,
        "GET",
        "https://api.test/jobs/7",
        (("X-Request-ID", "n-0"),),
        200,
        (("ETag", '"a"'),),
        RUNNING,
        NOON,
        NOON + 0.25,
        NOON,
        nonce="n-0",
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", Path.PLAIN), ("HEAD", Path.PLAIN), ("POST", Path.WRITE), ("DELETE", Path.WRITE)],
)
def test_the_method_says_what_it_was_for(method, path):
    assert read_one(entry(request={"method": method, "url": "https://api.test/"})).path is path


def test_a_byte_order_mark_is_passed_over():
    exchanges, tally = read(b"\xef\xbb\xbf" + har(entry()))
    assert (len(exchanges), tally.problems) == (1, [])


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ({"text": "aGVsbG8=", "encoding": "base64"}, b"hello"),
        ({"text": "no base64!", "encoding": "base64"}, b""),
        ({"text": "ü"}, "ü".encode()),
        ({}, b""),
        (None, b""),
        ({"text": 7}, b""),
        ({"text": "x" * MAX_BODY}, b"x" * MAX_BODY),
        ({"text": "x" * (MAX_BODY + 1)}, b""),
        ({"text": base64.b64encode(bytes(MAX_BODY + 1)).decode(), "encoding": "base64"}, b""),
    ],
    ids=["base64", "damaged", "utf-8", "none", "null", "number", "longest", "too-long", "too-long-base64"],
)
def test_bodies(content, body):
    assert read_one(entry(**response(content=content))).body == body


def test_bodies_left_out_of_the_export_are_told_once():
    bare = entry(**response(content={"size": 30, "mimeType": "application/json"}))
    exchanges, tally = read(har(bare, bare))
    assert [one.body for one in exchanges] == [b"", b""]
    assert tally.problems == ["2 × an answer whose body is not in the recording: export it with content"]


@pytest.mark.parametrize(
    ("start", "at"),
    [
        ("2025-10-09T22:13:10.125Z", NOON),
        ("2025-10-10T00:13:10.125+02:00", NOON),
        ("2025-10-09T22:13:10.125", NOON),
        (1_760_047_990.125, NOON),
        (1_760_047_990_125, NOON),
    ],
    ids=["utc", "zone", "no-zone", "epoch", "milliseconds"],
)
def test_start_times(start, at):
    assert read_one(entry(startedDateTime=start)).at == at


@pytest.mark.parametrize("start", [None, "", "yesterday", -1, [], "9999-12-31T23:59:59-23:59", True])
def test_a_wrong_start_time_proves_no_order(start):
    wrong = entry(1, startedDateTime=start)
    exchanges, tally = read(har(entry(0), wrong, entry(2)))
    assert len(exchanges) == 3
    assert tally.problems == ["1 × an entry without a readable startedDateTime, which proves no order"]
    first, second, third = exchanges
    assert not before(first, second)
    assert not before(second, third)
    assert before(first, third)


@pytest.mark.parametrize("time", [-1, None, "soon", [], "-1"])
@pytest.mark.parametrize(
    ("timings", "length"),
    [
        (None, UNKNOWN_LENGTH),
        ({"wait": -1, "receive": 3}, UNKNOWN_LENGTH),
        ({"send": 1, "wait": 20, "receive": 4, "blocked": -1, "dns": None}, 0.025),
    ],
    ids=["none", "unknown", "phases"],
)
def test_a_wrong_duration(time, timings, length):
    (one,), tally = read(har(entry(time=time, timings=timings)))
    assert one.received - one.sent == pytest.approx(length, abs=1e-6)
    assert len(tally.problems) == (length == UNKNOWN_LENGTH)


def test_chrome_joins_repeated_fields_and_shows_pseudo_headers():
    headers = [{"name": ":status", "value": "200"}, {"name": "set-cookie", "value": "a=1\nb=2"}, ["age", "3"]]
    one = read_one(entry(**response(headers=headers)))
    assert one.headers == (("set-cookie", "a=1"), ("set-cookie", "b=2"), ("age", "3"))


def test_answers_from_the_browsers_own_cache_are_no_exchanges():
    exchanges, tally = read(har(entry(_fromCache="disk"), entry(1)))
    assert [one.number for one in exchanges] == [1]
    assert tally.skipped == 1
    assert "browser's own cache" in tally.problems[0]


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"status": 0, "_error": "net::ERR_CONNECTION_REFUSED"}, "unreachable"),
        ({"status": 0, "_error": "net::ERR_TIMED_OUT"}, "timeout"),
        ({"status": None}, "unreachable"),
        ({"status": -5}, "unreachable"),
    ],
    ids=["refused", "timeout", "null", "negative"],
)
def test_no_answer_is_an_exchange_with_a_problem(changed, kind):
    one = read_one(entry(**response(**changed)))
    assert not one.completed
    assert one.problem.kind == kind


def message(**changed):
    return {"type": "receive", "time": NOON + 5, "opcode": 1, "data": RUNNING.decode()} | changed


def test_messages_of_a_socket_stand_at_their_own_time_behind_its_handshake():
    messages = [
        message(type="send", data='{"type":"ping"}', time=NOON + 4),
        message(),
        message(opcode=2, data="aGVsbG8=", time=NOON + 6),
        message(opcode=9),
        message(type="error", opcode=-1),
        message(type=["send"]),
        "rubbish",
    ]
    socket = entry(1, **response(status=101), _webSocketMessages=messages)
    exchanges, tally = read(har(entry(), socket, entry(2)))
    assert [(one.number, one.path, one.handshake) for one in exchanges] == [
        (1, Path.PLAIN, 0),
        (2, Path.PLAIN, 0),
        (3, Path.SENT, 2),
        (4, Path.EVENT, 2),
        (5, Path.EVENT, 2),
        (6, Path.PLAIN, 0),
    ]
    _, _, asked, first, second, _ = exchanges
    assert (asked.at, asked.body) == (NOON + 4, b'{"type":"ping"}')
    assert (first.sent, first.received, first.at, first.body) == (NOON + 5, NOON + 5, NOON + 5, RUNNING)
    assert (second.body, second.status, second.headers) == (b"hello", 101, ())
    assert tally.problems == []


def test_a_socket_without_its_messages_is_told():
    """Firefox exports the handshake alone."""
    exchanges, tally = read(har(entry(**response(status=101)), entry(1)))
    assert [one.path for one in exchanges] == [Path.PLAIN, Path.PLAIN]
    assert tally.problems == ["1 × a WebSocket whose messages are not in the recording: Firefox exports none"]


@pytest.mark.parametrize(
    ("data", "body"),
    [
        ({"mimeType": "application/json", "text": '{"shown": "pending"}'}, b'{"shown": "pending"}'),
        ({"text": "a=1", "params": [{"name": "a", "value": "1"}]}, b"a=1"),
        ({"text": "aGVsbG8=", "encoding": "base64"}, b"hello"),
        ({"text": "x" * (MAX_BODY + 1)}, b""),
        ({"text": None}, b""),
        (None, b""),
        ([], b""),
    ],
    ids=["json", "form", "base64", "too-long", "null", "none", "list"],
)
def test_what_was_sent(data, body):
    request = {"method": "POST", "url": "https://api.test/telemetry", "postData": data}
    assert read_one(entry(request=request)).request_body == body


def test_a_message_without_a_time_proves_no_order():
    (_, event), tally = read(har(entry(_webSocketMessages=[message(time=None)])))
    assert event.received - event.sent == UNKNOWN_LENGTH
    assert len(tally.problems) == 1


def test_an_export_of_mitmproxy():
    with warnings.catch_warnings(action="ignore"):  # what its addons import warns of itself
        from mitmproxy.addons.savehar import SaveHar  # noqa: PLC0415
    flows = [
        tflow.tflow(resp=tutils.tresp(content=RUNNING)),
        tflow.tflow(resp=tutils.tresp(content=b"\xff\x00\x01")),
        tflow.tflow(err=True),
        tflow.twebsocketflow(),
        tflow.tflow(req=tutils.treq(method=b"POST", content=RUNNING), resp=True),
    ]
    exchanges, tally = read(json.dumps(SaveHar().make_har(flows)).encode())
    assert tally.problems == []
    messages = [b"hello binary", b"hello text", b"it's me"]
    assert [one.body for one in exchanges] == [RUNNING, b"\xff\x00\x01", b"", b"", *messages, b"message"]
    assert [one.completed for one in exchanges] == [True, True, False, *[True] * 5]
    assert exchanges[0].sent == flows[0].request.timestamp_start
    assert [one.path for one in exchanges[4:7]] == [Path.SENT, Path.SENT, Path.EVENT]
    assert [one.handshake for one in exchanges] == [0, 0, 0, 0, 4, 4, 4, 0]
    assert exchanges[7].request_body == RUNNING


@pytest.mark.parametrize(
    "strange",
    [None, 7, "x", [], {}, {"request": None}, {"request": {"url": 7}}, {"request": [], "response": []}],
    ids=repr,
)
def test_an_entry_that_is_none_is_skipped(strange):
    exchanges, tally = read(har(strange, entry()))
    assert (len(exchanges), tally.skipped) == (1, 1)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b'{"log": 7}', b'{"log": {}}', b'{"log": {"entries": {}}}', b"[1]", b'{"log": null}'],
    ids=repr,
)
def test_what_has_no_entries_is_a_problem(data):
    exchanges, tally = read(data)
    assert exchanges == []
    assert len(tally.problems) == 1


def test_entries_may_stand_behind_anything():
    data = b'{"a": [[{"log": 1}]], "log": {"pages": [{"entries": [1]}], "entries": ['
    data += json.dumps(entry()).encode() + b'], "z": {}}, "y": 1}'
    exchanges, tally = read(data)
    assert (len(exchanges), tally.problems) == (1, [])


def test_bytes_that_are_no_utf_8_cost_no_entry():
    data = har(entry(), entry(1)).replace(b"running", b"r\xffnning", 1)
    exchanges, tally = read(data)
    assert [one.body for one in exchanges] == [RUNNING.replace(b"ru", "r\ufffd".encode()), RUNNING]
    assert tally.problems == []


def test_a_problem_shows_nothing_of_the_file():
    _, tally = read(har(entry())[:-20] + b"hunter2hunter2")
    assert "hunter2" not in str(tally.problems)


def test_endless_nesting_ends_the_reading():
    exchanges, tally = read(har(entry(), entry(1))[:-3] + b', {"a": ' + b"[" * 100_000)
    assert len(exchanges) == 2
    assert "nested" in tally.problems[0]


def test_cut_at_any_byte_nothing_read_before_is_lost():
    data = har(*map(entry, range(3)))
    ends = [
        data.index(json.dumps(entry(number)).encode()) + len(json.dumps(entry(number))) for number in range(3)
    ]
    whole, _ = read(data)
    for length in range(len(data)):
        exchanges, tally = read(data[:length])
        assert exchanges == whole[: sum(length >= end for end in ends)]
        assert len(tally.problems) == 1


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda some: har(entry())[:-2] + some))
def test_any_bytes_are_read_or_a_problem(data):
    exchanges, tally = read(data)
    assert all(one.number == index for index, one in enumerate(exchanges, start=1))
    assert tally.problems or exchanges


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_KEYS = ["startedDateTime", "time", "timings", "request", "response", "_webSocketMessages", "_jobctl"]


@given(st.dictionaries(st.sampled_from(_KEYS), _JSON), _JSON, _JSON)
def test_no_value_raises(changed, inner, message):
    odd = entry(
        **{"request": {"url": "/", "method": inner, "headers": inner}, "_webSocketMessages": [message]}
        | changed
    )
    exchanges, tally = read(har(odd, entry()))
    assert exchanges[-1].body == RUNNING
    assert all(one.received >= one.sent for one in exchanges)
    assert tally.skipped <= 1


def test_a_long_string_is_shortened_and_its_neighbours_are_whole():
    body = random.Random(1).choices('abc \\"\n\u00fcß{}[],:', k=LONGEST_STRING // 8)
    long = entry(1, **response(content={"text": "".join(body) + "x" * 4 * LONGEST_STRING}))
    text = HarText(io.BytesIO(har(entry(), long, entry(2))), lambda _read: None)
    taken = b"".join(iter(lambda: text.read(65536), b""))
    assert len(taken) < 2 * LONGEST_STRING
    exchanges, tally = read(har(entry(), long, entry(2)))
    assert [one.body for one in exchanges] == [RUNNING, b"", RUNNING]
    assert tally.problems == []


@given(st.text(alphabet='ab\\"\n\u00fc\U0001f600', max_size=300), st.integers(1, 40))
@settings(max_examples=200)
def test_strings_that_are_short_pass_unchanged(text, size):
    data = json.dumps([text, text], ensure_ascii=False).encode()
    source = HarText(io.BytesIO(data), lambda _read: None)
    assert b"".join(iter(lambda: source.read(size), b"")) == data


@given(st.text(alphabet='abcdefgh\\"\n\u00fc\u2028\x01', max_size=2000), st.integers(1, 200), st.booleans())
@settings(max_examples=300)
def test_what_is_cut_leaves_json(text, size, is_ascii):
    data = json.dumps({"a": text, "b": [text]}, ensure_ascii=is_ascii).encode()
    source = HarText(io.BytesIO(data), lambda _read: None)
    source._longest = 40
    left = json.loads(b"".join(iter(lambda: source.read(size), b"")))
    assert left.keys() == {"a", "b"}
    assert left["a"][:6] == text[:6]
    assert len(left["a"]) <= len(text) + len("0000") + len("00fc")


def test_what_was_written_comes_back():
    every = [
        Exchange(
            1,
            Path.PLAIN,
            "GET",
            "https://a.test/7",
            (("X-Request-Id", "n"),),
            200,
            (("A", "b"),),
            RUNNING,
            1,
            2,
        )._replace(sent=NOON, received=NOON + 0.5, at=NOON, nonce="n"),
        Exchange(2, Path.WRITE, "POST", "https://a.test/7", (), 201, (), b"\xff\x00", NOON, NOON + 1, NOON),
        Exchange(3, Path.EVENT, "GET", "wss://a.test/7", (), 101, (), RUNNING, NOON + 3, NOON + 3, NOON + 3),
        Exchange(4, Path.EVENT, "GET", "wss://a.test/7", (), 101, (), b"\xff", NOON + 4, NOON + 4, NOON + 4),
        Exchange(5, Path.SENT, "GET", "wss://a.test/7", (), 101, (), b"{}", NOON + 5, NOON + 5, NOON + 5),
    ]
    out = io.StringIO()
    write_har(every, out, notes={})
    exchanges, tally = read(out.getvalue().encode())
    assert (exchanges, tally.problems) == (every, [])


def test_safari_answers_from_its_own_cache_as_well():
    one = entry(1)
    one["response"]["_fetchType"] = "Memory Cache"
    exchanges, tally = read(har(one, entry(2)))
    assert (len(exchanges), tally.skipped) == (1, 1)


@pytest.mark.parametrize(("connection", "number"), [("77", 77), ("443", 0), ("", 0), ("x", 0)])
def test_a_port_is_no_connection(connection, number):
    """Firefox writes the server's port there, the same for every connection."""
    one = entry(connection=connection)
    one["request"] |= {"url": "https://x.test/v1/jobs/7", "method": "get"}
    (exchange,), _ = read(har(one))
    assert (exchange.connection, exchange.path) == (number, Path.PLAIN)

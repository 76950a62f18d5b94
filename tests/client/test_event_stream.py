from __future__ import annotations

import httpx
import pytest
from httpx_sse import EventSource
from hypothesis import given
from hypothesis import strategies as st

from jobctl.client.event_stream import MAX_EVENT, EventParser, EventTooLargeError, ServerEvent

LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["", ": comment", "data", "data:", "id: 7", "id", "id: a\0b", "retry: 100", "event: end"]
        ),
        st.builds(
            "{}{}{}".format,
            st.sampled_from(["data", "event", "id", "other"]),
            st.sampled_from([":", ": ", ":  "]),
            st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=8),
        ),
    ),
    max_size=12,
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def streams(draw):
    """The bytes of a stream, whose lines end in any of the three ways, and places to cut them at."""
    lines = draw(LINES)
    ends = draw(st.lists(ENDS, min_size=len(lines), max_size=len(lines)))
    data = "".join(line + end for line, end in zip(lines, ends, strict=True)).encode()
    return data, sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))


def ours(data, cuts):
    parser, events, begin = EventParser(), [], 0
    for cut in (*cuts, len(data)):
        events += parser.feed(data[begin:cut])
        begin = cut
    return events


def another(data):
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=data)
    return [ServerEvent(one.event, one.data, one.id) for one in EventSource(response).iter_sse()]


@given(streams())
def test_another_reader_of_the_standard_reads_the_same(stream):
    data, cuts = stream
    # The other one dispatches events without data as well; the standard does not.
    expected = [event for event in another(data) if event.data or b"data" in data]
    found = ours(data, cuts)
    assert [event for event in found if event.data] == [event for event in expected if event.data]


@given(streams(), st.sampled_from([b"", b"\n", b"\xef\xbb\xbf", b"\n\xef\xbb\xbf"]))
def test_where_the_network_cuts_changes_nothing(stream, start):
    data, cuts = stream
    expected = ours(start + data, [])
    assert ours(start + data, cuts) == expected
    assert ours(start + data, range(len(start + data))) == expected


def test_a_line_end_cut_in_two_is_followed_by_the_empty_line_that_ends_the_event():
    assert ours(b"data: x\r\n\n", [8, 9]) == [ServerEvent("message", "x", "")]


def test_a_byte_order_mark_is_one_at_the_very_start_only():
    assert ours(b"\n\xef\xbb\xbfdata: x\n\n", [1]) == []


def test_an_event_is_several_lines_and_keeps_the_id_until_it_changes():
    text = b"\xef\xbb\xbfid: 1\nevent: status\ndata: {\ndata: }\n\ndata: x\n\n: ping\n\nid\ndata:\n\n"
    assert ours(text, []) == [
        ServerEvent("status", "{\n}", "1"),
        ServerEvent("message", "x", "1"),
        ServerEvent("message", "", ""),
    ]


@pytest.mark.parametrize("piece", [b"data: " + b"x" * MAX_EVENT, b"data: xxxxxxxx\n" * (MAX_EVENT // 8)])
def test_an_endless_event_is_refused(piece):
    with pytest.raises(EventTooLargeError):
        EventParser().feed(piece)


def test_an_endless_line_that_comes_byte_by_byte_is_refused_as_well():
    parser = EventParser()
    for _ in range(MAX_EVENT):
        parser.feed(b"x")
    with pytest.raises(EventTooLargeError):
        parser.feed(b"x")


def test_many_events_are_not_one_large_one():
    assert len(EventParser().feed(b"data: xxxxxxxx\n\n" * (MAX_EVENT // 8))) == MAX_EVENT // 8


def test_comments_belong_to_no_event_however_many_there_are():
    parser = EventParser()
    for _ in range(MAX_EVENT // 1000 + 1):
        assert parser.feed(b": " + b"x" * 998 + b"\n") == []
    assert parser.feed(b"data: x\n\n") == [ServerEvent("message", "x", "")]

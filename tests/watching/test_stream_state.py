"""Stream sessions and what they were worth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.watching.options import WatchOptions
from jobctl.watching.stream_state import Socket, StreamState


def state(*, available: bool = True, **options) -> StreamState:
    return StreamState(WatchOptions(**options), available=available)


def session(
    stream: StreamState, now: float, *, opened: bool = True, data: bool = False, lasts: float = 60.0
) -> bool:
    stream.connecting()
    if opened:
        stream.opened(now)
    if data:
        stream.heard(now + 1, accepted=True)
    return stream.ended(now + lasts, 0.5)


def test_no_stream_is_never_due():
    for stream in (state(available=False), state(use_stream=False)):
        assert (stream.socket, stream.wanted, stream.due(1e9)) == (Socket.GIVEN_UP, False, False)


def test_a_life():
    stream = state()
    assert stream.due(0.0)
    assert stream.connecting() == 1
    assert (stream.socket, stream.due(1e9)) == (Socket.CONNECTING, False)
    stream.opened(1.0)
    assert (stream.socket, stream.trusted) == (Socket.OPEN, False)
    stream.heard(2.0, accepted=False)
    assert not stream.trusted
    stream.heard(3.0, accepted=True)
    assert stream.trusted
    assert stream.ended(60.0, 0.5) is False
    assert (stream.socket, stream.trusted) == (Socket.WAITING, False)
    assert stream.retry_at is not None
    assert not stream.due(stream.retry_at - 0.001)
    assert stream.due(stream.retry_at)
    assert stream.connecting() == 2
    assert stream.retry_at is None


@pytest.mark.parametrize("opened", [True, False])
def test_five_sessions_without_accepted_data_are_the_last(opened):
    stream = state()
    assert [session(stream, 0.0, opened=opened) for _ in range(5)] == [False] * 4 + [True]
    assert (stream.socket, stream.wanted, stream.due(1e9)) == (Socket.GIVEN_UP, False, False)


@given(st.lists(st.booleans(), max_size=40))
def test_only_data_resets_the_count(sessions):
    stream, in_a_row = state(max_stream_sessions=5), 0
    for number, data in enumerate(sessions):
        gave_up = session(stream, 100.0 * number, data=data)
        in_a_row = 0 if data else in_a_row + 1
        assert gave_up is (in_a_row == 5)
        assert stream.fruitless == in_a_row
        if gave_up:
            return


@given(st.integers(1, 60), st.floats(0, 0.999))
def test_sessions_that_say_a_word_and_hang_up_are_opened_ever_less_often(count, random):
    stream, now = state(), 0.0
    for _ in range(count):
        stream.connecting()
        stream.opened(now)
        stream.heard(now, accepted=True)
        assert stream.ended(now + 0.01, random) is False
        assert stream.retry_at is not None
        assert stream.retry_at - now - 0.01 + 1e-9 >= 0.05
        now = stream.retry_at
    if count >= 20 and random > 0.5:
        assert now / count > 0.5


def test_silence_is_reads_that_move_twice_without_a_word():
    stream = state()
    stream.connecting()
    assert stream.read_moved(0.0) is False, "not open yet"
    stream.opened(0.0)
    assert stream.read_moved(1.0) is False
    assert stream.read_moved(1.5) is False, "the frame may still be on its way"
    assert stream.read_moved(10.0) is True


def test_a_word_just_now_is_no_silence_even_if_it_brought_nothing_new():
    stream = state()
    stream.connecting()
    stream.opened(0.0)
    for step in range(1, 20):
        assert stream.read_moved(10.0 * step) is False
        stream.heard(10.0 * step + 0.5, accepted=False)


def test_a_read_that_moved_first_costs_the_trust():
    stream = state()
    stream.connecting()
    stream.opened(0.0)
    stream.heard(1.0, accepted=True)
    stream.read_moved(20.0)
    assert not stream.trusted

"""The watch machine and its socket: reconnects, what a session is worth. Numbers are issues of its peers."""

from __future__ import annotations

import itertools

from world.make import at
from world.play import Play, streaming

from jobctl.watching.events import Level
from jobctl.watching.stream_state import Socket


def test_apidash_1759_after_five_fruitless_sessions_polling_only_and_said_once():
    play = Play().start().read("running")
    for _ in range(60):
        if play.machine.stream.socket is Socket.GIVEN_UP:
            break
        if play.machine.stream.socket is Socket.CONNECTING:
            play.opened().pong().closed(1000)  # a handshake and a keep-alive are no data
        if play.reading:
            play.read("running")
        play.wait(31.0)
    assert play.sessions == [1, 2, 3, 4, 5]
    assert play.codes().count("polling-only") == 1
    assert [notice.level for notice in play.notices if notice.code == "polling-only"] == [Level.WARNING]
    play.read("running").wait(600.0)
    assert len(play.sessions) == 5
    assert play.reading, "polling goes on"


def test_datachain_1652_data_resets_the_count_of_fruitless_sessions():
    play = Play().start().read("running", updated_at=at(0))
    for round_ in range(1, 13):
        while play.machine.stream.socket is not Socket.CONNECTING:
            if play.reading:
                play.read("running", updated_at=at(0))
            play.wait(31.0)
        play.opened()
        if round_ % 4 == 0:
            play.frame("running", updated_at=at(round_), progress=float(round_))
        play.closed()
    assert len(play.sessions) == 12
    assert "polling-only" not in play.codes()


def test_reconnects_back_off():
    play = Play(random=0.999).start().read("running")
    times = []
    for _ in range(300):
        if play.machine.stream.socket is Socket.CONNECTING:
            times.append(play.now)
            play.closed(None, "HTTP 403", opened=False)
        elif play.machine.stream.socket is Socket.GIVEN_UP:
            break
        elif play.reading:
            play.read("running")
        else:
            assert play.wake is not None
            play.wait(play.wake - play.now)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(times) == 5
    assert gaps[-1] > 2 * gaps[0]
    assert max(gaps) <= 31.0


def test_a_close_is_one_line_with_code_and_reason():
    play = streaming().closed(1011, "internal error")
    assert [notice.text for notice in play.notices] == ["socket closed (1011): internal error"]


def test_a_close_that_was_asked_for_is_silent():
    play = streaming()
    for step in range(2, 9):
        play.now += 2.0
        play.read("running", updated_at=at(step), progress=float(step))
        if play.closes:
            break
    before = play.codes()
    play.closed(1000)
    assert play.codes() == before


def test_words_of_a_session_that_is_over_are_not_heard():
    play = streaming().closed()
    decided = len(play.machine.story)
    play.frame("completed", session=1, updated_at=at(9))
    assert len(play.machine.story) == decided
    assert play.finish is None


def test_incident_2_a_socket_that_replays_pending_on_reconnect_shows_nothing_of_it():
    play = (
        streaming()
        .frame("running", progress=95.0, updated_at=at(2))
        .closed()
        .wait(3.0)
        .opened()
        .frame("pending")
    )
    assert play.status == "running"
    assert "pending" not in play.shown

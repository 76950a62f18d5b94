"""The watch machine, one promise of the design a test: reads and stream together, pace, accounting."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.make import JOB, at, seen
from world.play import Play, ended, streaming

from jobctl.model import Source
from jobctl.reasons import Reason
from jobctl.watching.events import Ending, FailureKind, OpenStream, Read, Tick
from jobctl.watching.stream_state import Socket

# --- read first --------------------------------------------------------------------------------


def test_read_first_argo_cd_12211_kubectl_1482():
    play = Play().start()
    assert [type(item) for item in play.out if not hasattr(item, "at")] == [Read]
    assert play.reading is Source.POLL


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_a_job_that_has_ended_needs_no_stream(status):
    play = Play().start().read(status)
    assert ended(play) == ("terminal", status, True)
    assert play.sessions == []


def test_the_stream_is_opened_after_the_first_read_and_only_if_there_is_one():
    assert Play().start().read("running").sessions == [1]
    assert Play(stream=False).start().read("running").sessions == []
    assert Play(use_stream=False).start().read("running").sessions == []


def test_a_failed_first_read_does_not_keep_the_stream_shut():
    assert Play().start().fail().sessions == [1]


# --- reads and stream together -----------------------------------------------------------------


def test_read_at_once_after_every_connect():
    play = Play().start().read("running")
    assert play.reading is None
    play.opened()
    assert play.reading is Source.POLL
    play.read("running").closed().wait(10.0)
    if play.reading:
        play.read("running")
    count = len(play.reads)
    play.now += 1.0
    play.opened()
    assert len(play.reads) == count + 1


def test_incident_2_polls_go_on_while_the_socket_is_up():
    play = streaming().frame("running", progress=95.0, updated_at=at(2))
    first = len(play.reads)
    play.wait(16.0)
    assert len(play.reads) == first + 1, "the slow safety read"
    play.read("completed", updated_at=at(3))
    assert ended(play) == ("terminal", "completed", True)


def test_a_stream_that_said_nothing_yet_does_not_slow_polling_down():
    play = streaming()
    count = len(play.reads)
    play.wait(1.0)
    assert len(play.reads) == count + 1


@pytest.mark.parametrize("silent", ["nothing at all", "pongs"])
def test_a_socket_that_is_open_but_silent_is_told_and_reopened_comfyui_15240_stripe_cli_80(silent):
    play = streaming()
    for step in range(2, 8):
        if silent == "pongs":
            play.pong()
        play.now += 2.0
        play.read("running", updated_at=at(step), progress=float(step))
        if play.closes:
            break
    assert play.closes == [1]
    assert "stream-silent" in play.codes()
    play.wait(5.0)
    assert play.sessions == [1, 2]


def test_reads_that_move_once_do_not_condemn_a_stream_that_lags_a_little():
    play = streaming()
    play.read("running", updated_at=at(2), progress=10.0).frame("running", updated_at=at(2), progress=10.0)
    play.read("running", updated_at=at(3), progress=20.0).frame("running", updated_at=at(3), progress=20.0)
    assert play.closes == []
    assert "stream-silent" not in play.codes()


# --- pace --------------------------------------------------------------------------------------


def test_wayland_1379_polling_slows_down_while_nothing_changes_and_wakes_up_when_something_does():
    play = Play(stream=False).start()
    for _ in range(12):
        play.read("running", updated_at=at(1))
    polls = [when for when, _ in play.reads]
    gaps = [later - earlier for earlier, later in itertools.pairwise(polls)]
    assert gaps[0] < 1.0
    assert gaps[-1] >= 4.0
    play.read("running", updated_at=at(2))
    last = play.reads[-1][0]
    play.read("running", updated_at=at(2))
    assert play.reads[-1][0] - last < 1.2


def test_an_interval_overrides_the_pace():
    play = Play(stream=False, interval=7.0).start()
    for _ in range(4):
        play.read("running", after=0.0)
    assert [when for when, _ in play.reads] == [0.0, 7.0, 14.0, 21.0]


def test_a_pong_flood_makes_no_reads_and_no_data_of_it():
    play = streaming()
    reads, word = len(play.reads), play.machine.last_word_at
    for _ in range(1000):
        play.pong()
    assert len(play.reads) == reads
    assert play.machine.last_word_at == word
    assert play.machine.stream.fruitless == 0
    assert not play.machine.stream.trusted


def test_a_flood_of_unversioned_regressions_is_answered_with_a_bounded_number_of_reads():
    play = streaming()
    begin, count = play.now, len(play.reads)
    for _ in range(2000):
        play.now += 0.01
        play.frame("pending")
        if play.reading:
            play.read("running", updated_at=at(1), after=0.01)
    rate = (len(play.reads) - count) / (play.now - begin)
    assert rate < 2.0 / play.machine.options.fastest, f"{rate:.1f} reads/s"
    assert play.shown == ["running"]


def test_a_flood_of_regressions_while_progress_moves_with_every_read_stays_bounded():
    play = streaming()
    begin, count = play.now, len(play.reads)
    for step in range(2000):
        play.now += 0.01
        play.frame("pending")
        if play.reading:
            play.read("running", updated_at=at(2 + step / 1000), progress=step / 50, after=0.01)
    rate = (len(play.reads) - count) / (play.now - begin)
    assert rate < 3.0 / play.machine.options.fastest, f"{rate:.1f} reads/s"


def test_sessions_that_say_one_word_and_hang_up_do_not_multiply_reads():
    play = Play(random=0.1).start().read("running", updated_at=at(0))
    for step in range(1, 400):
        if play.finish is not None or play.now > 60.0:
            break
        if play.machine.stream.socket is Socket.CONNECTING:
            play.opened().frame("running", updated_at=at(step), progress=step / 10).closed(1000)
        elif play.reading:
            play.read("running", updated_at=at(step), progress=step / 10)
        else:
            assert play.wake is not None
            play.wait(play.wake - play.now)
    assert len(play.reads) / play.now < 1.2 / play.machine.options.fastest


# --- accounting --------------------------------------------------------------------------------


def test_prefect_17929_a_heartbeat_moves_no_clock():
    play = streaming()
    word = play.machine.last_word_at
    play.now += 30.0
    play.pong()
    assert play.machine.last_word_at == word
    assert play.machine.story.counts[Reason.KEEPALIVE] == 1


def test_every_observation_is_one_decision_in_the_story():
    play = Play().start(seen("pending", Source.SUBMIT)).read("running").opened().frame("running").pong()
    play.frame("running", said_id="another").read("running")
    assert len(play.machine.story) == 6
    assert play.machine.story.job_id == JOB


ACTIONS = {
    "read running": lambda play: play.reading and play.read("running", updated_at=at(play.now)),
    "read completed": lambda play: play.reading and play.read("completed", updated_at=at(play.now)),
    "read none": lambda play: play.reading and play.read(None),
    "fail": lambda play: play.reading and play.fail(),
    "404": lambda play: play.reading and play.fail(FailureKind.NOT_FOUND),
    "429": lambda play: play.reading and play.fail(retry_after=3.0),
    "open": lambda play: play.machine.stream.socket is Socket.CONNECTING and play.opened(),
    "frame": lambda play: play.frame("running", updated_at=at(play.now)),
    "end": lambda play: play.frame("failed", updated_at=at(play.now)),
    "lie": lambda play: play.frame("completed"),
    "pong": lambda play: play.pong(),
    "close": lambda play: play.closed(),
    "wait": lambda play: play.wait(1.0),
}


events = st.lists(st.sampled_from(sorted(ACTIONS)), max_size=40)


@given(events, st.booleans(), st.floats(0, 0.999))
def test_any_order_of_events_is_answered(script, stream, random):
    play = Play(stream=stream, random=random).start()
    for step in script:
        ACTIONS[step](play)
        if play.finish is not None:
            assert play.machine.handle(Tick(), play.now, random) == []
            return
        assert sum(isinstance(item, Read) for item in play.out) <= 1
        assert sum(isinstance(item, OpenStream) for item in play.out) <= 1
        assert play.reading or play.wake is not None, "neither waiting for an answer nor for a time"
    assert play.finish is None or isinstance(play.finish.ending, Ending)

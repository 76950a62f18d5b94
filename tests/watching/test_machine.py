"""The watch machine, one promise of DESIGN section 4 a test; issue numbers are what users of peers suffered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.make import CACHED, JOB, at, seen
from world.play import Play

from jobctl.model import JobStatus, Source
from jobctl.reasons import Reason
from jobctl.watching.events import Ending, FailureKind, Finish, Interrupted, Level, OpenStream, Read, Tick
from jobctl.watching.stream_state import Socket


def ended(play: Play) -> tuple[str, str | None, bool]:
    assert play.finish is not None
    job = play.finish.job
    return play.finish.ending.value, job.status.value if job else None, play.finish.confirmed


def streaming(**options) -> Play:
    """A running job, the stream open, the read after connecting answered."""
    play = Play(**options).start().read("running", updated_at=at(1)).opened()
    return play.read("running", updated_at=at(1))


# --- read first ----------------------------------------------------------------------------------------------


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


# --- reads and stream together ---------------------------------------------------------------------------------


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


# --- ends ------------------------------------------------------------------------------------------------------


def test_a_terminal_frame_ends_the_watch_after_one_confirming_read():
    play = streaming().frame("completed", updated_at=at(5))
    assert play.finish is None
    assert play.reading is Source.VERIFY
    play.read("completed", updated_at=at(5), result=65018)
    assert ended(play) == ("terminal", "completed", True)
    assert play.finish is not None
    assert play.finish.job is not None
    assert play.finish.job.result == 65018, "the final record comes with it"


@pytest.mark.parametrize("how", ["the read fails", "the read hangs"])
def test_a_terminal_frame_with_a_time_ends_the_watch_even_without_the_final_record(how):
    play = streaming().frame("completed", updated_at=at(5))
    if how == "the read fails":
        play.fail()
        assert "final-record" in play.codes()
    else:
        play.wait(6.0)
    assert ended(play) == ("terminal", "completed", True)


def test_ordinary_end_the_server_closes_after_its_last_frame_and_nothing_spins():
    play = streaming().frame("completed", updated_at=at(5)).closed(1000)
    before = len(play.sessions)
    play.wait(4.0)
    assert len(play.sessions) == before, "no reconnecting while the final record is fetched"
    play.read("completed", updated_at=at(5))
    assert ended(play) == ("terminal", "completed", True)


def test_a_new_attempt_while_the_last_record_is_fetched_goes_on_being_watched():
    play = Play().start().read("running", updated_at=at(1), attempt=1).opened().read("running", attempt=1)
    play.frame("failed", updated_at=at(2), attempt=1).frame("pending", updated_at=at(3), attempt=2)
    play.read("pending", updated_at=at(3), attempt=2)
    assert play.finish is None
    play.read("completed", updated_at=at(4), attempt=2)
    assert ended(play) == ("terminal", "completed", True)


def test_ray_60665_a_normal_close_is_not_success():
    play = streaming().closed(1000, "bye")
    assert play.finish is None
    assert play.status == "running"
    play.read("failed", updated_at=at(9))
    assert ended(play) == ("terminal", "failed", True)


def test_an_end_without_time_is_believed_only_from_a_read():
    play = streaming().frame("completed")
    assert play.status == "running"
    play.wait(1.0)
    assert play.reading is Source.VERIFY
    play.read("completed")
    assert ended(play) == ("terminal", "completed", True)


def test_while_reads_keep_contradicting_an_end_it_says_so_then_ends_unconfirmed():
    play = Play(max_verifies=5).start().read("running").opened().read("running").frame("completed")
    for _ in range(20):
        if play.finish is not None:
            break
        play.read("running")
    assert ended(play) == ("terminal", "completed", False)
    assert play.codes().count("disagreement") == 1
    verifies = [when for when, source in play.reads if source is Source.VERIFY]
    assert len(verifies) == 5
    gaps = [later - earlier for earlier, later in zip(verifies, verifies[1:], strict=False)]
    assert gaps == sorted(gaps), "backing off"


def test_a_claimed_end_that_a_read_shows_to_be_outdated_ends_nothing():
    play = Play().start().read("running", updated_at=at(5)).opened().read("running", updated_at=at(5))
    play.frame("completed", updated_at=at(1))
    for _ in range(12):
        play.read("running", updated_at=at(5))
    assert play.finish is None


def test_tektoncd_326_a_cancel_response_ends_nothing_by_its_word_alone():
    play = Play().start(seen("cancelled", Source.CANCEL))
    for _ in range(12):
        play.read("running")
    assert play.finish is None
    play.read("completed")
    assert ended(play) == ("terminal", "completed", True)


@pytest.mark.parametrize("when", [None, at(9)])
def test_p8_what_was_stored_ends_nothing_elastic_4956(when):
    play = Play().start(seen("completed", Source.STORE, updated_at=when))
    assert play.finish is None
    for _ in range(12):
        play.read("running", updated_at=at(1))
    assert play.finish is None
    play.read("failed", updated_at=at(2))
    assert ended(play) == ("terminal", "failed", True)


def test_p8_a_stored_end_and_a_dead_server_is_lost_contact_not_an_end():
    play = Play().start(seen("completed", Source.STORE, updated_at=at(9)))
    for _ in range(40):
        if play.finish is not None:
            break
        play.fail()
    assert ended(play)[0] == "lost-contact"


def test_a_read_from_a_cache_does_not_settle_a_claim():
    play = streaming().frame("completed", updated_at=at(0.5))
    play.read("running", updated_at=at(1), http=CACHED)
    assert play.finish is None


# --- reconnecting ------------------------------------------------------------------------------------------------


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
    gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
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
    play = streaming().frame("running", progress=95.0, updated_at=at(2)).closed().wait(3.0).opened().frame("pending")
    assert play.status == "running"
    assert "pending" not in play.shown


# --- pace ------------------------------------------------------------------------------------------------------


def test_wayland_1379_polling_slows_down_while_nothing_changes_and_wakes_up_when_something_does():
    play = Play(stream=False).start()
    for _ in range(12):
        play.read("running", updated_at=at(1))
    polls = [when for when, _ in play.reads]
    gaps = [later - earlier for earlier, later in zip(polls, polls[1:], strict=False)]
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


# --- failures ----------------------------------------------------------------------------------------------------


def test_cli_cli_10981_a_blip_does_not_end_the_watch():
    play = Play(stream=False).start().read("running")
    for _ in range(3):
        play.fail(FailureKind.TRANSIENT, status=502, message="the server answered 502")
    assert play.finish is None
    play.read("completed")
    assert ended(play) == ("terminal", "completed", True)
    assert "reads-recovered" in play.codes()


def test_pos_cli_405_identical_errors_carry_one_code_so_that_a_view_can_fold_them():
    play = Play(stream=False).start().read("running")
    for _ in range(5):
        play.fail(FailureKind.TRANSIENT)
    assert set(play.codes()) == {"read-failed:transient"}


def test_failing_reads_back_off():
    play = Play(stream=False).start().read("running")
    for _ in range(7):
        play.fail()
    polls = [when for when, _ in play.reads][1:]
    gaps = [later - earlier for earlier, later in zip(polls, polls[1:], strict=False)]
    assert gaps == sorted(gaps)
    assert gaps[-1] > 5.0


def test_retry_after_is_obeyed():
    play = Play(stream=False).start().read("running")
    play.fail(status=429, retry_after=20.0)
    failed_at = play.now
    play.read("running")
    assert play.reads[-1][0] >= failed_at + 20.0 or play.reads[-2][0] >= failed_at + 20.0
    assert sum(failed_at < when < failed_at + 20.0 for when, _ in play.reads) == 0


@pytest.mark.parametrize("tempter", ["a connect", "a close", "a claim", "a regression"])
def test_retry_after_is_obeyed_whatever_else_asks_for_a_read(tempter):
    play = streaming().fail(status=429, retry_after=20.0)
    failed_at = play.now
    play.wait(1.0)
    if tempter in {"a close", "a connect"}:
        play.closed().wait(4.0)
    if tempter == "a connect":
        play.opened()
    if tempter in {"a claim", "a regression"}:
        play.frame("completed" if tempter == "a claim" else "pending")
    play.wait(14.0)
    assert [when - failed_at for when, _ in play.reads if failed_at <= when < failed_at + 20.0] == []


@pytest.mark.parametrize("kind", [FailureKind.TRANSIENT, FailureKind.NOT_JSON, FailureKind.TUNNEL_PAGE])
@pytest.mark.parametrize("retry_after", [None, 30.0])
def test_openai_python_1407_a_server_that_never_answers_is_lost_contact(kind, retry_after):
    play = Play(stream=False).start().read("running")
    for _ in range(60):
        if play.finish is not None:
            break
        play.fail(kind, retry_after=retry_after)
    assert ended(play) == ("lost-contact", "running", True)
    assert 60.0 <= play.now < 400.0


def test_a_wrong_address_is_told_sooner():
    play = Play(stream=False).start()
    for _ in range(30):
        if play.finish is not None:
            break
        play.fail()
    assert ended(play) == ("lost-contact", None, True)
    assert 15.0 <= play.now < 30.0


def test_a_working_stream_is_contact_while_reads_fail():
    play = streaming()
    for step in range(2, 30):
        play.frame("running", updated_at=at(step), progress=float(step))
        play.now += 5.0
        play.fail()
    assert play.finish is None


@pytest.mark.parametrize("before", [False, True])
def test_auth_ends_at_once(before):
    play = Play().start()
    if before:
        play.read("running")
    play.fail(FailureKind.AUTH, status=401, detail="expired")
    assert ended(play)[0] == "auth"
    assert play.finish is not None
    assert play.finish.detail == "expired"


def test_not_found_has_a_grace_time_after_submit():
    play = Play(stream=False).start(seen("pending", Source.SUBMIT), just_submitted=True)
    while play.now < 9.0:
        play.fail(FailureKind.NOT_FOUND, status=404)
        assert play.finish is None
    for _ in range(4):
        if play.finish is None:
            play.fail(FailureKind.NOT_FOUND, status=404)
    assert ended(play)[0] == "gone"


def test_not_found_is_gone_at_once_for_a_job_that_was_never_submitted_here():
    play = Play(stream=False).start().fail(FailureKind.NOT_FOUND)
    assert play.finish is None, "once may be a lagging replica"
    play.fail(FailureKind.NOT_FOUND)
    assert ended(play) == ("gone", None, True)
    assert play.now < 2.0


def test_not_found_once_between_good_reads_is_nothing():
    play = Play(stream=False).start().read("running")
    for _ in range(5):
        play.fail(FailureKind.NOT_FOUND).read("running")
    assert play.finish is None


def test_a_stream_that_speaks_contradicts_gone():
    play = Play(fastest=0.5).start().fail(FailureKind.NOT_FOUND)
    play.opened().fail(FailureKind.TRANSIENT)
    play.frame("running", updated_at=at(1)).fail(FailureKind.NOT_FOUND, after=1.0)
    play.frame("running", updated_at=at(2)).fail(FailureKind.NOT_FOUND, after=1.0)
    assert play.finish is None
    play.fail(FailureKind.NOT_FOUND, after=1.0)
    assert ended(play)[0] == "gone"


def test_a_read_that_is_refused_again_and_again_ends_the_watch():
    play = Play(stream=False).start()
    for _ in range(3):
        play.fail(FailureKind.REFUSED, status=400)
    assert ended(play)[0] == "lost-contact"


def test_tls_failure_ends_at_once_unless_there_was_contact():
    assert ended(Play().start().fail(FailureKind.FATAL))[0] == "lost-contact"
    assert Play().start().read("running").fail(FailureKind.FATAL).finish is None


@pytest.mark.parametrize("answer", [{"status": None}, {"status": "running", "said_id": "another"}])
def test_json_that_says_nothing_about_the_job_is_a_failed_read(answer):
    play = Play(stream=False).start()
    for _ in range(40):
        if play.finish is not None:
            break
        play.read(**answer)
    assert ended(play) == ("lost-contact", None, True)
    assert len(play.reads) < 25, "and does not make reads come faster"
    assert sum(code.startswith("wordless") for code in play.codes()) == 1


def test_replicate_python_460_a_word_nobody_mapped_is_not_an_endless_wait():
    play = Play(stream=False, stall_after=30.0, interval=5.0).start()
    for _ in range(40):
        if play.finish is not None:
            break
        play.read("unknown", raw_status="archived")
    assert ended(play) == ("stalled", "unknown", True)
    assert play.finish is not None
    assert "archived" in play.finish.message
    assert play.now < 40.0


def test_a_running_job_may_stand_still_for_hours_and_nothing_spins():
    play = Play(stream=False, stall_after=30.0, interval=5.0).start()
    for _ in range(100):
        play.read("running")
    assert play.finish is None


# --- deadlines and interrupts -------------------------------------------------------------------------------------


def test_the_deadline_ends_the_watch_with_the_last_known_state():
    play = Play(stream=False, timeout=20.0).start()
    for _ in range(100):
        if play.finish is not None:
            break
        play.read("running")
    assert ended(play) == ("deadline", "running", True)
    assert play.now == pytest.approx(20.0, abs=0.1)


def test_the_deadline_holds_while_a_read_hangs():
    play = Play(timeout=20.0).start().wait(25.0)
    assert ended(play) == ("deadline", None, True)


def test_interrupted_at_any_moment():
    for play in (Play(), Play().start(), streaming(), streaming().frame("completed", updated_at=at(9))):
        play.tell(Interrupted())
        assert ended(play)[0] == "interrupted"


def test_open_streams_are_closed_and_nothing_is_said_after_the_end():
    play = streaming().tell(Interrupted())
    assert play.closes == [1]
    assert sum(isinstance(item, Finish) for item in play.out) == 1
    for event in (Tick(), Interrupted()):
        assert play.machine.handle(event, play.now + 1, 0.5) == []


@pytest.mark.parametrize(
    ("until", "status", "ending"),
    [
        (JobStatus.RUNNING, "running", "until"),
        (JobStatus.RUNNING, "failed", "terminal"),
        (JobStatus.PENDING, "pending", "until"),
        (JobStatus.PENDING, "running", "until"),
    ],
)
def test_until_another_status(until, status, ending):
    assert ended(Play(until=until).start().read(status)) == (ending, status, True)


def test_until_running_waits_while_pending_and_is_not_met_by_a_stored_hint():
    play = Play(until=JobStatus.RUNNING).start(seen("running", Source.STORE)).read("pending")
    assert play.finish is None
    assert play.read("running").finish is not None


# --- accounting --------------------------------------------------------------------------------------------------


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


events = st.lists(
    st.sampled_from(
        ["read running", "read completed", "read none", "fail", "404", "429", "open", "frame", "end", "lie", "pong", "close", "wait"]
    ),
    max_size=40,
)  # fmt: skip
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

"""How the watch machine ends: ends, claims of one, deadlines. Numbers are issues of its peers."""

from __future__ import annotations

import itertools

import pytest
from world.make import CACHED, at, seen
from world.play import Play, ended, streaming

from jobctl.model import JobStatus, Source
from jobctl.watching.events import (
    Emit,
    FailureKind,
    Finish,
    Interrupted,
    Level,
    ReadDone,
    ReadSent,
    StreamFrame,
    Tick,
)

# --- ends --------------------------------------------------------------------------------------


def test_a_terminal_frame_ends_the_watch_after_one_confirming_read():
    play = streaming().frame("completed", updated_at=at(5))
    assert play.finish is None
    assert play.reading is Source.VERIFY
    play.read("completed", updated_at=at(5), result=65018)
    assert ended(play) == ("terminal", "completed", True)
    assert play.finish is not None
    assert play.finish.job is not None
    assert play.finish.job.result == 65018, "the final record comes with it"


@pytest.mark.parametrize("how", ["reads fail", "reads are old", "the read hangs"])
def test_a_terminal_frame_with_a_time_ends_the_watch_even_without_the_final_record(how):
    play = streaming().frame("completed", updated_at=at(5))
    since = play.now
    while play.finish is None:
        if how == "reads fail":
            play.fail()
        elif how == "reads are old":
            play.read("running", updated_at=at(4))
        else:
            play.wait(1.0)
    assert 4.9 <= play.now - since <= 6.1
    assert len(play.reads) > 5 or how == "the read hangs"
    assert ended(play) == ("terminal", "completed", True)
    assert [notice.level for notice in play.notices if notice.code == "final-record"] == [Level.WARNING]


@pytest.mark.parametrize("first", ["a failed read", "a cached read", "an older read"])
def test_the_final_record_is_asked_for_again(first):
    play = streaming().frame("completed", updated_at=at(5))
    if first == "a failed read":
        play.fail()
    else:
        play.read("running", updated_at=at(4), http=CACHED if first == "a cached read" else None)
    assert play.finish is None
    play.read("completed", updated_at=at(5), result=65018)
    assert play.finish is not None
    assert play.finish.job is not None
    assert play.finish.job.result == 65018
    assert "final-record" not in play.codes()


def test_a_read_sent_before_the_end_is_not_its_record():
    play = streaming().frame(None)  # unreadable: a verified read is asked for
    play.wait(1.0)
    assert play.reading is Source.VERIFY
    play.frame("completed", updated_at=at(5)).read("running", updated_at=at(4))
    assert play.finish is None
    play.read("completed", updated_at=at(5), result=7)
    assert play.finish is not None
    assert play.finish.job is not None
    assert play.finish.job.result == 7


@pytest.mark.parametrize("kind", [FailureKind.AUTH, FailureKind.NOT_FOUND, FailureKind.FATAL])
def test_what_a_read_meets_after_a_proven_end_no_longer_decides_it(kind):
    for under_way in (Source.POLL, Source.VERIFY):
        play = streaming()
        if under_way is Source.POLL:
            play.wait(15.0)
            assert play.reading is Source.POLL
        play.frame("completed", updated_at=at(5)).fail(kind)
        assert ended(play) == ("terminal", "completed", True)
        assert "final-record" in play.codes()


def test_a_record_that_waits_for_its_turn_in_the_poll_budget_is_not_late():
    play = streaming()
    play.machine.handle(StreamFrame(1, seen("completed", Source.STREAM, updated_at=at(5))), play.now, 0.5)
    for _ in range(50):  # the read was asked for and has not left yet
        play.now += 1.0
        assert play.machine.handle(Tick(), play.now, 0.5)
    assert play.finish is None
    play.machine.handle(ReadSent(), play.now, 0.5)
    play.machine.handle(ReadDone(seen("completed", Source.VERIFY, updated_at=at(5))), play.now + 0.1, 0.5)
    assert ended(play) == ("terminal", "completed", True)


def test_a_server_that_begins_the_job_anew_brings_no_record():
    play = streaming().frame("failed", updated_at=at(5)).read("running", updated_at=at(6))
    assert ended(play) == ("terminal", "failed", True)


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
    gaps = [later - earlier for earlier, later in itertools.pairwise(verifies)]
    assert gaps == sorted(gaps), "backing off"


@pytest.mark.parametrize("newest", [Source.POLL, Source.STREAM])
def test_a_claimed_end_that_a_read_shows_to_be_outdated_ends_nothing(newest):
    play = Play().start().read("running", updated_at=at(5 if newest is Source.POLL else 2)).opened()
    play.read("running", updated_at=at(2))
    if newest is Source.STREAM:
        play.frame("running", updated_at=at(5))
    play.frame("completed", updated_at=at(1))
    for _ in range(12):
        play.read("running", updated_at=at(5))
    assert play.finish is None


def test_verified_reads_that_ask_for_the_next_one_back_off():
    play = streaming().frame("running", updated_at=at(9))
    for _ in range(12):
        if play.finish is not None:
            break
        play.read("failed", updated_at=at(5))
    assert ended(play) == ("terminal", "failed", False), "reads that keep to it are believed at last"
    verifies = [when for when, source in play.reads if source is Source.VERIFY]
    gaps = [later - earlier for earlier, later in itertools.pairwise(verifies)]
    assert len(verifies) == 5
    assert gaps[0] > 0.1
    assert gaps[-1] > 1.0


def test_a_claim_older_than_what_is_shown_is_refuted_by_coarse_reads_too():
    play = streaming().frame("pending", updated_at=at(69.002)).frame("failed", updated_at=at(69.001))
    for _ in range(12):
        play.read("pending", updated_at=at(69.002, unit=10**9))
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


# --- deadlines and interrupts ------------------------------------------------------------------


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


def test_nothing_is_decided_after_the_watch_has_ended():
    known = (seen("running", Source.SUBMIT), seen("running", Source.SUBMIT, progress=5.0))
    play = Play(until=JobStatus.RUNNING).start(*known)
    assert [type(item) for item in play.out] == [Emit, Finish]


def test_reads_that_come_from_a_cache_are_told_once():
    play = Play(stream=False).start().read("running", http=CACHED).read("running", http=CACHED)
    assert [notice.text for notice in play.notices] == [
        "reads come from a cache (Age: 4): what is shown may be old"
    ]


def test_an_end_that_comes_from_a_cache_is_told_as_well():
    assert Play(stream=False).start().read("completed", http=CACHED).codes() == ["cached-reads"]


def test_until_running_waits_while_pending_and_is_not_met_by_a_stored_hint():
    play = Play(until=JobStatus.RUNNING).start(seen("running", Source.STORE)).read("pending")
    assert play.finish is None
    assert play.read("running").finish is not None

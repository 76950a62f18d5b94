"""The watch machine in bad weather: failed reads. Numbers are issues of its peers."""

from __future__ import annotations

import itertools

import pytest
from world.make import at, seen
from world.play import Play, ended, streaming

from jobctl.model import Source
from jobctl.watching.events import FailureKind


def test_cli_cli_10981_a_blip_does_not_end_the_watch():
    play = Play(stream=False).start().read("running")
    for _ in range(3):
        play.fail(FailureKind.TRANSIENT, status=502, message="the server answered 502")
    assert play.finish is None
    play.read("running")
    assert "reads-recovered" in play.codes()
    play.read("completed")
    assert ended(play) == ("terminal", "completed", True)


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
    gaps = [later - earlier for earlier, later in itertools.pairwise(polls)]
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
    assert play.finish.failure is not None
    assert play.finish.failure.detail == "expired"


def test_not_found_has_a_grace_time_after_submit():
    play = Play(stream=False).start(seen("pending", Source.SUBMIT), just_submitted=True)
    while play.now < 9.0:
        play.fail(FailureKind.NOT_FOUND, status=404)
        assert play.finish is None
    for _ in range(4):
        if play.finish is None:
            play.fail(FailureKind.NOT_FOUND, status=404)
    assert ended(play)[0] == "gone"


def test_not_found_is_gone_soon_for_a_job_that_was_never_seen():
    """`id=$(jobctl submit …) && jobctl watch "$id"`: the replica asked second may not know it yet."""
    play = Play(stream=False).start()
    while play.finish is None:
        play.fail(FailureKind.NOT_FOUND)
    assert ended(play) == ("gone", None, True)
    assert 3.0 <= play.now < 4.0


def test_not_found_once_between_good_reads_is_nothing():
    play = Play(stream=False).start().read("running")
    for _ in range(5):
        play.fail(FailureKind.NOT_FOUND).read("running")
    assert play.finish is None


def test_a_stream_that_speaks_contradicts_gone():
    play = Play().start().fail(FailureKind.TRANSIENT).opened()
    for step in range(1, 6):
        play.fail(FailureKind.NOT_FOUND, after=1.0).frame("running", updated_at=at(step))
        assert play.finish is None
    while play.finish is None:
        play.fail(FailureKind.NOT_FOUND, after=1.0)
    assert ended(play) == ("gone", "running", True)


def test_a_replica_that_lags_for_two_seconds_does_not_make_a_running_job_gone():
    play = Play(stream=False).start().read("running", updated_at=at(1))
    silent_since = play.now
    while play.now < silent_since + 2.0:
        play.fail(FailureKind.NOT_FOUND)
    assert play.finish is None
    play.read("completed", updated_at=at(2))
    assert ended(play) == ("terminal", "completed", True)


def test_a_job_that_is_not_there_gets_no_stream():
    play = Play().start(just_submitted=True).fail(FailureKind.NOT_FOUND).wait(0.2)
    assert play.sessions == []
    assert play.read("running").sessions == [1]


def test_a_read_that_is_refused_again_and_again_ends_the_watch():
    play = Play(stream=False).start()
    for _ in range(3):
        play.fail(FailureKind.REFUSED, status=400)
    assert ended(play)[0] == "refused"


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
    assert set(play.codes()) == {"read-failed:not-json"}


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


def test_a_word_nobody_mapped_stalls_even_while_the_server_dates_it_anew():
    play = Play(stream=False, stall_after=30.0, interval=5.0).start()
    for step in range(40):
        if play.finish is not None:
            break
        play.read("unknown", raw_status="archived", updated_at=at(step))
    assert ended(play) == ("stalled", "unknown", True)
    play = Play(stream=False, stall_after=30.0, interval=5.0).start()
    for step in range(20):
        play.read("unknown", raw_status="sharpening", updated_at=at(step), progress=float(step))
    assert play.finish is None, "progress is life"


def test_a_running_job_may_stand_still_for_hours_and_nothing_spins():
    play = Play(stream=False, stall_after=30.0, interval=5.0).start()
    for _ in range(100):
        play.read("running")
    assert play.finish is None

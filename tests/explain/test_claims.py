"""Ends that were claimed: they came, nobody knows, or somebody who was asked after it said otherwise."""

from __future__ import annotations

import pytest
from support.tape import JOB, Tape
from world.make import CACHED, seen

from jobctl.explain.account import Account
from jobctl.explain.claims import Weight
from jobctl.explain.events import Said
from jobctl.explain.explanation import Cause
from jobctl.model import Source

NO_CACHE = [("Cache-Control", "no-cache")]
CANCEL = f"/api/v1/generation-jobs/{JOB}/cancel"
CLAIM = (3.0, {"type": "status", "status": "completed"})


def account(*words):
    """`words` are (received, sent, observation)."""
    made = Account(JOB, "generation", keep=0)
    for number, (at, sent, one) in enumerate(words, start=1):
        made.hear(Said(at, number, one, sent))
    return made


def read(status, source=Source.POLL, **more):
    return seen(status, source, **more)


FIRST = (1.0, 1.0, read("running", progress=10.0))
FRAME = (3.0, 3.0, seen("completed", Source.STREAM))


@pytest.mark.parametrize(
    ("word", "weight"),
    [
        ((5.0, 4.0, read("running", progress=10.0)), Weight.OPEN),
        ((5.0, 4.0, read("running", progress=20.0)), Weight.SURE),
        ((5.0, 4.0, read("running", Source.VERIFY, progress=10.0)), Weight.SURE),
        ((5.0, 2.0, read("running", progress=10.0)), Weight.EXCUSED),
        ((5.0, 4.0, read("running", progress=10.0, http=CACHED)), Weight.EXCUSED),
    ],
)
def test_what_a_denial_proves(word, weight):
    (one,) = account(FIRST, FRAME, word).facts.claimed
    assert one.denied.weight is weight
    assert one.denied.overtaken == (word[1] < 3.0)


def test_the_stronger_of_two_denials_counts():
    weak = (5.0, 2.0, read("running", progress=10.0))
    sure = (7.0, 6.0, read("running", Source.VERIFY, progress=10.0))
    (one,) = account(FIRST, FRAME, weak, sure, weak).facts.claimed
    assert one.denied.moment.entry == 4


def test_an_end_that_came_undenied_is_forgotten():
    assert account(FIRST, FRAME, (5.0, 4.0, read("completed"))).facts.claimed == []


def test_a_flood_of_claims_stays_small():
    flood = [(3.0 + n, 3.0 + n, seen("completed", Source.STREAM)) for n in range(1000)]
    assert len(account(FIRST, *flood).facts.claimed) == 8


def running(tape=None):
    tape = tape or Tape()
    tape.read(1, "running", progress=10)
    return tape


def test_an_end_that_came_too_early_is_the_streams_doing(told):
    tape = running()
    tape.socket(2, CLAIM)
    tape.read(6, "running", progress=20)
    tape.read(7, "completed")
    one = told(tape)
    assert one.causes == (Cause.STREAM_STALE,)
    assert one.claims[0].text == (
        "Frame 1 of the WebSocket opened at 22:13:12.000 said completed at 22:13:13.000 (entry 3). A read "
        "said running at 22:13:16.010 (entry 4); a client that believes the last word would have gone back "
        "at that moment. The job was completed from 22:13:17.010 (entry 5) on."
    )
    assert one.claims[0].entries == (3, 4, 5)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"headers": [("Age", "4")]}, "and came from a cache (Age: 4)"),
        ({"took": 2.0}, ", asked before that and answered after it"),
        ({}, ": an old copy, or the end was claimed too early"),
    ],
)
def test_an_old_copy_after_an_end_that_was_true(told, how, why):
    tape = running()
    tape.socket(2, CLAIM)
    tape.read(2.5 if "took" in how else 4, "running", progress=10, **how)
    tape.read(7, "completed")
    one = told(tape)
    assert one.causes == (Cause.CACHED_READS,)
    assert why in one.claims[0].text


def test_an_end_that_reads_go_on_to_deny(told):
    tape = running()
    tape.socket(2, CLAIM)
    tape.read(6, "running", progress=10)
    one = told(tape)
    assert one.causes == (Cause.STREAM_STALE,)
    assert "and the job never was: a read still said running at 22:13:16.010 (entry 4)." in one.claims[0].text


def test_a_cancel_that_nothing_recorded_afterwards_denies(told):
    tape = running()
    tape.entry(2, "POST", CANCEL, body={"id": JOB, "status": "cancelled"})
    one = told(tape)
    assert Cause.CANCEL_RESPONSE not in one.causes
    assert "never" not in "".join(claim.text for claim in one.claims)
    assert one.claims[-1].text == (
        "The answer to the cancel said cancelled at 22:13:12.010 (entry 2): nothing recorded after that "
        "tells whether the job was."
    )


def test_a_cancel_that_took_its_time(told):
    tape = running()
    tape.entry(2, "POST", CANCEL, body={"id": JOB, "status": "cancelled"})
    tape.read(3, "running", progress=10)
    tape.read(9, "cancelled")
    one = told(tape)
    assert one.causes == (Cause.CANCEL_RESPONSE,)
    assert one.claims[0].text.endswith("The job was cancelled from 22:13:19.010 (entry 4) on.")


def test_a_job_that_was_cancelled_and_restarted_was_cancelled(told):
    tape = Tape()
    tape.read(1, "running", updated_at="2025-10-09 22:13:11")
    tape.entry(2, "POST", CANCEL, body={"id": JOB, "status": "cancelled"})
    tape.read(3, "cancelled", updated_at="2025-10-09 22:13:13")
    tape.read(6, "completed", updated_at="2025-10-09 22:13:16")
    one = told(tape)
    assert one.causes == (Cause.SERVER_REGRESSED,)
    assert "never" not in "".join(claim.text for claim in one.claims)


def test_an_end_of_another_attempt_is_not_said_to_have_never_been(told):
    tape = Tape()
    for at, status, attempt in ((1, "completed", 1), (2, "running", 2)):
        body = {"id": JOB, "status": status, "attempt": attempt, "updated_at": f"2025-10-09 22:13:1{at}"}
        tape.entry(at, "GET", f"/api/v1/generation-jobs/{JOB}", body=body)
    tape.socket(3, (3.5, {"status": "completed"}))
    tape.read(5, "running", asked=NO_CACHE)
    assert "never was" not in "".join(claim.text for claim in told(tape).claims)

"""`reconcile` against the decision table of DESIGN section 3, stated a second time in `world.oracle`."""

from __future__ import annotations

import pytest
from world.make import CACHED, at, iso, known, seen
from world.oracle import STATUSES, TABLE, Case, expected, grid, records

from jobctl.model import Job, JobStatus, Source
from jobctl.reasons import Action, Reason
from jobctl.reconcile import reconcile

WORDS = [status.value for status in STATUSES]


@pytest.mark.parametrize("o", [*WORDS, None])
@pytest.mark.parametrize("s", [*WORDS, None])
def test_every_pair_of_statuses_decides_as_the_table_says(s, o):
    for case in grid(s, o):
        job, observation = records(case)
        decision = reconcile(job, observation)
        assert (decision.reason.value, decision.action.value) == expected(case), case
        assert decision.action in decision.reason.actions
        assert decision.before is job
        if decision.action is not Action.APPLY:
            assert decision.after is job
        else:
            check_applied(job, decision.after, case)


def check_applied(job: Job | None, after: Job | None, case: Case) -> None:
    assert after is not None
    _, observation = records(case)
    assert (after.status, after.raw_status) == (observation.status, observation.raw_status), case
    assert after.source is observation.source
    assert after.revision == (job.revision + 1 if job else 1)
    assert after.verified is (observation.source is not Source.STORE)
    if observation.updated_at is not None or observation.source.is_read:
        assert after.proven, case
    elif job is None or after.status is not job.status:
        assert not after.proven, case
    if case.o_timed() and case.order != "same":
        assert after.dated, case
    if not case.o_timed():
        assert not after.dated, case
    carried = job is not None and job.verified and expected(case)[0] != "new-attempt"
    if carried and job is not None and job.updated_at is not None:
        assert after.updated_at is not None, f"the floor was lost: {case}"
        assert after.updated_at.compare(job.updated_at) >= 0, f"the floor sank: {case}"
    else:
        assert after.updated_at == observation.updated_at, case


def test_the_table_and_the_registry_name_the_same_reasons():
    assert {reason for reason, _, _ in TABLE} == {reason.value for reason in Reason}
    for reason, action, _ in TABLE:
        assert Action(action) in Reason(reason).actions


def test_every_reason_with_every_action_is_reached_by_the_grid():
    reached = {("keepalive", "ignore"), ("other-job", "ignore"), ("reopened", "apply")}
    for s in [*WORDS, None]:
        for o in [*WORDS, None]:
            reached |= {expected(case) for case in grid(s, o)}
    assert reached == {(reason.value, action.value) for reason in Reason for action in reason.actions}


@pytest.mark.parametrize("s", [*WORDS, None])
@pytest.mark.parametrize("flag", ["keepalive", "other_job"])
def test_what_is_not_about_the_job_is_ignored_whatever_it_says(s, flag):
    for o in [*WORDS, None]:
        case = Case(s, o, "stream", **{flag: True})
        job, observation = records(case)
        decision = reconcile(job, observation)
        assert (decision.reason.value, decision.action.value) == expected(case)
        assert decision.after is job


@pytest.mark.parametrize(
    ("asked", "said", "same"),
    [
        ("1193930", "1193930", True),
        ("1193930", "1193931", False),
        ("aB3x", "Ab3X", False),  # base62 and nanoid ids differ by case alone
        ("6f2d2c5e-0e5b-4a6f-9d7e-000000000001", "6F2D2C5E0E5B4A6F9D7E000000000001", True),
        ("{6f2d2c5e-0e5b-4a6f-9d7e-000000000001}", "6f2d2c5e-0e5b-4a6f-9d7e-000000000001", True),
        ("a-b", "ab", False),
        ("", "x", False),
    ],
)
def test_ids_are_compared_as_servers_spell_them(asked, said, same):
    decision = reconcile(None, seen("running", job=asked, said_id=said))
    assert (decision.reason is not Reason.OTHER_JOB) is same


# --- single rules, in words --------------------------------------------------------------------------------


def test_incident_1_a_rehydrated_snapshot_never_overrules_what_was_heard_live():
    live = reconcile(
        None, seen("completed", updated_at=iso("2025-10-09 22:13:10.609405"), result=65018)
    ).after
    for status in ("pending", "running", "failed"):
        decision = reconcile(live, seen(status, Source.STORE, updated_at=iso("2099-01-01")))
        assert decision.reason is Reason.STORED_HINT
        assert decision.after is live


def test_incident_1_the_sockets_milliseconds_are_not_older_than_the_apis_microseconds():
    live = known("running", updated_at=iso("2025-10-09 22:13:10.609405"), proven=True)
    decision = reconcile(live, seen("completed", Source.STREAM, updated_at=iso("2025-10-09T22:13:10.609Z")))
    assert decision.reason is Reason.ADVANCED
    assert decision.after is not None
    assert decision.after.updated_at == live.updated_at, "a coarse copy must not lower the floor"


def test_incident_2_a_socket_that_replays_pending_on_reconnect_changes_nothing():
    done = reconcile(None, seen("completed")).after
    decision = reconcile(done, seen("pending", Source.STREAM))
    assert decision.reason is Reason.TERMINAL_LOCK
    working = reconcile(None, seen("running", progress=95.0)).after
    assert reconcile(working, seen("pending", Source.STREAM)).reason is Reason.UNVERSIONED_REGRESSION


def test_opensandbox_1673_a_late_response_after_a_newer_event_is_ignored():
    fresh = known("running", updated_at=at(5), proven=True)
    decision = reconcile(fresh, seen("pending", Source.POLL, updated_at=at(4)))
    assert decision.reason is Reason.OLDER_UPDATE


def test_gamedevpl_396_a_legal_skip_is_taken():
    for source in (Source.POLL, Source.STREAM):
        queued = known("pending", updated_at=at(1), proven=True)
        decision = reconcile(queued, seen("completed", source, updated_at=at(1)))
        assert decision.reason is Reason.ADVANCED


def test_cronitor_10_a_frame_without_updated_at_still_advances_the_job():
    queued = known("pending", updated_at=at(1), proven=True)
    assert reconcile(queued, seen("running", Source.STREAM, progress=3.0)).reason is Reason.ADVANCED


def test_tektoncd_326_a_cancel_response_never_sets_cancelled():
    for job in (None, known("running", updated_at=at(1), proven=True), known("unknown", proven=True)):
        decision = reconcile(job, seen("cancelled", Source.CANCEL))
        assert decision.reason is Reason.UNCONFIRMED_TERMINAL
        assert decision.after is job
    done = known("completed", proven=True)
    assert reconcile(done, seen("cancelled", Source.CANCEL)).reason is Reason.TERMINAL_CONFLICT


@pytest.mark.parametrize("when", [None, at(0), at(1), at(2)])
@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_a_cancel_response_sets_no_end_dated_or_not(when, end):
    for job in (None, known("running", updated_at=at(1), proven=True, dated=True)):
        decision = reconcile(job, seen(end, Source.CANCEL, updated_at=when))
        assert (decision.reason, decision.action) == (Reason.UNCONFIRMED_TERMINAL, Action.VERIFY)
    # Anything else it says, with a time, goes through the rules like any other word.
    dated = seen("running", Source.CANCEL, updated_at=at(2), progress=50.0)
    assert reconcile(known("running", updated_at=at(1)), dated).reason is Reason.PROGRESSED


def test_celery_3406_a_late_retry_or_started_cannot_follow_a_success():
    done = known("completed", updated_at=at(9), proven=True)
    for status in ("pending", "running", "unknown"):
        for when in (at(8), at(9), None):
            decision = reconcile(done, seen(status, Source.STREAM, updated_at=when))
            assert decision.reason is Reason.TERMINAL_LOCK


def test_follow_restarts_applies_a_reopened_job_and_forgets_its_result():
    done = known(
        "completed", updated_at=at(9), proven=True, dated=True, result="old", error="old", progress=100.0
    )
    again = seen("running", Source.POLL, updated_at=at(10), progress=1.0)
    assert reconcile(done, again).after is done
    decision = reconcile(done, again, follow_restarts=True)
    assert (decision.reason, decision.action) == (Reason.REOPENED, Action.APPLY)
    assert decision.after is not None
    assert (decision.after.result, decision.after.error, decision.after.progress) == (None, None, 1.0)


def test_what_is_newer_than_the_floor_does_not_reopen_an_end_without_a_time():
    # The end came by a read without updated_at, the floor from a frame before it: the frame may be older.
    done = known("completed", updated_at=at(9), proven=True, dated=False)
    late = seen("running", Source.STREAM, updated_at=at(10))
    decision = reconcile(done, late, follow_restarts=True)
    assert (decision.reason, decision.after) == (Reason.TERMINAL_LOCK, done)
    fresh = seen("running", Source.VERIFY, updated_at=at(10), basis=done.revision)
    assert reconcile(done, fresh).reason is Reason.REOPENED


def test_a_new_attempt_starts_fresh():
    failed = known("failed", updated_at=at(9), attempt=1, proven=True, error="boom", progress=80.0)
    decision = reconcile(failed, seen("pending", updated_at=at(2), attempt=2))
    assert decision.reason is Reason.NEW_ATTEMPT
    assert decision.after is not None
    assert (decision.after.error, decision.after.progress, decision.after.attempt) == (None, None, 2)
    assert decision.after.updated_at == at(2)


@pytest.mark.parametrize("reason", [Reason.REQUEUED, Reason.CORRECTED, Reason.TERMINAL_CORRECTED])
def test_details_of_a_status_that_was_taken_back_are_dropped(reason):
    before, after = {
        Reason.REQUEUED: ("running", "pending"),
        Reason.CORRECTED: ("running", "pending"),
        Reason.TERMINAL_CORRECTED: ("failed", "completed"),
    }[reason]
    job = known(before, updated_at=at(1), proven=True, dated=True, progress=70.0, error="boom", result="r")
    when = at(1) if reason is Reason.CORRECTED else at(2)
    decision = reconcile(job, seen(after, Source.VERIFY, basis=job.revision, updated_at=when))
    assert decision.reason is reason
    assert decision.after is not None
    assert (decision.after.progress, decision.after.error, decision.after.result) == (None, None, None)


def test_details_that_an_answer_leaves_out_are_kept_while_the_job_moves_on():
    job = known("running", updated_at=at(1), proven=True, progress=70.0, attempt=2, result="r")
    after = reconcile(job, seen("running", updated_at=at(2))).after
    assert after is not None
    assert (after.progress, after.attempt, after.result) == (70.0, 2, "r")


@pytest.mark.parametrize(("field", "value"), [("error", "disk full"), ("result", 65018)])
@pytest.mark.parametrize("status", ["running", "completed", "failed"])
@pytest.mark.parametrize("source", [Source.POLL, Source.STREAM])
def test_a_new_detail_is_progress_and_after_the_end_only_a_read_replaces_one(field, value, status, source):
    blank = known(status, updated_at=at(1), proven=True)
    assert (
        reconcile(blank, seen(status, source, updated_at=at(1), **{field: value})).reason is Reason.PROGRESSED
    )
    filled = known(status, updated_at=at(1), proven=True, **{field: "earlier"})
    reason = reconcile(filled, seen(status, source, updated_at=at(1), **{field: value})).reason
    locked = status != "running" and source is Source.STREAM
    assert reason is (Reason.DUPLICATE if locked else Reason.PROGRESSED)


def test_another_word_for_the_same_status_is_shown():
    job = known("running", raw_status="started", proven=True)
    assert reconcile(job, seen("running", raw_status="processing")).reason is Reason.PROGRESSED


@pytest.mark.parametrize("why", ["stale basis", "from a cache", "no basis", "a plain poll"])
def test_a_verified_read_that_is_not_fresh_counts_as_a_plain_poll(why):
    job = known("running", proven=False, revision=4)
    extra = {
        "stale basis": {"basis": 3},
        "from a cache": {"basis": 4, "http": CACHED},
        "no basis": {},
        "a plain poll": {"basis": 4},
    }[why]
    source = Source.POLL if why == "a plain poll" else Source.VERIFY
    assert reconcile(job, seen("pending", source, **extra)).reason is Reason.UNVERSIONED_REGRESSION
    assert reconcile(job, seen("pending", Source.VERIFY, basis=4)).reason is Reason.CORRECTED


def test_a_stored_terminal_is_shown_as_a_hint_and_any_read_outranks_it():
    hint = reconcile(None, seen("completed", Source.STORE, updated_at=at(9))).after
    assert hint is not None
    assert not hint.verified
    after = reconcile(hint, seen("running", Source.POLL, updated_at=at(5))).after
    assert after is not None
    assert (after.status, after.verified, after.updated_at) == (JobStatus.RUNNING, True, at(5))


@pytest.mark.parametrize("end", ["completed", "failed"])
def test_an_undated_frame_does_not_turn_a_stored_end_into_a_known_one(end):
    hint = reconcile(None, seen("completed", Source.STORE, updated_at=at(9))).after
    decision = reconcile(hint, seen(end, Source.STREAM, result=7))
    assert (decision.reason, decision.after) == (Reason.UNCONFIRMED_TERMINAL, hint)
    after = reconcile(decision.after, seen("running", Source.POLL, updated_at=at(10))).after
    assert after is not None
    assert after.status is JobStatus.RUNNING


def test_a_tombstone_without_a_time_still_holds_off_a_late_frame():
    tombstone = reconcile(None, seen("completed", Source.STORE)).after
    for status in ("pending", "running"):
        decision = reconcile(tombstone, seen(status, Source.STREAM))
        assert decision.after is None or decision.after.status is JobStatus.COMPLETED

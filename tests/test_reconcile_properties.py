"""P1-P3, P7 and P10 on any stream of observations at all (P6: test_story, P4: test_reconcile_orders)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from world.make import CACHED, JOB, at, seen
from world.oracle import STATUSES

from jobctl.model import Source
from jobctl.reasons import Action, Reason
from jobctl.reconcile import reconcile

times = st.one_of(
    st.none(), st.builds(at, st.integers(0, 4), unit=st.sampled_from([1000, 10**6, 10**9, 2 * 10**9]))
)
percents = st.one_of(st.none(), st.sampled_from([0.0, 10.0, 50.0, 100.0]))
attempts = st.one_of(st.none(), st.integers(0, 2))
details = st.one_of(st.none(), st.sampled_from(["x", "y"]))
observations = st.builds(
    seen,
    st.one_of(st.none(), st.sampled_from(STATUSES)),
    st.sampled_from(list(Source)),
    updated_at=times,
    progress=percents,
    attempt=attempts,
    error=details,
    result=details,
    basis=st.one_of(st.none(), st.integers(0, 6)),
    said_id=st.sampled_from([None, JOB, "another"]),
    keepalive=st.booleans(),
    http=st.sampled_from([None, CACHED]),
)


@given(st.lists(observations, max_size=12), st.booleans())
def test_p3_a_repetition_of_what_was_just_applied_changes_nothing(stream, follow):
    job = None
    for observation in stream:
        job = reconcile(job, observation, follow_restarts=follow).after
        again = reconcile(job, observation, follow_restarts=follow)
        assert again.after is job, (observation, again.reason)


@given(st.lists(observations, max_size=12))
def test_p1_p2_what_is_shown_never_goes_back_unproven(stream):
    job = None
    for observation in stream:
        decision = reconcile(job, observation)
        before, job = job, decision.after
        if before is None or not before.verified or decision.action is not Action.APPLY:
            continue
        assert job is not None
        if decision.reason is Reason.NEW_ATTEMPT:
            assert before.attempt is not None
            assert job.attempt is not None
            assert job.attempt > before.attempt
            continue
        if before.updated_at is not None:
            assert job.updated_at is not None
            assert job.updated_at.compare(before.updated_at) >= 0
        if before.status.terminal:
            assert job.status is before.status or decision.reason is Reason.TERMINAL_CORRECTED
        if job.status.rank < before.status.rank:
            assert decision.reason in {Reason.REQUEUED, Reason.CORRECTED}
        if job.attempt is not None and before.attempt is not None:
            assert job.attempt >= before.attempt


@given(st.lists(observations, max_size=8), observations)
def test_p7_a_keepalive_changes_nothing(stream, last):
    job = None
    for observation in stream:
        job = reconcile(job, observation).after
    decision = reconcile(job, last._replace(keepalive=True))
    assert (decision.reason, decision.after is job) == (Reason.KEEPALIVE, True)


@given(st.lists(observations, max_size=10))
def test_no_end_is_shown_on_the_word_of_an_unversioned_frame_alone(stream):
    job = None
    for observation in stream:
        decision = reconcile(job, observation)
        job = decision.after
        shown = decision.action is Action.APPLY and job is not None and job.verified and job.status.terminal
        if shown and observation.updated_at is None and not observation.source.is_read:
            assert decision.before is not None
            assert decision.before.status is job.status, "it may add a detail to an end, never make one"

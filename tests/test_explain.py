from __future__ import annotations

import pytest

from jobctl.captures.decision_log import Line
from jobctl.explain import Replay, Summary
from jobctl.profile.load import Profiles
from jobctl.reasons import Reason


def line(number, status, *, job="7", **more):
    record = {"at": "2026-01-01T00:00:00Z", "job": job, "source": "poll", "profile": "v1"}
    return Line(number, record | {"payload": {"id": job, "status": status}} | more)


def replay(*lines, **options):
    return list(Replay(Profiles(), **options).lines(lines))


def test_each_job_is_decided_on_its_own():
    found = replay(line(1, "running"), line(2, "running", job="8"), line(3, "done"), line(4, "running"))
    reasons = [one.decision.reason for one in found]
    assert reasons == [Reason.FIRST_SEEN, Reason.FIRST_SEEN, Reason.ADVANCED, Reason.TERMINAL_LOCK]


def test_each_run_began_with_nothing_known():
    found = replay(line(1, "done", run="a"), line(2, "running", run="b"), line(3, "running", run="a"))
    assert [one.decision.reason for one in found] == [
        Reason.FIRST_SEEN,
        Reason.FIRST_SEEN,
        Reason.TERMINAL_LOCK,
    ]


def test_the_same_id_in_two_apis_is_two_jobs():
    found = replay(line(1, "done"), line(2, "running", profile="generation"))
    assert [one.decision.reason for one in found] == [Reason.FIRST_SEEN] * 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"action": "ignore"}, "action: recorded 'ignore'"),
        ({"reason": "advanced"}, "reason: recorded 'advanced'"),
        ({"before": {"status": "pending"}}, "before: recorded"),
        ({"after": None}, "after: recorded"),
    ],
)
def test_each_difference_is_a_sentence(more, said):
    (found,) = replay(line(1, "running", **more))
    assert len(found.differences) == 1
    assert said in found.differences[0]
    assert "today's rules" in found.differences[0]


def test_what_a_record_does_not_claim_cannot_differ():
    (found,) = replay(line(1, "running"))
    assert found.differences == ()


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"schema": "jobctl.decision/9"}, "schema"),
        ({"profile": "nope"}, "nope"),
        ({"profile": None}, "profile"),
        ({"at": 7}, "at"),
        ({"source": "rumour"}, "source"),
        ({"job": 7}, "job"),
    ],
)
def test_what_cannot_be_decided_says_why(record, said):
    (found,) = replay(line(1, "running", **record))
    assert found.decision is None
    assert said in found.problem


def test_only_one_job():
    found = replay(line(1, "running"), line(2, "running", job="8"), Line(3, None, "cut short"), only_job="8")
    assert [one.line.number for one in found] == [2, 3]


def test_a_fallback_profile():
    (found,) = replay(line(1, "running", profile=""), fallback="v1")
    assert found.decision.reason is Reason.FIRST_SEEN


def test_restarts_are_followed_where_the_log_did():
    versions = [{"id": "7", "status": word, "updated_at": at} for word, at in (("done", 1), ("running", 2))]
    lines = [line(n, "", payload=payload, follow_restarts=True) for n, payload in enumerate(versions, 1)]
    assert replay(*lines)[1].decision.after.status.value == "running"


def test_a_summary_counts():
    summary = Summary()
    for one in replay(line(1, "running"), line(2, "done", action="ignore"), Line(3, None, "cut short")):
        summary.add(one)
    assert (summary.decisions, summary.differing, summary.skipped) == (2, 1, 1)
    assert summary.counts == {("apply", "first-seen"): 1, ("apply", "advanced"): 1}
    assert summary.jobs["7"].status.value == "completed"

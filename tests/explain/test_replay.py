from __future__ import annotations

import pytest

from jobctl.captures.decision_log import Line
from jobctl.explain.replay import Replay, Summary
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
        ({"profile": "nope"}, "give --config FILE"),
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


@pytest.mark.parametrize("kind", [[], {}, 7, None, "decision"])
def test_any_type_that_is_no_notice_is_decided(kind):
    (found,) = replay(line(1, "running", type=kind))
    assert found.decision.reason is Reason.FIRST_SEEN


@pytest.mark.parametrize("key", ["run", "schema", "after", "action"])
def test_what_is_shown_of_a_record_is_bounded(key):
    deep = []
    for _ in range(900):
        deep = [deep]
    for odd in (deep, [], None, "x" * 10**6, {"status": "y" * 10**6, "progress": deep}):
        (found,) = replay(line(1, "running", **{key: odd}))
        assert all(len(one) < 500 for one in (*found.differences, found.problem or ""))


def numbered(*lines, **options):
    """Notes about the numbers of (run, seq, job) lines; None is a damaged line."""
    given = [
        Line(n, None, "cut short") if one is None else line(n, "running", job=one[2], run=one[0], seq=one[1])
        for n, one in enumerate(lines, 1)
    ]
    return [(found.line.number, note) for found in replay(*given, **options) for note in found.differences]


def test_lines_in_order_are_not_commented_on():
    assert numbered(("a", 1, "7"), ("b", 1, "7"), ("a", 2, "8"), ("b", 2, "7"), ("a", 3, "7")) == []
    assert numbered(("a", 1, "7"), ("a", 2, "8"), ("a", 3, "7"), only_job="7") == []


def test_a_line_that_was_taken_out_is_missed_once():
    ((number, note),) = numbered(("a", 1, "7"), ("b", 1, "7"), ("a", 4, "7"), ("a", 5, "7"))
    assert (number, note) == (3, "seq: 2 lines of this run are missing before line 3")
    ((number, note),) = numbered(("a", 2, "7"))
    assert (number, note) == (1, "seq: a line of this run is missing before line 1")


@pytest.mark.parametrize("again", [1, 2])
def test_a_line_that_is_there_twice_or_moved_is_flagged(again):
    ((number, note),) = numbered(("a", 1, "7"), ("a", 2, "7"), ("a", again, "7"), ("a", 3, "7"))
    assert number == 3
    assert "twice" in note


def test_a_damaged_line_is_not_told_again_as_missing():
    assert numbered(("a", 1, "7"), None, ("a", 3, "7")) == []
    assert numbered(("a", 1, "7"), None, ("b", 1, "7"), ("a", 3, "7")) == []
    assert [number for number, _ in numbered(("a", 1, "7"), None, ("a", 3, "7"), ("a", 5, "7"))] == [4]


def test_a_line_missing_elsewhere_is_told_with_the_job_that_is_looked_at():
    ((number, note),) = numbered(("a", 1, "7"), ("a", 3, "8"), ("a", 4, "7"), only_job="7")
    assert (number, note) == (3, "seq: a line of this run is missing before line 2")


def test_a_line_that_cannot_be_decided_has_its_number_all_the_same():
    lines = [line(1, "running", run="a", seq=1), line(2, "running", run="a", seq=2, source="rumour")]
    lines += [line(3, "running", run="a", seq=3)]
    assert [found.differences for found in replay(*lines)] == [(), (), ()]
    assert "missing" in replay(lines[1], lines[2])[1].differences[0]


@pytest.mark.parametrize("seq", [None, "7", True, 1.5, [], -1, 0])
def test_numbers_that_are_none_are_nothing_to_count_by(seq):
    (found, *_) = replay(line(1, "running", run="a", seq=seq), line(2, "running", run=["a"], seq=9))
    assert found.decision is not None

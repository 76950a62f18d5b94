"""The story of a job: one decision per observation, written as log records and read back bit for bit."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.make import JOB

from jobctl.evidence import served_from_store
from jobctl.model import Http, Source
from jobctl.observe import Reader
from jobctl.profile.model import Operation, Profile
from jobctl.reasons import Action, Reason
from jobctl.story import (
    SCHEMA,
    RecordError,
    Story,
    decision_record,
    differences,
    format_time,
    job_record,
    observation_of,
    parse_time,
)

READER = Reader(Profile(name="generation", read=Operation("GET", "/jobs/{id}")))
AT = 1_760_047_990.609405


def differing(record, decision):
    return differences(record, decision, job_record(decision.before), job_record(decision.after))


def record_of(decision, seq=0, **more):
    return json.loads(json.dumps(decision_record(decision, seq=seq, profile="generation", **more)))


def incident() -> Story:
    story = Story(JOB)
    steps = [
        (
            Source.POLL,
            {"id": JOB, "status": "running", "progress": 95, "updated_at": "2025-10-09 22:13:09.1"},
        ),
        (Source.STREAM, {"type": "pong"}),
        (Source.POLL, {"id": JOB, "status": "completed", "updated_at": "2025-10-09 22:13:10.609405"}),
        (Source.STREAM, {"type": "status", "status": "pending"}),
        (Source.STORE, {"id": JOB, "status": "pending"}),
        (Source.CANCEL, {"id": JOB, "status": "cancelled"}),
    ]
    for number, (source, payload) in enumerate(steps):
        story.record(READER.observe(payload, source, JOB, AT + number))
    return story


def test_the_first_incident_as_a_story():
    story = incident()
    assert [decision.reason.value for decision in story] == [
        "first-seen", "keepalive", "advanced", "terminal-lock", "stored-hint", "terminal-conflict",
    ]  # fmt: skip
    assert len(story) == 6
    assert story.job is not None
    assert story.job.status.value == "completed"
    assert story.counts[Reason.TERMINAL_LOCK] == 1


def test_filter():
    story = incident()
    assert [d.reason for d in story.filter(action=Action.APPLY)] == [Reason.FIRST_SEEN, Reason.ADVANCED]
    assert len(story.filter(source=Source.STREAM)) == 2
    assert len(story.filter(source=Source.STREAM, reason=Reason.KEEPALIVE)) == 1
    assert story.filter(source=Source.STREAM, action=Action.APPLY) == []
    assert len(story.filter(where=lambda d: d.observation.progress is not None)) == 1
    assert len(story.filter()) == len(story)


def test_a_bounded_story_keeps_the_last_decisions_and_counts_all():
    story = Story(JOB, limit=2)
    for decision in incident():
        story.record(decision.observation)
    assert (len(story), len(list(story))) == (6, 2)
    assert [d.reason for d in story] == [Reason.STORED_HINT, Reason.TERMINAL_CONFLICT]


def test_a_record_has_the_published_shape():
    http = Http(200, (("etag", '"a"'), ("age", "4")), "direct", "Age: 4")
    story = Story(JOB)
    payload = {"id": JOB, "status": "running", "updated_at": "2026-01-01T12:00:00Z"}
    story.record(READER.observe(payload, Source.VERIFY, JOB, AT, basis=0, http=http))
    record = record_of(next(iter(story)), 7)
    assert record["schema"] == SCHEMA == "jobctl.decision/1"
    assert list(record) == [
        "schema", "rules", "seq", "at", "job", "profile", "source", "payload", "basis", "http",
        "action", "reason", "before", "after",
    ]  # fmt: skip
    assert (record["seq"], record["at"], record["source"]) == (7, "2025-10-09T22:13:10.609405Z", "verify")
    assert record["http"] == {"status": 200, "headers": [["etag", '"a"'], ["age", "4"]], "route": "direct"}
    assert (record["action"], record["reason"], record["before"]) == ("apply", "first-seen", None)
    assert record["after"]["status"] == "running"
    assert record["after"]["updated_at"] == "2026-01-01T12:00:00Z"


def test_a_hand_edited_record_is_flagged():
    for decision in incident():
        record = record_of(decision)
        assert differing(record, decision) == ()
        for key, value in (("action", "apply"), ("reason", "advanced"), ("after", {"status": "pending"})):
            expected = [] if record[key] == value else [key]
            found = differing({**record, key: value}, decision)
            assert [line.split(":")[0] for line in found] == expected


def test_four_keys_are_enough_to_re_decide():
    story, again = incident(), Story(JOB)
    for decision in story:
        record = {key: record_of(decision)[key] for key in ("at", "job", "source", "payload")}
        again.record(observation_of(record, READER))
        assert differing(record, decision) == ()
    assert again.job == story.job


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"job": 7}, "job"),
        ({"source": "rumour"}, "source"),
        ({"source": None}, "source"),
        ({"source": ["poll"]}, "source"),
        ({"at": None}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2025-99-99T00:00:00Z"}, "at"),
        ({"payload": ...}, "payload"),
    ],
)
def test_a_record_that_cannot_be_re_decided_names_the_key(change, words):
    record = {"at": "2025-10-09T22:13:10Z", "job": JOB, "source": "poll", "payload": {}, **change}
    record = {key: value for key, value in record.items() if value is not ...}
    with pytest.raises(RecordError, match=f"^{words}: "):
        observation_of(record, READER)


@pytest.mark.parametrize("record", [None, [], "x", 7, {}])
def test_a_record_of_no_shape_at_all_is_a_record_error(record):
    with pytest.raises(RecordError):
        observation_of(record, READER)


@pytest.mark.parametrize(
    "extra",
    [
        {"http": 7},
        {"http": {"headers": 7}},
        {"http": {"headers": [["a"], 7, ["b", 1]]}},
        {"http": {"status": "x", "route": None}},
        {"basis": "x"},
        {"basis": True},
    ],
)
def test_odd_evidence_in_a_record_is_no_evidence(extra):
    record = {
        "at": "2025-10-09T22:13:10Z",
        "job": JOB,
        "source": "verify",
        "payload": {"status": "done"},
        **extra,
    }
    seen = observation_of(record, READER)
    assert seen.basis is None
    assert seen.status is not None


@given(st.integers(0, 4_000_000_000_000_000))
def test_times_are_written_and_read_back_exactly(micros):
    epoch = micros / 1_000_000
    assert parse_time(format_time(epoch)) == epoch


@pytest.mark.parametrize("epoch", [float("nan"), float("inf"), 1e300, -1e300])
def test_a_time_out_of_range_is_written_as_some_time(epoch):
    assert parse_time(format_time(epoch)) == 0.0


def test_no_job_is_null():
    assert job_record(None) is None


# --- anything at all, written and read back --------------------------------------------------------

stamps = st.sampled_from(
    [
        "2025-10-09T22:13:10.609Z",
        "2025-10-09 22:13:10.609405",
        "2025-10-09T22:13:10Z",
        1760047990.609405,
        1760047991,
    ]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner)
)
bodies = st.fixed_dictionaries(
    {"status": st.sampled_from(["queued", "running", "done", "FAILED", "canceled", "warming", None])},
    optional={
        "updated_at": stamps,
        "progress": st.sampled_from([0, 10, 55.5, "60%", 100]),
        "attempt": st.integers(0, 2),
        "id": st.sampled_from([JOB, int(JOB), "another"]),
        "error": values,
        "result": values,
        "type": st.sampled_from(["status", "pong"]),
    },
)
payloads = st.one_of(bodies, bodies, bodies, values)
headers = st.sampled_from([(), (("age", "0"),), (("age", "7"),), (("x-cache", "HIT"), ("etag", '"a"'))])
https = st.builds(lambda h: Http(200, h, "tunnel", served_from_store(h)), headers)
steps = st.lists(
    st.tuples(
        payloads,
        st.sampled_from(list(Source)),
        st.integers(0, 10**9),
        st.one_of(st.none(), st.integers(0, 4)),
        st.one_of(st.none(), https),
    ),
    max_size=10,
)


@given(steps, st.booleans())
def test_p6_replaying_a_story_rebuilds_it_bit_for_bit(story_steps, follow):
    story, again = (Story(JOB, follow_restarts=follow) for _ in range(2))
    lines = []
    for seq, (payload, source, after, basis, http) in enumerate(story_steps):
        moment = (1_760_047_990_000_000 + after) / 1_000_000
        decision = story.record(READER.observe(payload, source, JOB, moment, basis=basis, http=http))
        lines.append(
            json.dumps(decision_record(decision, seq=seq, profile="generation", follow_restarts=follow))
        )
    assert len(story) == len(story_steps), "exactly one decision per observation"
    for seq, line in enumerate(lines):
        record = json.loads(line)
        decision = again.record(observation_of(record, READER))
        assert differing(record, decision) == ()
        rewritten = decision_record(decision, seq=seq, profile="generation", follow_restarts=follow)
        assert json.dumps(rewritten) == line
    assert again.job == story.job
    assert again.counts == story.counts

"""From a payload to an observation: every spelling read, nothing ever raised."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from world.make import CACHED, JOB, iso

from jobctl.model import JobStatus, Source
from jobctl.observe import FIELD_ORDER, Reader
from jobctl.profile.model import DEFAULT_FIELDS, DEFAULT_WORDS, Operation, Profile

READ = Operation("GET", "/jobs/{id}")
NAMES = ("id", "status", "progress", "updated_at", "error", "result", "attempt")
PLAIN = Profile(name="plain", read=READ, fields={name: name for name in NAMES})
ENVELOPE = Profile(name="envelope", read=READ, fields={name: f"job.{name} || {name}" for name in NAMES})
MIXED = Profile(
    name="mixed", read=READ, fields={**{name: name for name in NAMES}, "status": "jobs[0].status || status"}
)
SPARSE = Profile(name="sparse", read=READ, fields={"status": "status"})
DEFAULT = Profile(name="default", read=READ, fields=DEFAULT_FIELDS)
PROFILES = [PLAIN, ENVELOPE, MIXED, SPARSE, DEFAULT]
INCIDENT = {
    "id": 1193930,
    "status": "completed",
    "progress": 100,
    "updated_at": "2025-10-09 22:13:10.609405",
    "error": "",
    "result": 65018,
    "attempt": 1,
}


def observe(payload, profile=PLAIN, source=Source.POLL, **more):
    return Reader(profile).observe(payload, source, JOB, 1.5, **more)


@pytest.mark.parametrize("profile", [PLAIN, ENVELOPE, MIXED, DEFAULT])
def test_the_record_of_incident_1(profile):
    seen = observe(INCIDENT, profile, basis=3, http=CACHED)
    assert (seen.job, seen.said_id, seen.source, seen.received_at) == (JOB, JOB, Source.POLL, 1.5)
    assert (seen.status, seen.raw_status, seen.progress) == (JobStatus.COMPLETED, "completed", 100.0)
    assert (seen.updated_at, seen.attempt) == (iso("2025-10-09 22:13:10.609405"), 1)
    assert (seen.error, seen.result, seen.keepalive) == (None, 65018, False)
    assert (seen.basis, seen.http, seen.payload) == (3, CACHED, INCIDENT)


def test_incident_2_with_and_without_the_envelope():
    bare, wrapped = observe(INCIDENT, ENVELOPE), observe({"job": INCIDENT}, ENVELOPE)
    assert bare._replace(payload=None) == wrapped._replace(payload=None)
    both = observe({"job": {"status": "running"}, "id": JOB, "progress": 5}, ENVELOPE)
    assert (both.status, both.said_id, both.progress) == (JobStatus.RUNNING, JOB, 5.0)


@pytest.mark.parametrize(("word", "status"), sorted(DEFAULT_WORDS.items()))
def test_every_word_of_the_default_mapping_in_any_case(word, status):
    for spelling in (word, word.upper(), word.title(), f" {word} ", word.replace("_", "-")):
        seen = observe({"status": spelling})
        assert (seen.status, seen.raw_status) == (status, spelling.strip())


@pytest.mark.parametrize("word", ["warming", "PAUSED", "7", "run ning!", "\x1b[31mdone", "x" * 500])
def test_a_word_nobody_mapped_is_unknown_and_kept(word):
    seen = observe({"status": word})
    assert seen.status is JobStatus.UNKNOWN
    assert seen.raw_status == word[:200]


@pytest.mark.parametrize(
    "word", [None, "", "  ", True, False, [], {}, 1.5, ["running"], {"status": "running"}]
)
def test_no_status_is_unreadable_not_an_exception(word):
    seen = observe({"status": word})
    assert (seen.status, seen.raw_status) == (None, None)


@pytest.mark.parametrize(
    ("value", "percent"),
    [
        (62, 62.0), (62.5, 62.5), ("62", 62.0), ("62%", 62.0), (" 62% ", 62.0), (0, 0.0),
        (-3, 0.0), (250, 100.0), (None, None), (True, None), ("half", None), ([62], None),
        ({"value": 62}, None), (float("nan"), None), (float("inf"), None), (10**400, None),
        ("nan", None), ("1e999", None), ("", None),
    ],
)  # fmt: skip
def test_progress_is_percent_or_absent(value, percent):
    assert observe({"status": "running", "progress": value}).progress == percent


def test_progress_of_an_api_that_counts_to_one():
    profile = Profile(name="unit", read=READ, progress_max=1.0)
    assert observe({"status": "running", "progress": 0.62}, profile).progress == pytest.approx(62.0)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1193930", JOB),
        (1193930, JOB),
        ("", None),
        (None, None),
        (True, None),
        (1.5, None),
        ([], None),
        (10**41, None),
    ],
)
def test_ids(value, said):
    assert observe({"status": "running", "id": value}).said_id == said


@pytest.mark.parametrize(
    ("value", "attempt"), [(2, 2), (0, 0), (True, None), ("2", None), (2.5, None), (None, None)]
)
def test_attempts_are_whole_numbers_or_absent(value, attempt):
    assert observe({"status": "running", "attempt": value}).attempt == attempt


KEEPALIVES = ["ping", "pong", "PONG", "heartbeat", "ack", "subscribed", " pong "]


@pytest.mark.parametrize("kind", KEEPALIVES)
@pytest.mark.parametrize("shape", ["object", "text"])
def test_a_keepalive_of_the_stream_is_one_whatever_its_shape(kind, shape):
    payload = {"type": kind} if shape == "object" else kind
    assert observe(payload, source=Source.STREAM).keepalive
    assert not observe(payload, source=Source.POLL).keepalive


def test_prefect_17929_a_heartbeat_is_not_read_as_a_status():
    for payload in ({"type": "heartbeat", "status": "ok"}, {"type": "pong", "status": "alive"}):
        assert observe(payload, source=Source.STREAM).keepalive


def test_a_frame_whose_type_sounds_like_a_keepalive_but_says_a_status_is_heard():
    seen = observe({"type": "ack", "status": "completed"}, source=Source.STREAM)
    assert (seen.keepalive, seen.status) == (False, JobStatus.COMPLETED)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["running", "done", "2025-10-09T22:13:10Z", "62%", 10**400, "9" * 5000, "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, "job", "type", ""]), inner)
    ),
    max_leaves=20,
)


@given(json_values, st.sampled_from(PROFILES), st.sampled_from(list(Source)))
def test_any_json_value_anywhere_is_an_observation(payload, profile, source):
    seen = observe(payload, profile, source)
    assert seen.payload is payload
    assert seen.raw_status is None or seen.raw_status.strip()
    assert (seen.status is None) is (seen.raw_status is None)
    assert seen.progress is None or 0.0 <= seen.progress <= 100.0
    assert seen.attempt is None or isinstance(seen.attempt, int)
    assert seen.received_at == 1.5


@given(st.sampled_from(FIELD_ORDER), json_values, st.sampled_from(PROFILES))
def test_any_json_value_in_any_field_leaves_the_other_fields_readable(field, value, profile):
    wrapped = [{**INCIDENT, field: value}, {"job": {**INCIDENT, field: value}}]
    seen = observe(wrapped[profile is ENVELOPE], profile)
    if field != "status" and profile is not SPARSE:
        assert seen.status is JobStatus.COMPLETED
    if field != "progress" and profile in (PLAIN, ENVELOPE):
        assert seen.progress == 100.0


@given(st.dictionaries(st.sampled_from([*NAMES, "job", "type"]), json_values, max_size=5))
def test_the_fast_ways_of_reading_agree_with_jmespath(payload):
    """An expression the fast paths do not know goes through the library; both must see the same fields."""
    assume(payload.get("job", payload) or payload.get("id") or "job" not in payload)
    slow = Profile(name="slow", read=READ, fields={name: f"(job).{name} || @.{name}" for name in NAMES})
    fast_seen, slow_seen = observe(payload, ENVELOPE), observe(payload, slow)
    assert str(fast_seen._replace(payload=None)) == str(slow_seen._replace(payload=None))


@pytest.mark.parametrize("empty", [None, {}, [], "", False])
def test_an_empty_envelope_is_no_job_whatever_the_answer_says_of_itself(empty):
    assert observe({"status": "success", "job": empty}, ENVELOPE).status is None
    assert observe({"status": "success", "job": empty, "id": "7"}, ENVELOPE).status is JobStatus.COMPLETED
    assert observe({"status": "success", "job": {"id": "7", "status": "running"}}, ENVELOPE).status is (
        JobStatus.RUNNING
    )
    assert observe({"status": "success"}, ENVELOPE).status is JobStatus.COMPLETED


def test_what_json_reads_as_not_a_number_is_absent():
    payload = json.loads(
        '{"status": "running", "progress": NaN, "updated_at": Infinity, "attempt": -Infinity}'
    )
    assert math.isnan(payload["progress"])
    seen = observe(payload)
    assert (seen.progress, seen.updated_at, seen.attempt) == (None, None, None)

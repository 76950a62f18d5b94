"""Booleans as a status: every state of a record reads as it should, and no end is made up."""

from __future__ import annotations

import itertools
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.model import JobStatus, Source
from jobctl.observe import Reader
from jobctl.openapi.document import Document
from jobctl.openapi.drafting import Wishes, draft_of, find_kinds
from jobctl.openapi.profile_text import profile_text
from jobctl.openapi.sample import draft_of_sample
from jobctl.profile.parse import parse_profile

FLAG = {"type": "boolean"}
TEXT = {"type": "string"}
THING = {"type": "object", "additionalProperties": True}
LIFE = {"enum": ["queued", "done", "failed"]}
ERROR = {"type": "object", "properties": {"code": {"type": "integer"}, "message": TEXT}}
OPERATION = {"name": TEXT, "metadata": THING, "done": FLAG, "error": ERROR, "response": THING}


def drafted(properties, required=(), path="/v1/jobs/{id}"):
    schema = {"type": "object", "properties": properties, "required": list(required)}
    answer = {"200": {"content": {"application/json": {"schema": schema}}}}
    document = Document({"openapi": "3.1.0", "paths": {path: {"get": {"responses": answer}}}}, "http://h/x")
    return draft_of(document, find_kinds(document), 0, Wishes())


def reader_of(draft):
    (table,) = tomllib.loads(profile_text(draft))["profiles"].values()
    return Reader(parse_profile("p", table))


def read(draft, payload):
    return reader_of(draft).observe(payload, Source.POLL, "7", 0.0)


NOTHING = (None, False, "", {}, [])


@pytest.mark.parametrize(
    ("record", "status"),
    [
        *(({"done": False, "error": none}, "running") for none in NOTHING),
        *(({"done": True, "error": none, "response": {"a": 1}}, "completed") for none in NOTHING),
        *(({"done": True, "response": none}, "completed") for none in NOTHING),
        ({}, "running"),
        ({"metadata": {"progressPercent": 5}}, "running"),
        ({"done": None}, "running"),
        ({"done": True, "error": {"code": 13, "message": "boom"}}, "failed"),
        ({"done": True, "error": {"code": 13}, "response": {"a": 1}}, "failed"),
        # Not done, whatever else it says; and what is no boolean says nothing.
        ({"done": False, "error": {"code": 13}}, "running"),
        ({"done": 0}, None),
        ({"done": "false"}, None),
        ({"done": 1, "error": {"code": 13}}, None),
    ],
)
def test_a_long_running_operation(record, status):
    draft = drafted(OPERATION, path="/v1/operations/{name}")
    seen = read(draft, {"name": "7"} | record)
    assert seen.status == (None if status is None else JobStatus(status))
    assert seen.said_id == "7"
    assert seen.error == ((record.get("error") or {}).get("message") or None)
    assert seen.result == record.get("response")


@pytest.mark.parametrize(
    "payload", [None, [], {}, "text", {"error": {"code": 5}}, {"detail": "no"}, {"done": []}]
)
def test_what_is_no_record_has_no_status(payload):
    assert read(drafted(OPERATION, path="/v1/operations/{name}"), payload).status is None


def test_it_says_why_and_how_sure():
    found = drafted(OPERATION).fields["status"]
    assert (found.confidence, "AIP-151" in found.why) == ("high", True)
    other = drafted({"id": TEXT, "finished": FLAG, "success": FLAG}).fields["status"]
    assert other.confidence == "medium"
    assert "finished (boolean) tells that it ended" in other.why


PAIRS = {
    "success": {"id": TEXT, "finished": FLAG, "success": FLAG, "error": TEXT},
    "failed": {"id": TEXT, "is_complete": FLAG, "isFailed": FLAG},
    "cancelled": {"id": TEXT, "completed": FLAG, "error": TEXT, "cancelled": FLAG},
    "wrong": {"id": TEXT, "isDone": FLAG, "has_error": FLAG},
    "parts": {"id": TEXT, "complete": FLAG, "errors": {"type": "array"}},
}


@pytest.mark.parametrize(
    ("kind", "record", "status"),
    [
        ("success", {"finished": True, "success": True}, "completed"),
        ("success", {"finished": True, "success": False}, "failed"),
        ("success", {"finished": True, "success": True, "error": "boom"}, "failed"),
        ("success", {"finished": True, "success": None}, "unknown"),
        ("success", {"finished": False, "success": False}, "running"),
        ("success", {"finished": False, "success": True}, "running"),
        ("failed", {"is_complete": True, "isFailed": False}, "completed"),
        ("failed", {"is_complete": False, "isFailed": True}, "failed"),
        ("failed", {"is_complete": False, "isFailed": False}, "running"),
        ("cancelled", {"completed": True, "error": "", "cancelled": False}, "completed"),
        ("cancelled", {"completed": True, "error": "stopped", "cancelled": True}, "cancelled"),
        ("wrong", {"isDone": True, "has_error": True}, "failed"),
        ("wrong", {"isDone": False, "has_error": True}, "running"),
        ("wrong", {"isDone": True, "has_error": False}, "completed"),
        ("parts", {"complete": True, "errors": []}, "completed"),
        ("parts", {"complete": True, "errors": ["row 7"]}, "unknown"),
    ],
)
def test_pairs_of_booleans(kind, record, status):
    draft = drafted(PAIRS[kind])
    assert read(draft, {"id": "7"} | record).status is JobStatus(status)
    # Bare and in an envelope alike.
    inside = drafted({"job": {"type": "object", "properties": PAIRS[kind]}})
    assert read(inside, {"job": {"id": "7"} | record}).status is JobStatus(status)
    assert read(inside, {"id": "7"} | record).status is JobStatus(status)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"response": THING},
        {"message": TEXT},
        {"error": {"type": "integer"}},
    ],
)
def test_without_a_word_about_failures_an_end_is_unknown(more):
    draft = drafted({"id": TEXT, "done": FLAG} | more)
    assert read(draft, {"id": "7", "done": True, "response": {"a": 1}}).status is JobStatus.UNKNOWN
    assert read(draft, {"id": "7", "done": False}).status is JobStatus.RUNNING
    assert "cannot tell a success from a failure" in draft.fields["status"].why
    assert [word.word for word in draft.unsure_words] == ["ended"]
    assert draft.fields["status"].confidence == "low"


def test_an_error_that_is_always_there_tells_nothing():
    draft = drafted({"id": TEXT, "done": FLAG, "error": ERROR}, required=["error"])
    assert read(draft, {"id": "7", "done": True, "error": {"code": 0}}).status is JobStatus.UNKNOWN
    assert "error is always there" in draft.fields["status"].why


def test_a_person_may_say_what_an_end_means():
    draft = drafted({"id": TEXT, "done": FLAG}).with_word("ended", JobStatus.COMPLETED)
    assert read(draft, {"id": "7", "done": True}).status is JobStatus.COMPLETED


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"id": TEXT, "status": LIFE, "done": FLAG, "error": TEXT}, "status"),
        ({"id": TEXT, "status": TEXT, "finished": FLAG, "error": TEXT}, "status"),
        (
            {"id": TEXT, "done": FLAG, "job": {"properties": {"id": TEXT, "status": LIFE}}},
            "job.status || status",
        ),
    ],
)
def test_a_status_word_is_the_better_one(properties, status):
    assert drafted(properties).fields["status"].value == status


@pytest.mark.parametrize(
    "properties",
    [
        OPERATION | {"metadata": {"properties": {"state": {"enum": ["RUNNING", "DONE", "FAILED"]}}}},
        OPERATION | {"error": {"properties": {"status": TEXT, "message": TEXT}}},
        {"id": TEXT, "done": FLAG, "error": TEXT, "status": {"enum": ["public", "private"]}},
    ],
)
def test_a_word_of_something_within_is_not(properties):
    assert "done == `true`" in drafted(properties).fields["status"].value


@pytest.mark.parametrize(
    "one", [{"type": "string"}, {"type": ["boolean", "string"]}, {"type": "integer"}, {}]
)
def test_only_a_boolean_is_a_flag(one):
    schema = {"id": TEXT, "done": one, "error": TEXT, "status": TEXT}
    assert drafted(schema).fields["status"].value == "status"


def test_a_nullable_boolean_is_one_too():
    for flag in ({"type": ["boolean", "null"]}, {"type": "boolean", "nullable": True}):
        assert "done" in drafted({"id": TEXT, "done": flag, "error": TEXT}).fields["status"].value


SAMPLES = [
    {"name": "7", "done": False},
    {"name": "7", "metadata": {"@type": "x", "state": "RUNNING"}, "done": False},
    {"name": "7", "done": True, "response": {"@type": "x"}},
    {"name": "7", "done": True, "error": {"code": 3, "message": "bad", "details": []}},
]


@pytest.mark.parametrize(("sample", "record"), list(itertools.product(SAMPLES, SAMPLES)))
def test_one_operation_is_enough_to_read_all(sample, record):
    draft = draft_of_sample(sample, "http://h/v1/operations/7", Wishes(), None)
    seen = read(draft, record)
    expected = "running" if not record["done"] else "failed" if "error" in record else "completed"
    assert (seen.status, seen.said_id) == (JobStatus(expected), "7")
    assert seen.error == (record["error"]["message"] if "error" in record else None)
    assert seen.result == record.get("response")


def test_an_operation_that_runs_may_leave_out_that_it_does():
    name = "projects/p/operations/17"
    draft = draft_of_sample({"name": name, "metadata": {}}, f"http://h/v1/{name}", Wishes(), None)
    assert draft.operations["read"].value == "GET /v1/projects/p/operations/{id}"
    # A name that is a path would never be the id that was asked for.
    assert (draft.fields["id"].value, draft.is_complete) == (None, True)
    assert "the last part only" in draft.fields["id"].why
    assert read(draft, {"name": name, "done": True, "response": {}}).status is JobStatus.COMPLETED


@pytest.mark.parametrize(
    "sample",
    [{"name": "web", "metadata": {}}, {"name": 7, "done": True}, {"done": True}, {"name": "7", "done": 1}],
)
def test_what_only_resembles_an_operation_is_none(sample):
    draft = draft_of_sample(sample, "http://h/v1/things/7", Wishes(), None)
    assert "AIP-151" not in draft.fields["status"].why


def test_an_unfinished_sample_and_a_finished_one():
    for sample in (
        {"id": "7", "finished": False, "error": None},
        {"id": "7", "finished": True, "error": "boom"},
    ):
        draft = draft_of_sample(sample, "http://h/jobs/7", Wishes(), None)
        assert read(draft, {"id": "7", "finished": True, "error": "boom"}).status is JobStatus.FAILED
        assert read(draft, {"id": "7", "finished": True, "error": None}).status is JobStatus.COMPLETED
    without = draft_of_sample({"id": "7", "finished": True, "result": 1}, "http://h/jobs/7", Wishes(), None)
    assert read(without, {"id": "7", "finished": True, "result": 1}).status is JobStatus.UNKNOWN


NAMES = st.sampled_from(
    ["done", "finished", "isComplete", "success", "failed", "error", "errors", "cancelled", "id", "response"]
)
VALUES = st.sampled_from([True, False, None, "", "x", {}, {"message": "m"}, [], [1], 0, 1, 1.5])
SCHEMAS = st.sampled_from([FLAG, TEXT, ERROR, {}, {"type": "array"}, {"type": ["boolean", "null"]}])


@given(st.dictionaries(NAMES, SCHEMAS, max_size=7), st.dictionaries(NAMES, VALUES, max_size=7))
def test_an_end_is_only_read_where_a_boolean_says_so(properties, record):
    properties = {**properties, "id": TEXT, "done": FLAG}
    seen = read(drafted(properties), record)
    if seen.status is not None and seen.status.terminal:
        assert any(value is True for value in record.values())
    if seen.status is JobStatus.COMPLETED and properties.get("error", FLAG) != FLAG:
        assert not record.get("error")

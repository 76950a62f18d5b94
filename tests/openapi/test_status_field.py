from __future__ import annotations

import pytest

from jobctl.openapi.document import Document
from jobctl.openapi.found import Confidence
from jobctl.openapi.schemas import leaves_of
from jobctl.openapi.status_field import find_status

LIFE = {"type": "string", "enum": ["queued", "running", "done", "failed"]}


def find(**properties):
    document = Document({"openapi": "3.1.0", "paths": {"/x": {}}}, "x")
    return find_status(leaves_of(document, {"type": "object", "properties": properties}))


def nested(**properties):
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("properties", "value"),
    [
        ({"status": LIFE}, "status"),
        ({"state": LIFE, "status": {"type": "string"}}, "state"),
        ({"job": nested(status=LIFE)}, "job.status"),
        ({"status": nested(phase=LIFE, message={"type": "string"})}, "status.phase"),
        ({"state": nested(type=LIFE, name={"type": "string"})}, "state.type"),
        ({"properties": nested(provisioningState=LIFE)}, "properties.provisioningState"),
        ({"data": nested(attributes=nested(state=LIFE))}, "data.attributes.state"),
        ({"renderStatus": LIFE, "visibility": {"enum": ["public", "private"]}}, "renderStatus"),
        ({"status": {"type": "integer"}, "job-status": LIFE}, '"job-status"'),
    ],
)
def test_the_property_that_tells_a_jobs_life(properties, value):
    found = find(**properties).found
    assert found.value == value
    assert found.confidence in {Confidence.HIGH, Confidence.MEDIUM}


def test_without_listed_words_it_is_less_sure():
    status = find(status={"type": "string"})
    assert (status.found.value, status.words) == ("status", ())
    assert "not listed" in status.found.why
    assert status.found.confidence is not Confidence.HIGH


def test_words_of_the_description_count():
    status = find(state={"type": "string", "description": "`queued`, `running`, `done` or `failed`"})
    assert [one.word for one in status.words] == ["queued", "running", "done", "failed"]
    assert status.found.confidence is Confidence.HIGH


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"name": {"type": "string"}},
        {"status": {"type": "integer"}},
        {"status": nested(code={"type": "integer"})},
    ],
)
def test_where_there_is_none_that_is_said(properties):
    status = find(**properties)
    assert (status.found.value, status.points) == (None, 0)
    assert "by hand" in status.found.by_hand


def test_how_it_ended_may_stand_beside():
    ended = {"type": "string", "enum": ["success", "failure", "cancelled", "neutral"]}
    status = find(status={"type": "string", "enum": ["queued", "in_progress", "completed"]}, conclusion=ended)
    assert status.found.value == "conclusion || status"
    assert {"failure", "queued", "completed"} <= {one.word for one in status.words}


def test_no_word_for_a_failure_is_a_doubt():
    found = find(status={"type": "string", "enum": ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]}).found
    assert found.confidence is Confidence.MEDIUM
    assert "no word for a failure" in found.why

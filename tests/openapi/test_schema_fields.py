from __future__ import annotations

import pytest

from jobctl.openapi.document import Document
from jobctl.openapi.found import Confidence
from jobctl.openapi.schema_fields import find_fields

LIFE = {"type": "string", "enum": ["queued", "running", "done", "failed"]}
TEXT, NUMBER, WHEN = {"type": "string"}, {"type": "number"}, {"type": "string", "format": "date-time"}


def find(schema, *id_names):
    return find_fields(Document({"openapi": "3.1.0", "paths": {"/x": {}}}, "x"), schema, id_names)


def record(**properties):
    return {"type": "object", "properties": {"status": LIFE, **properties}}


def test_what_stands_beside_a_reference_is_of_the_record_too():
    root = {"openapi": "3.1.0", "paths": {"/x": {}}, "components": {"schemas": {"A": record(id=TEXT)}}}
    schema = {"$ref": "#/components/schemas/A", "properties": {"output": TEXT}}
    found = find_fields(Document(root, "x"), schema, ("id",)).found
    assert [found[name].value for name in ("status", "id", "result")] == ["status", "id", "output"]


@pytest.mark.parametrize(
    ("field", "properties", "value"),
    [
        ("id", {"id": TEXT, "job_id": TEXT}, "job_id"),
        ("id", {"id": TEXT, "flow_id": TEXT}, "id"),
        ("id", {"id": {"type": "boolean"}, "uuid": TEXT}, "uuid"),
        ("updated_at", {"createdAt": WHEN, "updatedAt": WHEN}, "updatedAt"),
        ("updated_at", {"last_modified": {"type": "integer"}}, "last_modified"),
        ("updated_at", {"created_at": WHEN, "started_at": WHEN, "completed_at": WHEN}, None),
        ("progress", {"percentComplete": NUMBER}, "percentComplete"),
        ("progress", {"progress": TEXT}, None),
        ("error", {"failureReason": TEXT, "message": TEXT}, "failureReason"),
        (
            "error",
            {"error": {"type": "object", "properties": {"code": TEXT, "message": TEXT}}},
            "error.message",
        ),
        ("error", {"error": {"type": "object", "properties": {"code": TEXT}}}, "error"),
        ("result", {"input": TEXT, "output": {}}, "output"),
        ("attempt", {"run_attempt": {"type": "integer"}}, "run_attempt"),
        ("attempt", {"attempt": TEXT}, None),
    ],
)
def test_fields_by_name_and_type(field, properties, value):
    assert find(record(**properties), "job_id").found[field].value == value


def test_an_envelope_is_read_bare_too():
    fields = find(
        {"type": "object", "properties": {"job": record(id=TEXT, updated_at=WHEN), "meta": {}}}, "id"
    )
    assert fields.found["id"].value == "job.id || id"
    assert fields.found["status"].value == "job.status || status"
    assert fields.found["updated_at"].value == "job.updated_at || updated_at"


def test_a_status_object_is_no_envelope():
    schema = {
        "properties": {
            "metadata": {"properties": {"name": TEXT, "uid": TEXT}},
            "status": {"properties": {"phase": LIFE, "message": TEXT}},
        }
    }
    found = find(schema, "name").found
    assert (found["status"].value, found["id"].value) == ("status.phase", "metadata.name")
    assert found["error"].value == "status.message"


def test_a_status_object_without_an_id_beside_is_no_envelope_either():
    found = find({"properties": {"status": {"properties": {"phase": LIFE}}}}, "name").found
    assert found["status"].value == "status.phase"


@pytest.mark.parametrize(
    ("progress", "most", "confidence"),
    [
        ({**NUMBER, "maximum": 1}, 1.0, "high"),
        ({**NUMBER, "description": "from 0 to 1"}, 1.0, "high"),
        ({**NUMBER, "description": "0.0 - 1.0"}, 1.0, "high"),
        ({**NUMBER, "maximum": 100}, None, "high"),
        ({**NUMBER, "description": "from 0 to 100"}, None, "high"),
        (NUMBER, None, "medium"),
    ],
)
def test_how_far_progress_goes(progress, most, confidence):
    fields = find(record(progress=progress))
    assert fields.progress_max == most
    assert fields.found["progress"].confidence is Confidence(confidence)


def test_a_message_beside_the_envelope_is_no_error_of_the_job():
    schema = {"properties": {"message": TEXT, "data": {"properties": {"task_id": TEXT, "task_status": LIFE}}}}
    found = find(schema, "task_id").found
    assert (found["status"].value, found["id"].value) == (
        "data.task_status || task_status",
        "data.task_id || task_id",
    )
    assert found["error"].value is None


def test_only_what_is_always_there_is_promised():
    schema = record(id=TEXT, updated_at=WHEN, error={"type": ["string", "null"]})
    schema["required"] = ["id", "status", "error"]
    assert find(schema).promised == {"id": "string", "status": "string"}

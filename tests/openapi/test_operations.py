from __future__ import annotations

import pytest
from support.counting import counted

from jobctl.openapi import operations as ops
from jobctl.openapi.document import Document
from jobctl.openapi.found import Confidence

JOB = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "status": {"enum": ["queued", "running", "done", "failed"]}},
}
OTHER = {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}


def answers(schema, kind="application/json"):
    return {"responses": {"200": {"content": {kind: {"schema": schema}}}}}


def family_of(paths):
    document = Document({"openapi": "3.1.0", "paths": paths}, "x")
    calls = list(document.calls())
    return document, calls, ops.find_families(document, calls)


READ = {"/v1/jobs/{id}": {"get": answers(JOB)}}


def chosen(extra, how):
    document, calls, (family, *_) = family_of(READ | extra)
    return how(document, family, calls).found


@pytest.mark.parametrize(
    ("paths", "reads"),
    [
        (READ, ["GET /v1/jobs/{id}"]),
        (
            {"/jobs/{id}/status": {"get": answers(JOB)}, "/jobs/{id}": {"get": answers(OTHER)}},
            ["GET /jobs/{id}/status"],
        ),
        (
            {"/jobs/{id}/status": {"get": answers(JOB)}, "/jobs/{id}": {"get": answers(JOB)}},
            ["GET /jobs/{id}"],
        ),
        ({"/jobs/{id}/logs/tail": {"get": answers(JOB)}}, []),
        ({"/jobs": {"get": answers(JOB)}}, []),
        ({"/jobs/{id}": {"post": answers(JOB)}}, []),
        ({"/users/{id}": {"get": answers(OTHER)}}, []),
        (
            {
                "/query": {
                    "get": {
                        "parameters": [{"name": "task_id", "in": "query", "required": True}],
                        **answers(JOB),
                    }
                }
            },
            ["GET /query"],
        ),
    ],
)
def test_reads(paths, reads):
    _, _, families = family_of(paths)
    assert [one.read.found.value for one in families] == reads


@pytest.mark.parametrize("words", [["wartend", "läuft", "fertig"], ["排队", "运行中", "完成"], ["a", "b"]])
def test_words_that_nobody_here_knows_are_a_jobs_where_all_else_is(words):
    record = {"properties": {"id": {}, "status": {"enum": words}}}
    _, _, (family, *_) = family_of({"/jobs/{id}": {"get": answers(record)}})
    assert [one.status for one in family.fields.words] == [None] * len(words)
    assert family_of({"/pets/{id}": {"get": answers(record)}})[2] == []


def test_very_many_calls_on_one_job_are_looked_at_once():
    def sends_back(number):
        return {f"/jobs/{{id}}/part{number}": {"get": answers(JOB), "post": {"requestBody": answers(JOB)}}}

    paths = {path: node for number in range(1500) for path, node in sends_back(number).items()}
    with counted(ops, "_cancel_points") as times:
        _, _, families = family_of(READ | paths)
    assert families
    assert len(times) <= 1500


def test_a_part_of_a_job_comes_after_the_job():
    paths = {"/jobs/{id}/tasks/{task_id}": {"get": answers(JOB)}, "/jobs/{id}": {"get": answers(JOB)}}
    _, _, families = family_of(paths)
    assert [one.read.found.value for one in families] == ["GET /jobs/{id}", "GET /jobs/{id}/tasks/{task_id}"]


@pytest.mark.parametrize(
    ("extra", "value"),
    [
        ({"/v1/jobs": {"post": {}}}, "POST /v1/jobs"),
        ({"/v1/jobs/": {"post": {}}}, "POST /v1/jobs/"),
        ({"/v1/jobs/submit": {"post": {}}}, "POST /v1/jobs/submit"),
        ({"/v1/jobs/search": {"post": {}}}, None),
        ({"/v1/other": {"post": answers(JOB)}}, None),
        ({"/v1/jobs/{id}/retry": {"post": answers(JOB)}}, None),
        ({}, None),
    ],
)
def test_submit(extra, value):
    assert chosen(extra, ops.choose_submit).value == value


@pytest.mark.parametrize(
    ("extra", "value"),
    [
        ({"/v1/jobs/{id}/cancel": {"post": {}}}, "POST /v1/jobs/{id}/cancel"),
        ({"/v1/jobs/{job}/abort": {"put": {}}}, "PUT /v1/jobs/{job}/abort"),
        (
            {"/v1/jobs/{id}/force-cancel": {"post": {}}, "/v1/jobs/{id}/cancel": {"post": {}}},
            "POST /v1/jobs/{id}/cancel",
        ),
        (
            {"/v1/jobs/{id}/terminate": {"post": {}}, "/v1/jobs/{id}/stop": {"post": {}}},
            "POST /v1/jobs/{id}/stop",
        ),
        (
            {"/v1/jobs/{id}": {"get": answers(JOB), "delete": {"summary": "Cancel a job"}}},
            "DELETE /v1/jobs/{id}",
        ),
        ({"/v1/other/{id}/cancel": {"post": {}}}, None),
        ({"/v1/jobs/{id}/cancel": {"get": {}}}, None),
    ],
)
def test_cancel(extra, value):
    assert chosen(extra, ops.choose_cancel).value == value


def sends(schema, **more):
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}, **more}


SETS = {"properties": {"status": {"enum": ["cancelled"]}}}
MAY_SET = {"properties": {"status": {"enum": ["paused", "cancelled"]}}}


@pytest.mark.parametrize(
    ("extra", "value", "confidence"),
    [
        ({"/v1/jobs/{id}": {"get": answers(JOB), "patch": sends(SETS)}}, "PATCH /v1/jobs/{id}", "high"),
        ({"/v1/jobs/{id}": {"get": answers(JOB), "put": sends(MAY_SET)}}, "PUT /v1/jobs/{id}", "medium"),
        (
            {"/v1/jobs/{id}": {"get": answers(JOB), "patch": sends(MAY_SET, summary="Cancel it")}},
            "PATCH /v1/jobs/{id}",
            "high",
        ),
        ({"/v1/jobs/{id}/status": {"put": sends(SETS)}}, "PUT /v1/jobs/{id}/status", "high"),
        (
            {
                "/v1/jobs/{id}/actions": {
                    "post": sends({"properties": {"action": {"enum": ["cancel", "retry"]}}})
                }
            },
            "POST /v1/jobs/{id}/actions",
            "medium",
        ),
        (
            {
                "/v1/jobs/{id}": {"get": answers(JOB), "patch": sends(SETS)},
                "/v1/jobs/{id}/cancel": {"post": {}},
            },
            "POST /v1/jobs/{id}/cancel",
            "high",
        ),
        (
            {
                "/v1/jobs/{id}": {
                    "get": answers(JOB),
                    "patch": sends(SETS),
                    "delete": {"summary": "Cancel it"},
                }
            },
            "PATCH /v1/jobs/{id}",
            "high",
        ),
        ({"/v1/jobs/{id}/labels": {"patch": sends(SETS)}}, None, "none"),
        ({"/v1/jobs/{id}": {"get": answers(JOB), "patch": sends(OTHER)}}, None, "none"),
    ],
)
def test_a_cancel_by_what_a_body_sets(extra, value, confidence):
    found = chosen(extra, ops.choose_cancel)
    assert (found.value, found.confidence) == (value, confidence)


LISTED = answers({"type": "array", "items": JOB})


@pytest.mark.parametrize(
    ("extra", "value"),
    [
        ({"/v1/jobs/search": {"post": LISTED}}, "POST /v1/jobs/search"),
        ({"/v1/jobs:query": {"post": LISTED}}, "POST /v1/jobs:query"),
        ({"/v1/jobs/search": {"post": LISTED}, "/v1/jobs": {"get": LISTED}}, "GET /v1/jobs"),
        ({"/v1/jobs/search": {"post": answers(OTHER)}}, None),
        ({"/v1/jobs": {"post": LISTED}}, None),
        ({"/v1/jobslist": {"post": LISTED}}, None),
        ({"/v1/other/search": {"post": LISTED}}, None),
    ],
)
def test_a_list_by_a_search(extra, value):
    assert chosen(extra, ops.choose_list).value == value


def test_an_operation_is_made_elsewhere():
    read = {
        "/v1/operations/{name}": {"get": answers(JOB)},
        "/v1/operations/{name}:cancel": {"post": answers(JOB)},
    }
    for makers, value in (
        ({"/v1/speech:run": {}}, "POST /v1/speech:run"),
        ({"/a": {}, "/b": {}}, None),
        ({}, None),
    ):
        paths = read | {path: {"post": answers(JOB)} for path in makers}
        document, calls, (family, *_) = family_of(paths)
        found = ops.choose_submit(document, family, calls).found
        assert found.value == value
        assert (found.confidence is Confidence.HIGH) is False
    assert ops.choose_cancel(document, family, calls).found.value == "POST /v1/operations/{name}:cancel"


@pytest.mark.parametrize(("method", "said"), [("delete", "may erase the record"), ("patch", "needs a body")])
def test_what_may_not_be_a_cancel_is_named_and_not_taken(method, said):
    found = chosen({"/v1/jobs/{id}": {"get": answers(JOB), method: {}}}, ops.choose_cancel)
    assert (found.value, found.confidence) == (None, Confidence.NONE)
    assert said in found.why
    assert "cancel = " in found.by_hand


def test_list_and_stream():
    listed = answers({"type": "array", "items": JOB})
    assert chosen({"/v1/jobs": {"get": listed}}, ops.choose_list).confidence is Confidence.HIGH
    assert chosen({"/v1/jobs": {"get": answers(OTHER)}}, ops.choose_list).confidence is not Confidence.HIGH
    assert chosen({"/v1/others": {"get": listed}}, ops.choose_list).value is None
    events = {"/v1/jobs/{id}/events": {"get": answers(JOB, "text/event-stream")}}
    assert chosen(events, ops.choose_stream).value == "GET /v1/jobs/{id}/events"
    assert "WebSockets" in chosen({}, ops.choose_stream).why


def test_the_noun_skips_versions_and_verbs():
    for path, noun in (
        ("/api/v1/generation-jobs/{id}", "generation-jobs"),
        ("/e/{e}/status/{id}", "e"),
        ("/{id}", "api"),
    ):
        _, _, (family, *_) = family_of({path: {"get": answers(JOB)}})
        assert family.noun == noun

from __future__ import annotations

import json

import pytest

from jobctl.openapi.bodies import cancel_body, list_body
from jobctl.openapi.document import Call, Document
from jobctl.openapi.found import Confidence

DOCUMENT = Document({"openapi": "3.1.0", "paths": {"/x": {}}}, "x")
TEXT = {"type": "string"}


def call(schema, *, required=True, method="PATCH", kind="application/json"):
    body = {"required": required, "content": {kind: {"schema": schema}}}
    return Call(method, "/jobs/{id}", {"requestBody": body}, ())


def thing(*required, **properties):
    return {"type": "object", "required": list(required), "properties": properties}


@pytest.mark.parametrize(
    ("schema", "form", "confidence"),
    [
        (thing(status={"enum": ["cancelled"]}), {"status": "cancelled"}, "high"),
        (thing(status={"const": "CANCELED"}), {"status": "CANCELED"}, "high"),
        (thing(status={"enum": ["queued", "running", "Canceled"]}), {"status": "Canceled"}, "medium"),
        (thing(jobState={"enum": ["stopped", "killed", "cancelled"]}), {"jobState": "cancelled"}, "high"),
        (thing(status={"enum": ["cancelling", "running"]}), {"status": "cancelling"}, "medium"),
        (thing(action={"enum": ["retry", "cancel", "pause"]}), {"action": "cancel"}, "medium"),
        (thing(cancel={"type": "boolean"}), {"cancel": True}, "high"),
        (thing(job=thing(status={"enum": ["cancelled"]})), {"job": {"status": "cancelled"}}, "high"),
        (
            thing("kind", "status", kind={"const": "job"}, status={"enum": ["cancelled"]}, note=TEXT),
            {"kind": "job", "status": "cancelled"},
            "high",
        ),
        (
            thing("meta", status={"enum": ["cancelled"]}, meta=thing("v", v={"const": 2})),
            {"status": "cancelled", "meta": {"v": 2}},
            "high",
        ),
        (
            {"allOf": [thing(status={"enum": ["cancelled"]}), thing(note=TEXT)]},
            {"status": "cancelled"},
            "high",
        ),
        (thing(status={"enum": ["cancelled", None], "nullable": True}), {"status": "cancelled"}, "high"),
    ],
)
def test_a_cancel_that_can_be_told(schema, form, confidence):
    for required in (True, False):
        body = cancel_body(DOCUMENT, call(schema, required=required))
        assert (body.form, body.found.confidence) == (form, Confidence(confidence))
        assert json.loads(body.found.value) == form
        assert body.found.reasons


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (call(thing(status=TEXT)), "nothing in its body says cancel"),
        (call(thing(status={"enum": ["queued", "done"]})), "nothing in its body says cancel"),
        (call({}), "nothing in its body says cancel"),
        (call(thing("note", status={"enum": ["cancelled"]}, note=TEXT)), "its body needs note"),
        (call(thing("reason", reason=TEXT), method="POST"), "its body needs reason"),
        (call(thing("a", a=thing("b", b=TEXT)), method="POST"), "its body needs a.b"),
        (call(thing("ghost"), method="POST"), "its body needs ghost"),
        (
            call(thing(status={"const": "cancelled"}), kind="application/merge-patch+json"),
            "its body is application/merge-patch+json",
        ),
        (call(thing(), method="POST", kind="application/x-www-form-urlencoded"), "x-www-form-urlencoded"),
    ],
)
def test_what_cannot_be_told_says_what_to_write(wanted, said):
    body = cancel_body(DOCUMENT, wanted)
    assert (body.form, body.found.value, body.found.confidence) == (None, None, Confidence.NONE)
    assert said in body.found.why
    assert "cancel_body = " in body.found.by_hand


def test_a_body_that_nobody_needs_is_left_out():
    assert cancel_body(DOCUMENT, Call("POST", "/jobs/{id}/cancel", {}, ())) is None
    assert cancel_body(DOCUMENT, call(thing(reason=TEXT), required=False, method="POST")) is None


def test_a_body_that_is_needed_and_may_be_empty():
    body = cancel_body(DOCUMENT, call(thing(reason=TEXT), method="POST"))
    assert (body.form, body.found.value) == ({}, "{}")


@pytest.mark.parametrize(
    ("wanted", "form"),
    [
        (call(thing(limit={"type": "integer"}), required=False, method="POST"), {"limit": "{limit}"}),
        (
            call(thing("kind", kind={"const": "job"}, limit={"type": "integer"})),
            {"kind": "job", "limit": "{limit}"},
        ),
        (call(thing(filter=thing())), {}),
    ],
)
def test_a_list(wanted, form):
    assert list_body(DOCUMENT, wanted).form == form


def test_a_list_that_needs_more_or_nothing():
    assert "needs tenant" in list_body(DOCUMENT, call(thing("tenant", tenant=TEXT))).found.why
    assert list_body(DOCUMENT, call(thing(filter=thing()), required=False)) is None
    assert list_body(DOCUMENT, call(thing(limit=TEXT), required=False)) is None


@pytest.mark.parametrize(
    "node",
    [
        {"requestBody": None},
        {"requestBody": []},
        {"requestBody": {"content": [1]}},
        {"requestBody": {"required": True, "content": {"application/json": None}}},
        {"requestBody": {"required": True, "content": {"application/json": {"schema": [1]}}}},
        {"requestBody": {"required": True, "content": {"": {"schema": {"required": [1, None, "x"]}}}}},
        {"requestBody": {"$ref": "#/nowhere"}},
    ],
)
def test_rubbish_is_no_body_or_one_to_write(node):
    for method in ("POST", "PATCH"):
        body = cancel_body(DOCUMENT, Call(method, "/jobs/{id}", node, ()))
        assert body is None or body.form in (None, {})


def test_a_circle_of_required_objects_ends():
    node = thing("again")
    node["properties"]["again"] = node
    body = cancel_body(DOCUMENT, call(node, method="POST"))
    assert "again.again" in body.found.why

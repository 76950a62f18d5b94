from __future__ import annotations

import pytest

from jobctl.openapi.answers import answer_schema, arrays_in, list_items, streams_events
from jobctl.openapi.document import Document


def call(responses):
    document = Document({"openapi": "3.1.0", "paths": {"/x": {"get": {"responses": responses}}}}, "x")
    (one,) = document.calls()
    return document, one


def content(kind, schema):
    return {"content": {kind: {"schema": schema}}}


@pytest.mark.parametrize(
    ("responses", "schema"),
    [
        ({"200": content("application/json", {"type": "object"})}, {"type": "object"}),
        ({"202": content("application/vnd.api+json; v=1", {"a": 1})}, {"a": 1}),
        ({"default": content("*/*", {"a": 1}), "404": content("application/json", {"b": 1})}, {"a": 1}),
        ({"200": content("text/html", {"a": 1})}, None),
        ({"404": content("application/json", {"a": 1})}, None),
        ({"200": {"content": []}}, None),
        ({"200": content("application/json", [1])}, None),
        ([], None),
    ],
)
def test_the_schema_of_a_good_answer(responses, schema):
    assert answer_schema(*call(responses)) == schema


def test_events_are_told_from_json():
    assert streams_events(*call({"200": content("text/event-stream", {})}))
    assert not streams_events(*call({"200": content("application/json", {})}))


@pytest.mark.parametrize(
    ("schema", "arrays", "items"),
    [
        ({"type": "array", "items": {}}, ("@",), None),
        ({"properties": {"jobs": {"type": "array"}, "total": {}}}, ("jobs",), None),
        ({"properties": {"dag_runs": {"type": "array"}}}, ("dag_runs",), "dag_runs"),
        ({"properties": {"dag-runs": {"items": {}}}}, ("dag-runs",), '"dag-runs"'),
        ({"properties": {"total": {"type": "integer"}}}, (), None),
    ],
)
def test_where_the_entries_of_a_list_are(schema, arrays, items):
    document, one = call({"200": content("application/json", schema)})
    assert arrays_in(document, schema) == arrays
    assert list_items(document, one) == items

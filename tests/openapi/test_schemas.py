from __future__ import annotations

from hypothesis import given, settings
from support.counting import counted
from support.drafts import SCHEMAS

from jobctl.openapi import schemas
from jobctl.openapi.document import Document
from jobctl.openapi.schemas import leaves_of, shape_of


def make(**schemas):
    return Document({"openapi": "3.1.0", "paths": {"/x": {}}, "components": {"schemas": schemas}}, "x")


def ref(name):
    return {"$ref": f"#/components/schemas/{name}"}


def test_all_of_is_merged_and_required_holds():
    document = make(Base={"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]})
    shape = shape_of(
        document, {"allOf": [ref("Base"), {"properties": {"status": {}}, "required": ["status"]}]}
    )
    assert set(shape.properties) == {"id", "status"}
    assert shape.required == {"id", "status"}


def test_of_several_choices_all_are_seen_and_none_is_promised():
    choice = {"oneOf": [{"required": ["a"], "properties": {"a": {}}}, {"properties": {"b": {}}}]}
    shape = shape_of(make(), choice)
    assert (set(shape.properties), shape.required) == ({"a", "b"}, frozenset())


def test_a_property_of_several_choices_has_the_words_of_all():
    choices = [
        {"properties": {"status": {"const": word}}, "required": ["status"]} for word in ("queued", "done")
    ]
    for how in ("oneOf", "anyOf", "allOf"):
        shape = shape_of(make(), {how: choices})
        assert shape_of(make(), shape.properties["status"]).enum == ("queued", "done")


def test_what_a_narrower_record_says_of_a_property_is_added():
    base = {"properties": {"job": {"properties": {"id": {}}, "required": ["id"]}}, "required": ["job"]}
    more = {"properties": {"job": {"properties": {"status": {}}, "required": ["status"]}}}
    paths = {one.path: one.promised for one in leaves_of(make(), {"allOf": [base, more]})}
    assert paths == {("job",): True, ("job", "id"): True, ("job", "status"): True}


def test_what_stands_beside_a_reference_counts():
    document = make(A={"properties": {"id": {}}}, S={"type": "string"})
    shape = shape_of(document, {**ref("A"), "properties": {"status": {}}, "required": ["id"]})
    assert (set(shape.properties), shape.required) == ({"id", "status"}, {"id"})
    narrower = shape_of(document, {**ref("S"), "enum": ["queued"], "description": "how it goes"})
    assert (narrower.types, narrower.enum, narrower.text.strip()) == ({"string"}, ("queued",), "how it goes")


def test_every_way_to_say_nullable():
    for schema in (
        {"type": ["string", "null"]},
        {"type": "string", "nullable": True},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": "string", "enum": ["a", None]},
    ):
        shape = shape_of(make(), schema)
        assert (shape.nullable, shape.types) == (True, {"string"}), schema


def test_one_choice_beside_null_still_promises():
    schema = {"anyOf": [{"properties": {"a": {}}, "required": ["a"]}, {"type": "null"}]}
    assert shape_of(make(), schema).required == {"a"}


def test_enum_and_const_are_words():
    assert shape_of(make(), {"enum": ["a", 1, "b", None]}).enum == ("a", "b")
    assert shape_of(make(), {"const": "batch"}).enum == ("batch",)


def test_leaves_come_nearest_first_with_their_promise():
    inner = {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}
    schema = {"properties": {"job": inner, "n": {"type": "integer"}}, "required": ["job"]}
    leaves = leaves_of(make(), schema)
    assert [(one.path, one.promised) for one in leaves] == [
        (("job",), True),
        (("n",), False),
        (("job", "status"), True),
    ]


def test_a_web_of_references_is_flattened_once_for_all():
    """Each of many schemas is a choice of all and has all as properties: a megabyte that took minutes."""
    names = [f"S{number}" for number in range(40)]
    web = {
        name: {"oneOf": [ref(one) for one in names], "properties": {f"p{one}": ref(one) for one in names}}
        for name in names
    }
    document = make(**web)
    for name in names:
        assert len(leaves_of(document, ref(name))) == 600
    with counted(schemas, "_flattened") as times:
        for name in names:
            leaves_of(document, ref(name))
    assert times == []
    assert len(document._memo) <= len(names) + 201


def test_a_record_that_contains_itself_ends():
    document = make(Job={"properties": {"id": {}, "parent": ref("Job"), "children": {"items": ref("Job")}}})
    depths = {len(one.path) for one in leaves_of(document, ref("Job"))}
    assert depths == {1, 2, 3, 4}


@given(SCHEMAS, SCHEMAS, SCHEMAS)
@settings(max_examples=300)
def test_whatever_stands_there_is_flattened(first, second, schema):
    document = make(A=first, B=second)
    for leaf in leaves_of(document, schema):
        assert 1 <= len(leaf.path) <= 4
        assert all(isinstance(one, str) for one in leaf.shape.enum)

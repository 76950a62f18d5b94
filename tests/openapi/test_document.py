from __future__ import annotations

import pytest

from jobctl.errors import ConfigError
from jobctl.openapi.document import Document, absolute_refs

PATHS = {"/x": {"get": {}}}


def make(root=None, address="http://h/openapi.json", others=None, **more):
    return Document({"openapi": "3.1.0", "paths": PATHS, **(root or {}), **more}, address, others)


@pytest.mark.parametrize(
    ("root", "said"),
    [
        ([1], "a list"),
        ("text", "plain text"),
        ({"swagger": "2.0", "paths": PATHS}, "Swagger 2.0"),
        ({"asyncapi": "2.6.0"}, "AsyncAPI"),
        ({"openapi": "4.0.0", "paths": PATHS}, "not 3.x"),
        ({"openapi": ["3.1"], "paths": PATHS}, "not 3.x"),
        ({"openapi": "3.1.0"}, "no paths"),
        ({"openapi": "3.1.0", "paths": []}, "no paths"),
        ({"openapi": "3.1.0", "paths": {}}, "no paths"),
    ],
)
def test_what_is_no_openapi_3_is_refused_with_its_kind(root, said):
    with pytest.raises(ConfigError, match=said) as refused:
        Document(root, "x.json")
    assert "--sample" in (refused.value.hint or "")


def test_references_are_followed():
    document = make(
        components={"schemas": {"a/b": {"type": "string"}, "c": {"$ref": "#/components/schemas/a~1b"}}}
    )
    assert document.resolve({"$ref": "#/components/schemas/c"}) == {"type": "string"}
    assert document.resolve({"$ref": "#/components/schemas/a%7E1b"}) == {"type": "string"}
    assert not document.broken


@pytest.mark.parametrize(
    "reference", ["#/nowhere", "#/paths/~1x/get/9", "#x", "#/paths/~1x/get/parameters/0", "#/openapi/x"]
)
def test_references_to_nowhere_are_absent_and_told(reference):
    document = make()
    assert document.resolve({"$ref": reference}) == {}
    assert document.broken == {reference}


@pytest.mark.parametrize("reference", ["//[::1/x", "http://[::1#/a", "http://[x]/#/b"])
def test_what_is_no_address_leads_nowhere(reference):
    document = make(others={"http://h/o.json": absolute_refs({"a": {"$ref": reference}}, "http://h/o.json")})
    assert document.resolve({"$ref": reference}) == {}
    assert document.resolve({"$ref": "o.json#/a"}) == {}
    assert document.broken


def test_circles_end():
    document = make(components={"a": {"$ref": "#/components/b"}, "b": {"$ref": "#/components/a"}})
    assert document.resolve({"$ref": "#/components/a"}) == {}
    assert document.broken


def test_other_documents_are_wanted_and_used_never_fetched():
    far = "http://other/s.json"
    document = make()
    assert document.resolve({"$ref": f"{far}#/a"}) == {}
    assert document.resolve({"$ref": "beside.yaml#/b"}) == {}
    assert document.elsewhere == {far, "http://h/beside.yaml"}
    other = absolute_refs({"a": {"$ref": "#/c"}, "c": {"$ref": "more.json"}}, far)
    known = make(others={far: other, "http://other/more.json": {"type": "integer"}})
    assert known.resolve({"$ref": f"{far}#/a"}) == {"type": "integer"}
    assert not known.elsewhere
    assert make(components={"a": 1}).resolve({"$ref": "openapi.json#/components/a"}) == 1


def test_calls_carry_the_parameters_of_their_path():
    shared, own = {"name": "id", "in": "path"}, {"name": "q", "in": "query"}
    better = {"name": "id", "in": "path", "required": True}
    document = make(
        {"paths": {"/x/{id}": {"parameters": [shared], "get": {"parameters": [own, better]}, "put": {}}}}
    )
    get, put = document.calls()
    assert (get.label, get.parameters) == ("GET /x/{id}", (better, own))
    assert (put.label, put.parameters) == ("PUT /x/{id}", (shared,))


def test_wrong_types_read_as_absent():
    odd = {
        "/a": None,
        "/b": [],
        "/c": {"get": "x", "post": {"parameters": {"a": 1}, "tags": "x", "summary": 3}},
    }
    document = make({"paths": {**odd, "x-extension": {"get": {}}}})
    assert [call.label for call in document.calls()] == ["GET /c", "POST /c"]
    assert [call.spoken for call in document.calls()] == ["", ""]


def test_what_is_remembered_is_worked_out_once():
    document, node, times = make(), {"a": 1}, []
    for _ in range(3):
        assert document.remembered("x", node, lambda: times.append(1) or "done") == "done"
    assert times == [1]
    assert document.remembered("y", node, lambda: "other") == "other"

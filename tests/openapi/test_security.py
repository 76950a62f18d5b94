from __future__ import annotations

import pytest

from jobctl.openapi.document import Document
from jobctl.openapi.found import Confidence
from jobctl.openapi.security import find_auth
from jobctl.profile.parse import parse_profile

SCHEMES = {
    "bearer": {"type": "http", "scheme": "Bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "digest": {"type": "http", "scheme": "digest"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "app": {"type": "apiKey", "in": "header", "name": "X-App"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "oauth": {"type": "oauth2", "flows": {}},
    "oidc": {"type": "openIdConnect"},
    "tls": {"type": "mutualTLS"},
    "odd": {"type": "apiKey", "in": "header", "name": "X: y"},
    "broken": 7,
    "listed": {"type": ["http"]},
    "nested": {"type": {"a": 1}, "scheme": []},
}


def find(asked, *, of_call=False, schemes=SCHEMES, name="my api"):
    operation = {"security": asked} if of_call else {}
    root = {
        "openapi": "3.1.0",
        "paths": {"/x": {"get": operation}},
        "components": {"securitySchemes": schemes},
    }
    document = Document(root | ({} if of_call or asked is None else {"security": asked}), "x")
    (call,) = document.calls()
    return find_auth(document, call, name)


@pytest.mark.parametrize(
    ("asked", "table"),
    [
        ([{"bearer": []}], {"bearer_env": "MY_API_TOKEN"}),
        ([{"basic": []}], {"basic_env": "MY_API_LOGIN"}),
        ([{"key": []}], {"header_env": {"X-Key": "MY_API_KEY"}}),
        ([{"key": [], "app": []}], {"header_env": {"X-Key": "MY_API_KEY_1", "X-App": "MY_API_KEY_2"}}),
        ([{"oauth": ["a"]}], {"bearer_env": "MY_API_TOKEN"}),
        ([{"oidc": []}], {"bearer_env": "MY_API_TOKEN"}),
        ([{"query": []}, {"bearer": []}], {"bearer_env": "MY_API_TOKEN"}),
        ([{}, {"bearer": []}], {"bearer_env": "MY_API_TOKEN", "optional": True}),
        ([{"query": []}], None),
        ([{"digest": []}], None),
        ([{"tls": []}], None),
        ([{"odd": []}], None),
        ([{"broken": []}], None),
        ([{"listed": []}], None),
        ([{"nested": []}], None),
        ([{"nowhere": []}], None),
        ([{"bearer": [], "key": []}], None),
        ([], None),
        ("x", {"bearer_env": "MY_API_TOKEN", "optional": True}),
    ],
)
def test_schemes(asked, table):
    for of_call in (False, True):
        found = find(asked, of_call=of_call)
        assert found.table == table
        assert found.found.reasons
        if table is not None:
            assert parse_profile("p", {"read": "GET /x/{id}", "auth": table}).auth.variables


def test_schemes_that_nothing_asks_for_are_a_guess():
    found = find(None)
    assert (found.table, found.found.confidence) == (
        {"bearer_env": "MY_API_TOKEN", "optional": True},
        Confidence.MEDIUM,
    )
    assert find(None, schemes={}).table is None


@pytest.mark.parametrize(
    ("name", "variable"), [("3d", "API_3D_TOKEN"), ("é", "API_TOKEN"), ("a-b", "A_B_TOKEN")]
)
def test_variables_have_names_a_shell_knows(name, variable):
    assert find([{"bearer": []}], name=name).table == {"bearer_env": variable}

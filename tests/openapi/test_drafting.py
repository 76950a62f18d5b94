from __future__ import annotations

import tomllib

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from support.drafts import SCHEMAS

from jobctl.errors import ConfigError
from jobctl.openapi.document import Document
from jobctl.openapi.drafting import Wishes, draft_of, find_kinds
from jobctl.openapi.profile_text import profile_text
from jobctl.profile.parse import parse_profile
from jobctl.sandbox.openapi import document as sandbox_document


def job(status=("queued", "done", "failed")):
    schema = {"properties": {"id": {"type": "string"}, "status": {"enum": list(status)}}}
    return {"get": {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}}


def kinds_of(*paths):
    root = {"openapi": "3.1.0", "paths": {path: job() for path in paths}}
    return find_kinds(Document(root, "http://h/openapi.json"))


def test_the_sandbox_has_two_kinds_told_apart_by_path():
    document = Document(sandbox_document(), "http://127.0.0.1:1/openapi.json")
    kinds = find_kinds(document)
    assert sorted(kinds.names) == ["generation-jobs", "jobs"]
    assert kinds.leader is None
    for wish, read in (
        ("generation", "GET /api/v1/generation-jobs/{id}"),
        ("generation-jobs", "GET /api/v1/generation-jobs/{id}"),
        ("v1", "GET /v1/jobs/{id}"),
        ("jobs", "GET /v1/jobs/{id}"),
        ("/v1", "GET /v1/jobs/{id}"),
    ):
        number = kinds.called(wish)
        assert draft_of(document, kinds, number, Wishes()).operations["read"].value == read
    assert kinds.called("elsewhere") is None
    assert [len(kinds.below(path)) for path in ("/v1", "v1/jobs", "/api", "/", "/nowhere")] == [1, 1, 1, 0, 0]


def test_names_differ():
    names = kinds_of("/a/jobs/{id}", "/b/jobs/{id}", "/jobs/{id}", "/{x}/{id}").names
    assert len(set(names)) == 4
    assert all(names)


def test_the_leader_is_clear():
    assert kinds_of("/jobs/{id}").leader == 0
    assert kinds_of("/jobs/{id}", "/jobs/{id}/parts/{part}/tries/{n}").leader == 0
    assert kinds_of("/jobs/{id}", "/tasks/{id}").leader is None


def test_what_the_paths_leave_open_is_said_until_it_is_given():
    document = Document({"openapi": "3.1.0", "paths": {"/o/{owner}/runs/{id}": job()}}, "http://h/x")
    kinds = find_kinds(document)
    open_draft = draft_of(document, kinds, 0, Wishes())
    assert (open_draft.unfilled, open_draft.is_usable, open_draft.is_complete) == (("owner",), True, False)
    assert "--param owner=" in open_draft.operations["read"].by_hand
    draft = draft_of(document, kinds, 0, Wishes(parameters={"owner": "me"}))
    assert (draft.operations["read"].value, draft.is_complete) == ("GET /o/me/runs/{id}", True)


def test_what_only_another_call_leaves_open_keeps_nobody_from_reading():
    listed = {"parameters": [{"name": "tenant", "in": "query", "required": True}], **job()["get"]}
    document = Document(
        {"openapi": "3.1.0", "paths": {"/jobs": {"get": listed}, "/jobs/{id}": job()}}, "http://h/x"
    )
    draft = draft_of(document, find_kinds(document), 0, Wishes())
    assert draft.is_complete
    assert (draft.operations["list"].value, draft.operations["read"].value) == (None, "GET /jobs/{id}")
    assert "tenant to fill in" in draft.operations["list"].why
    assert "--param tenant=" in draft.operations["list"].by_hand


PATHS = st.sampled_from(
    ["/jobs/{id}", "/jobs", "/{a}/{b}/status", "/jobs/{id}/cancel", "/{id}", "/a b/{x}", "/x?y={z}"]
)
JUNK = st.none() | st.integers() | st.text(max_size=4) | st.lists(st.integers(), max_size=2)
WORDS = st.lists(st.sampled_from(["failed", "odd\x1b]\n", '"', "\ud800", "InProgress", "paused"]), max_size=4)
NAMES = st.sampled_from(["id", "progress", "updated_at", "error", "job-x", '"'])
STATUS = st.builds(
    lambda name, words, more: {"properties": {**more, name: {"enum": ["queued", "done", *words]}}},
    st.sampled_from(["status", "state", "my status", 'odd"_status', "\ud800_state"]),
    WORDS,
    st.dictionaries(NAMES, SCHEMAS, max_size=3),
)
RECORDS = STATUS | STATUS.map(lambda inner: {"properties": {"data\n": inner}}) | SCHEMAS


def answer(schema):
    return {"200": {"content": {"application/json": {"schema": schema}}}}


PARAMETERS = JUNK | st.lists(
    st.just({"name": "tenant\n", "in": "query", "required": True}) | JUNK, max_size=2
)
BODIES = st.builds(
    lambda schema, required: {"required": required, "content": {"application/json": {"schema": schema}}},
    RECORDS
    | st.builds(
        lambda inner: {
            "required": ["status", "x"],
            "properties": {"status": {"const": "stopped"}, "x": inner},
        },
        SCHEMAS | st.just({"const": 7}),
    ),
    st.booleans(),
)
CALLS = st.fixed_dictionaries(
    {"responses": RECORDS.map(answer) | st.just(answer({"$ref": "#/components/schemas/A"}))},
    optional={
        "parameters": PARAMETERS,
        "requestBody": JUNK | BODIES,
        "security": JUNK | st.just([{"s": []}]),
        "operationId": JUNK,
        "tags": JUNK,
    },
)
COMPONENTS = st.fixed_dictionaries(
    {"schemas": st.fixed_dictionaries({"A": RECORDS, "B": RECORDS})},
    optional={"securitySchemes": JUNK | st.just({"s": {"type": "http", "scheme": "bearer"}})},
)
METHODS = st.sampled_from(["get", "get", "post", "delete", "patch"])
ROOTS = st.fixed_dictionaries(
    {
        "openapi": st.just("3.1.0"),
        "paths": st.builds(
            lambda others, path, read, change: others | {path: {"get": read, "patch": change}},
            st.dictionaries(PATHS, st.dictionaries(METHODS, CALLS | JUNK, max_size=3) | JUNK, max_size=4),
            st.sampled_from(["/jobs/{id}", "/{tenant}/tasks/{task_id}", "/renders/{id}/status"]),
            CALLS,
            st.builds(lambda body: {"requestBody": body}, BODIES),
        ),
        "components": COMPONENTS | JUNK,
    },
    optional={"servers": JUNK | st.lists(st.fixed_dictionaries({"url": JUNK | st.just("/v1")}), max_size=2)},
)


@given(ROOTS, st.text(min_size=1, max_size=8))
@settings(max_examples=400)
def test_whatever_a_document_says_what_is_written_is_read_back(root, name):
    document = Document(root, "http://h/openapi.json")
    kinds = find_kinds(document)
    for number in range(len(kinds.families)):
        event("a kind of job was found")
        draft = draft_of(document, kinds, number, Wishes(name=name))
        table = tomllib.loads(profile_text(draft))
        if draft.is_usable:
            event("its profile is usable")
            (profile_name, profile), *_ = table["profiles"].items()
            parsed = parse_profile(profile_name, profile)
            assert str(parsed.read) == draft.operations["read"].value
            assert parsed.cancel_body == draft.extra.get("cancel_body")
            event(f"a cancel has {parsed.cancel_body and 'a body'}")


def test_a_document_that_is_none_never_gets_here():
    with pytest.raises(ConfigError):
        Document({"openapi": "2"}, "x")

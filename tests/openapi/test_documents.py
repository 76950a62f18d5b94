"""Public job-like APIs, as excerpts written by hand: the profile that each gives, and what it cannot tell."""

from __future__ import annotations

import copy
import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from jobctl.errors import ConfigError
from jobctl.model import Source
from jobctl.observe import Reader
from jobctl.openapi.document import Document
from jobctl.openapi.drafting import Wishes, draft_of, find_kinds
from jobctl.openapi.parsing import parse_document
from jobctl.openapi.profile_text import profile_text
from jobctl.profile.load import Profiles, read_config
from jobctl.profile.parse import parse_profile

FOLDER = Path(__file__).parent / "documents"
EXPECTED = sorted(FOLDER.glob("*.toml"))


def drafted(expected_file):
    expected = tomllib.loads(expected_file.read_text("utf-8"))
    told = expected.pop("init")
    (path,) = (one for one in FOLDER.glob(f"{expected_file.stem}.*") if one.suffix != ".toml")
    document = Document(parse_document(path.read_bytes(), path.name), path.name)
    kinds = find_kinds(document)
    assert kinds.leader == 0
    wishes = Wishes(told.get("base_url"), told.get("name"), told.get("parameters", {}))
    return draft_of(document, kinds, 0, wishes), told, expected


@pytest.mark.parametrize("expected_file", EXPECTED, ids=lambda path: path.stem)
def test_profile_is_the_expected_one(expected_file):
    draft, _, expected = drafted(expected_file)
    table = tomllib.loads(profile_text(draft))
    (profile,) = table["profiles"].values()
    if not profile.get("status"):
        profile.pop("status", None)
    assert table == expected
    assert draft.is_complete


@pytest.mark.parametrize("expected_file", EXPECTED, ids=lambda path: path.stem)
def test_what_could_not_be_told_is_said(expected_file):
    draft, told, _ = drafted(expected_file)
    silent = [name for name, found in draft.rows() if found.value is None]
    assert silent == told["could_not_tell"]
    for name, found in draft.rows():
        assert found.reasons, name


@pytest.mark.parametrize("expected_file", EXPECTED, ids=lambda path: path.stem)
def test_the_text_is_read_back_by_the_loader(expected_file, tmp_path):
    draft, _, _ = drafted(expected_file)
    file = tmp_path / "jobctl.toml"
    file.write_text(profile_text(draft), "utf-8")
    profile = Profiles([read_config(file)]).get(draft.name)
    assert str(profile.read) == draft.operations["read"].value
    assert profile.fields["status"] == draft.fields["status"].value
    for word in draft.words:
        if word.status is not None:
            assert profile.status_of(word.word) is word.status


def test_there_are_enough_of_them():
    assert len(EXPECTED) >= 6


def test_a_pet_shop_has_no_jobs():
    path = FOLDER / "pets.yaml"
    document = Document(parse_document(path.read_bytes(), path.name), path.name)
    assert find_kinds(document).families == []


JUNK = st.sampled_from(
    [
        None, True, 0, -1.5, "", "x", "\ud800", "\x1b[2J", "{id}", "//[::1", [], {}, [None], {"": None},
        {"$ref": "#/"}, {"$ref": "#/components/schemas"}, {"$ref": 7}, {"$ref": "//[::1"},
        {"const": "stopped"}, {"type": ["boolean", "null"]}, {"enum": [None, "cancelled", 7]},
        {"allOf": [{}]}, "x" * 3000, {"oneOf": [{"const": "done"}, {"const": "queued"}]},
        {"properties": {"status": {"enum": ["cancelled"]}, "done": {"type": "boolean"}}, "required": ["q"]},
    ]
)  # fmt: skip
ROOTS = [parse_document(path.read_bytes(), path.name) for path in sorted(FOLDER.glob("*.[jy]*"))]
NAMES = st.sampled_from(["status", "done", "error", "$ref", "patch", "id", "requestBody", "é\n", "x y", '"'])


def places(tree):
    """Each spot in a document: the container, and the key or number in it."""
    if isinstance(tree, dict | list):
        for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
            yield tree, key
            yield from places(tree[key])


@given(st.sampled_from(ROOTS), st.data())
@settings(max_examples=300)
def test_any_part_of_a_document_may_be_anything(root, data):
    """Spots of real documents replaced, renamed or gone: a draft that is read back and used, or an error."""
    root = copy.deepcopy(root)
    for _ in range(data.draw(st.integers(1, 4))):
        spots = list(places(root))
        if not spots:
            break
        container, key = spots[data.draw(st.integers(0, len(spots) - 1))]
        how = data.draw(st.sampled_from(["replace", "rename", "remove"]))
        if how == "replace" or not isinstance(container, dict):
            container[key] = copy.deepcopy(data.draw(JUNK))
        else:
            value = container.pop(key)
            if how == "rename":
                container[data.draw(NAMES)] = value
    try:
        document = Document(root, "http://h/openapi.json")
    except ConfigError:
        return
    kinds = find_kinds(document)
    for number in range(min(3, len(kinds.families))):
        draft = draft_of(document, kinds, number, Wishes())
        (table,) = tomllib.loads(profile_text(draft))["profiles"].values()
        if draft.is_usable:
            event("usable")
            profile = parse_profile("p", table).with_base_url("http://127.0.0.1:9")
            for record in ({}, {"id": "7", "status": "done", "done": True, "error": {}}, [], None):
                Reader(profile).observe(record, Source.POLL, "7", 0.0)
            json.dumps(profile.cancel and profile.cancel_request("7"))
            json.dumps(profile.list and profile.list_request(3))


def test_what_a_real_generator_writes():
    """FastAPI's own document of an application with enums, optional fields and a model in an envelope."""
    from enum import StrEnum  # noqa: PLC0415

    fastapi = pytest.importorskip("fastapi")
    pydantic = pytest.importorskip("pydantic")

    class State(StrEnum):
        WAITING = "waiting"
        RENDERING = "rendering"
        READY = "ready"
        BROKEN = "failed"

    render = pydantic.create_model(
        "Render", render_id=(str, ...), state=(State, ...), percent=(float | None, None), updatedAt=(str, ...)
    )
    envelope = pydantic.create_model("Envelope", data=(render, ...))
    app = fastapi.FastAPI()
    security = fastapi.Depends(fastapi.security.HTTPBearer())
    app.post("/renders", response_model=envelope, dependencies=[security])(lambda: None)
    app.get("/renders/{render_id}", response_model=envelope, dependencies=[security])(lambda: None)
    app.post("/renders/{render_id}/abort", dependencies=[security])(lambda: None)
    document = Document(app.openapi(), "http://127.0.0.1:9/openapi.json")
    draft = draft_of(document, find_kinds(document), 0, Wishes())
    assert tomllib.loads(profile_text(draft))["profiles"]["renders"] == {
        "base_url": "http://127.0.0.1:9",
        "submit": "POST /renders",
        "read": "GET /renders/{id}",
        "cancel": "POST /renders/{id}/abort",
        "auth": {"bearer_env": "RENDERS_TOKEN"},
        "fields": {
            "id": "data.render_id || render_id",
            "status": "data.state || state",
            "progress": "data.percent || percent",
            "updated_at": "data.updatedAt || updatedAt",
        },
        "status": {"running": ["rendering"], "unknown": ["ready"]},
    }

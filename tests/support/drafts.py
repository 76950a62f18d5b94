"""Drafts of profiles, and schemas as nobody should write them."""

from __future__ import annotations

from hypothesis import strategies as st

from jobctl.openapi.draft import FIELDS, OPERATIONS, Draft
from jobctl.openapi.found import Confidence, Found, missing
from jobctl.openapi.words import read_words

JUNK = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
REFS = st.sampled_from(["#/components/schemas/A", "#/components/schemas/B", "#/nowhere", "far.json#/x", "#"])
SCHEMAS = st.recursive(
    JUNK | st.builds(lambda to: {"$ref": to}, REFS),
    lambda inner: (
        st.dictionaries(
            st.sampled_from(["type", "properties", "required", "enum", "nullable", "maximum", "status", "id"])
            | st.sampled_from(["$ref", "items", "const", "examples", "description", "format", "title"]),
            inner | st.dictionaries(st.sampled_from(["status", "id", "job", "a"]), inner, max_size=3),
            max_size=4,
        )
        | st.builds(
            lambda key, some: {key: some},
            st.sampled_from(["allOf", "oneOf", "anyOf"]),
            st.lists(inner, max_size=3),
        )
    ),
    max_leaves=20,
)


def make_draft(**changes):
    found = {name: missing("no") for name in OPERATIONS} | {
        "read": Found("GET /x/{id}", Confidence.HIGH, ("a",))
    }
    fields = {name: missing("no") for name in FIELDS} | {"status": Found("status", Confidence.HIGH, ("a",))}
    given = {
        "name": "x",
        "label": "GET /x/{id}",
        "source": "s",
        "base_url": Found("http://h", Confidence.HIGH, ("a",)),
        "operations": found,
        "fields": fields,
        "words": read_words(["queued", "done", "paused"]),
        "auth": missing("no"),
    }
    return Draft(**(given | changes))

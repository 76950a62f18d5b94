from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.openapi.drafting import Wishes
from jobctl.openapi.profile_text import profile_text
from jobctl.openapi.sample import draft_of_sample, schema_of
from jobctl.profile.parse import parse_profile

SAMPLE = {
    "job": {
        "id": "a1",
        "status": "Rendering",
        "percent": 12.5,
        "updated": "2025-10-09 22:13:10.609405",
        "error": None,
        "output": {"url": "x"},
        "attempt": 2,
    }
}


def draft(sample=SAMPLE, source="http://h:1/v2/renders/a1?full=1", read=None, **wishes):
    return draft_of_sample(sample, source, Wishes(**wishes), read)


def test_one_answer_gives_the_fields_and_its_address_the_read():
    found = draft()
    assert found.name == "renders"
    assert found.base_url.value == "http://h:1"
    assert found.operations["read"].value == "GET /v2/renders/{id}?full=1"
    assert {name: one.value for name, one in found.fields.items()} == {
        "id": "job.id || id",
        "status": "job.status || status",
        "progress": "job.percent || percent",
        "updated_at": "job.updated || updated",
        "error": "job.error || error",
        "result": "job.output || output",
        "attempt": "job.attempt || attempt",
    }
    assert [one.word for one in found.unsure_words] == []
    assert found.is_complete


def test_what_one_answer_cannot_tell_is_said():
    rows = dict(draft().rows())
    for name in ("submit", "cancel", "list", "stream"):
        assert rows[name].value is None
    assert "one answer does not tell" in rows["auth"].why


def test_a_file_needs_the_read_and_the_base_url():
    found = draft(source="answer.json")
    assert (found.operations["read"].value, found.base_url.value, found.is_usable) == (None, None, False)
    assert "--read" in found.operations["read"].by_hand
    given = draft(source="answer.json", read="GET /v2/renders/{id}", base_url="http://h")
    assert given.is_complete
    assert (given.name, given.base_url.value) == ("renders", "http://h")


@pytest.mark.parametrize("source", ["http://h/v2/renders/other", "http://h/", "http://h/a1%5C/x"])
def test_an_address_without_the_id_tells_no_read(source):
    assert draft(source=source).operations["read"].value is None


def test_a_secret_of_the_address_is_not_kept():
    found = draft(source="http://h/v2/renders/a1?token=hunter2&full=1")
    assert found.operations["read"].value == "GET /v2/renders/{id}?full=1"
    assert "hunter2" not in profile_text(found)


def test_a_time_that_is_none_is_not_taken():
    found = draft({"id": "a1", "status": "done", "updated": "yesterday"})
    assert found.fields["updated_at"].value is None
    assert "no time" in found.fields["updated_at"].why


def test_no_status_no_profile():
    for sample in ({"id": "a1"}, [1], "text", None, {"status": 7}):
        found = draft(sample)
        assert (found.fields["status"].value, found.is_usable) == (None, False)


def test_schema_shows_the_types():
    assert schema_of({"a": 1, "b": True, "c": None, "d": [1]})["properties"] == {
        "a": {"type": "integer", "examples": [1]},
        "b": {"type": "boolean", "examples": [True]},
        "c": {},
        "d": {"type": "array"},
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "id", "job", "updated_at", "progress", "error", ""])
            | st.text(max_size=4),
            inner,
        )
    ),
    max_leaves=15,
)


@given(JSON, st.text(max_size=20))
def test_any_answer_gives_a_draft_that_is_read_back(sample, tail):
    found = draft(sample, source=f"http://h/jobs/{tail}", read="GET /jobs/{id}")
    table = tomllib.loads(profile_text(found))["profiles"]
    if found.is_usable:
        (name, profile), *_ = table.items()
        assert parse_profile(name, profile).fields["status"] == found.fields["status"].value

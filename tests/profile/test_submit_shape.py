from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.errors import ConfigError
from jobctl.profile.submit_shape import shaped
from jobctl.profile.urls import Operation

PLAIN = Operation("POST", "/jobs")
NAMED = Operation.parse("POST /apply/{task}?queue={queue}", takes_fields=True)
JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda some: st.lists(some) | st.dictionaries(st.text(), some)
)


@given(JSON)
def test_without_a_form_what_is_submitted_goes_as_it_is(payload):
    assert shaped(PLAIN, None, payload) == (PLAIN, payload)


def test_fields_of_the_path_leave_the_body():
    made, body = shaped(NAMED, None, {"task": "a/b c", "queue": 7, "args": [1]})
    assert (made.path, body) == ("/apply/a%2Fb%20c?queue=7", {"args": [1]})


def test_a_form_takes_fields_as_the_json_they_are():
    form = {"version": "{version}", "input": "{*}", "kind": "{not one}", "tags": ["x", "{tag}"], "n": 3}
    _, body = shaped(PLAIN, form, {"version": None, "prompt": "a cat", "size": {"w": 1}})
    assert body == {
        "version": None,
        "input": {"prompt": "a cat", "size": {"w": 1}},
        "kind": "{not one}",
        "tags": ["x"],
        "n": 3,
    }


def test_what_a_field_says_is_never_a_form_of_its_own():
    made, body = shaped(NAMED, {"input": "{*}"}, {"task": "{queue}", "queue": "q", "text": "{task}"})
    assert (made.path, body) == ("/apply/%7Bqueue%7D?queue=q", {"input": {"text": "{task}"}})


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"queue": "q"}, "no task is given"),
        ({"task": ["a"], "queue": "q"}, r"task is \["),
        ({"task": True, "queue": "q"}, "task is true, and a path takes"),
        ({"task": 1.5, "queue": "q"}, "task is 1.5, and a path takes"),
        ({"task": "", "queue": "q"}, "the field task is empty"),
        ({"task": "..", "queue": "q"}, "another path"),
        ([1], "needs an object of fields"),
    ],
)
def test_what_is_missing_is_told(payload, said):
    with pytest.raises(ConfigError, match=said) as caught:
        shaped(NAMED, None, payload)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["POST /a/{id}", "POST /a/{b c}", "POST /a/{", "POST /a/{}"])
def test_a_path_has_names_only(text):
    with pytest.raises(ConfigError):
        Operation.parse(text, takes_fields=True)


def test_other_operations_take_no_fields():
    with pytest.raises(ConfigError, match="the only placeholder"):
        Operation.parse("GET /a/{id}/{task}", needs_id=True)

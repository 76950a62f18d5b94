from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.errors import ConfigError
from jobctl.profile.call_shape import cancel_body, json_problem, list_body
from jobctl.profile.parse import parse_profile

FORMS = st.recursive(
    st.booleans() | st.integers() | st.sampled_from(["{id}", "{limit}", "job {id}", "x", ""]),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.sampled_from(["a", "{id}", "b"]), some),
)


def test_the_id_stands_anywhere_in_the_texts_and_nowhere_else():
    form = {"ids": ["{id}"], "reason": "job {id}, {other}", "{id}": 1, "force": True}
    assert cancel_body(form, 'a"/{id}') == {
        "ids": ['a"/{id}'],
        "reason": 'job a"/{id}, {other}',
        "{id}": 1,
        "force": True,
    }


@given(FORMS)
def test_a_form_stays_as_it_is_but_for_its_places(form):
    assert cancel_body(form, "{id}") == form
    body, is_told = list_body(form, 7)
    assert is_told == ('"{limit}"' in json.dumps(form))
    assert '"{limit}"' not in json.dumps(body)


def test_without_a_limit_its_place_goes_away():
    assert list_body({"page": {"limit": "{limit}"}, "n": ["{limit}", 1]}, None) == (
        {"page": {}, "n": [1]},
        True,
    )
    assert list_body(None, 3) == (None, False)


def parsed(line):
    table = tomllib.loads(f'read = "GET /jobs/{{id}}"\n{line}')
    return parse_profile("p", table, "jobctl.toml")


@pytest.mark.parametrize("key", ["submit_body", "cancel_body", "list_body"])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{ at = 2025-01-01 }", "write it as a text in quotes"),
        ("{ at = { more = [12:00:00] } }", "JSON has no such value as 12:00:00"),
        ("{ n = nan }", "nan is no JSON number"),
        ("{ n = -inf }", "-inf is no JSON number"),
        ('"text"', "expected a table"),
        ("7", "expected a table"),
    ],
)
def test_what_no_json_can_carry_is_a_problem_of_the_profile(key, value, said):
    with pytest.raises(ConfigError, match=f"profiles.p.{key}: .*{said}"):
        parsed(f"{key} = {value}")


def test_a_form_too_deep_is_a_problem_too():
    form = "x"
    for _ in range(60):
        form = [form]
    assert json_problem(form) == "nested too deep"


def test_a_cancel_may_be_a_json_patch():
    profile = parsed('cancel_body = [{ op = "replace", path = "/status", value = "cancelled" }]')
    assert profile.cancel_body == [{"op": "replace", "path": "/status", "value": "cancelled"}]

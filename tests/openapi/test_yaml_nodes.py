from __future__ import annotations

import contextlib
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.openapi import yaml_nodes
from jobctl.openapi.yaml_nodes import LimitReached, build_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: off", {"on": "off"}),
        ("200: {description: ok}", {"200": {"description": "ok"}}),
        ("when: 2024-01-01", {"when": "2024-01-01"}),
        ("n: 017", {"n": 17}),
        ("version: '3.0'", {"version": "3.0"}),
        ("version: 3.1", {"version": 3.1}),
        ("a: !!python/object:os.system x", {"a": "x"}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("base: &x {b: 1}\nc: {<<: *x, b: 2, d: 3}", {"base": {"b": 1}, "c": {"b": 2, "d": 3}}),
        ("? [a, b]\n: 1\nc: 2", {"c": 2}),
        ("{url: https://example.com/a}", {"url": "https://example.com/a"}),
        ("--- a\n--- b", "a"),
        ("~: 1", {"~": 1}),
        ("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
    ],
)
def test_scalars_and_structure(text, value):
    assert build_yaml(text) == value


@pytest.mark.parametrize("text", ["a: *b", "&a [*a]", "a: &x {y: *x}", "a: [1", "\t- a", "a: 'b"])
def test_no_yaml_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"\S"):
        build_yaml(text)


def test_a_thousand_million_laughs_stay_small():
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    value = build_yaml("\n".join(lines))
    assert value["a9"][0] is value["a8"]


def test_depth_and_nodes_are_bounded(monkeypatch):
    with pytest.raises(LimitReached, match="deeper than 200"):
        build_yaml("[" * 300)
    monkeypatch.setattr(yaml_nodes, "MOST_NODES", 10)
    with pytest.raises(LimitReached, match="more than 10 nodes"):
        build_yaml("[1,2,3,4,5,6,7,8,9,10,11]")


TEXT = st.text(string.ascii_letters + string.digits + string.punctuation + " é\n\t", max_size=10)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(VALUES.filter(lambda value: value is not None))
def test_json_is_yaml(value):
    # A key `<<` merges, as YAML has it.
    text = json.dumps({"a": value}, ensure_ascii=False)
    if "<<" not in text:
        assert build_yaml(text) == {"a": value}


@given(st.text(max_size=60))
def test_any_text_is_a_value_or_an_error_of_ours(text):
    with contextlib.suppress(ValueError, LimitReached):
        build_yaml(text)

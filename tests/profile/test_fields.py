"""Field paths: the plain ones agree with JMESPath's own interpreter, and no data makes a path raise."""

from __future__ import annotations

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.profile.fields import alternatives_of, chain_of, compile_path, is_falsy

BODY = {
    "status": "running",
    "job": {"status": "done", "id": 7, "empty": "", "zero": 0, "no": False, "deep": {"er": [1, 2]}},
    "odd-name": 1,
    "list": [{"a": 1}, {"a": 2}],
    "null": None,
}


@pytest.mark.parametrize(
    "expression",
    [
        "status",
        "job.status",
        "job.status || status",
        "missing || status",
        "job.missing || missing || status",
        "job.empty || status",
        "job.zero || status",
        "job.no || status",
        "null || job.no",
        "missing.status",
        "status.missing",
        "list.a",
        '"odd-name"',
        'job."deep"."er"',
        " job . deep . er ".replace(" . ", "."),
        "list[0].a",
        "list[*].a",
        "list[?a > `1`].a | [0]",
        "job.deep.er[-1]",
        "length(list)",
        "keys(job)",
        "@",
        "`7`",
        "'literal || string'",
    ],
)
def test_agrees_with_jmespath(expression):
    assert compile_path(expression)(BODY) == jmespath.search(expression, BODY)


@pytest.mark.parametrize(
    "expression", ["", "a.", "a b", "[", "a ||", "a..b", "1a", "foo(", "a | | b", "\x00"]
)
def test_a_bad_expression_is_a_value_error(expression):
    with pytest.raises(ValueError):
        compile_path(expression)


def test_what_is_compiled_without_the_library():
    assert chain_of("a.b_c.D1") == ("a", "b_c", "D1")
    assert chain_of('"odd-name".x') == ("odd-name", "x")
    assert chain_of("a[0]") is None
    assert alternatives_of("job.status || status") == (("job", "status"), ("status",))
    assert alternatives_of("a || b[0]") is None


@pytest.mark.parametrize("value", [None, False, "", [], {}])
def test_falsy_as_jmespath_has_it(value):
    assert is_falsy(value)


@pytest.mark.parametrize("value", [0, 0.0, True, " ", [0], {"a": 1}])
def test_zero_is_a_value(value):
    assert not is_falsy(value)


names = st.sampled_from(["a", "b", "job", "status"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)
chains = st.lists(names, min_size=1, max_size=3).map(".".join)
paths = st.lists(chains, min_size=1, max_size=3).map(" || ".join)


@given(paths, json_values)
def test_plain_paths_agree_with_jmespath_on_any_data(path, data):
    assert compile_path(path)(data) == jmespath.search(path, data)


@given(
    st.sampled_from(["a[0].b", "length(a)", "a[?b > `1`]", "sum(a)", "a.*", "sort(a)", "max_by(a, &b)"]),
    json_values,
)
def test_any_other_path_never_raises_on_any_data(path, data):
    compile_path(path)(data)


def test_an_old_spelling_of_a_literal_is_read_without_a_word():
    assert compile_path("`foo`")({}) == "foo"


@given(st.text(max_size=12))
def test_any_text_compiles_or_is_a_value_error(text):
    try:
        getter = compile_path(text)
    except ValueError:
        return
    getter(BODY)


@pytest.mark.parametrize(
    ("expression", "payload"),
    [
        ("floor(p)", {"p": float("inf")}),
        ("ceil(p)", {"p": float("inf")}),
        ("floor(p)", {"p": float("nan")}),
        ("avg(p)", {"p": [10**400, 1.5]}),
        ("to_string(p)", {"p": 10**6000}),
        ("length(p)", {"p": None}),
    ],
)
def test_a_function_that_fails_finds_nothing(expression, payload):
    assert compile_path(expression)(payload) is None


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("nosuch(@)", "unknown function nosuch"),
        ("a && b[?nosuch(c) == `1`]", "unknown function nosuch"),
        ("{x: [nosuch(a)]}", "unknown function nosuch"),
        ("length(a, b)", "takes 1"),
        ("not_null()", "takes 1"),
        ("(" * 3000 + "a" + ")" * 3000, "nested too deep"),
    ],
)
def test_an_expression_that_can_never_work_is_refused(expression, said):
    with pytest.raises(ValueError, match=said):
        compile_path(expression)


def test_every_function_of_the_library_may_be_used():
    assert compile_path("not_null(a, b, c)")({"c": 1}) == 1
    assert compile_path("max_by(@, &n).n")([{"n": 1}, {"n": 2}]) == 2
    assert compile_path("join(', ', sort(keys(@)))")({"b": 1, "a": 1}) == "a, b"

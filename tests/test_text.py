from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.text import visible


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("日本語 😀 é ｶﾅ　x", "日本語 😀 é ｶﾅ　x"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x00\x7f\x9b", r"\x00\x7f\x9b"),
        ("\u202eevil\u2066", r"\u202eevil\u2066"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ({"a": ["ü", None]}, '{"a": ["ü", null]}'),
        ({"a": "\x1b"}, r'{"a": "\u001b"}'),
        (float("nan"), "NaN"),
        (b"\x1b", "\"b'\\\\x1b'\""),
        (None, "null"),
    ],
)
def test_visible(value, shown):
    assert visible(value) == shown


@given(st.text(), st.integers(0, 60))
def test_no_control_or_format_character_ever_and_never_too_long(text, limit):
    shown = visible(text, limit)
    assert len(shown) <= limit
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_printable_text_is_unchanged(text):
    assert visible(text, len(text)) == text


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("ab\x1bcd", 6, r"ab…"), ("ab", 0, ""), ("ab", 1, "…")],
)
def test_a_cut_shows_and_never_splits_an_escape(text, limit, shown):
    assert visible(text, limit) == shown


def test_a_value_too_deep_for_json_is_said_so():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert "too deep" in visible(deep)

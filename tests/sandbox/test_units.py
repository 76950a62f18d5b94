from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.sandbox.units import Unit, expectation, format_value, parse_value


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("30%", Unit.PERCENT, 30),
        ("30", Unit.PERCENT, 30),
        ("0.5 %", Unit.PERCENT, 0.5),
        ("2s", Unit.SECONDS, 2),
        ("500ms", Unit.SECONDS, 0.5),
        ("1m", Unit.SECONDS, 60),
        ("50/s", Unit.PER_SECOND, 50),
        ("1GB", Unit.BYTES, 1e9),
        ("10kb", Unit.BYTES, 1e4),
        ("12", Unit.COUNT, 12),
        ("511", Unit.STATUS, 511),
        ("4001", Unit.CODE, 4001),
        (" word ", Unit.TEXT, "word"),
    ],
)
def test_reads_values(text, unit, value):
    assert parse_value(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("101%", Unit.PERCENT),
        ("-1%", Unit.PERCENT),
        ("nan", Unit.PERCENT),
        ("3s", Unit.PERCENT),
        ("", Unit.SECONDS),
        ("25h", Unit.SECONDS),
        ("1e3s", Unit.SECONDS),
        ("0/s", Unit.PER_SECOND),
        ("2GB", Unit.BYTES),
        ("0.5", Unit.BYTES),
        ("1.5", Unit.COUNT),
        ("0", Unit.COUNT),
        ("99", Unit.STATUS),
        ("600", Unit.STATUS),
        ("1005", Unit.CODE),
        ("1006", Unit.CODE),
        ("", Unit.TEXT),
        ("two words", Unit.TEXT),
        ("\x1b[0m", Unit.TEXT),
    ],
)
def test_bad_values_name_what_was_expected(text, unit):
    with pytest.raises(ValueError, match="expected") as caught:
        parse_value(text, unit)
    assert expectation(unit) in str(caught.value)


@given(st.floats(min_value=0.001, max_value=86400), st.sampled_from([Unit.SECONDS]))
def test_what_is_written_reads_back(number, unit):
    assert parse_value(format_value(number, unit), unit) == number


@given(st.text(), st.sampled_from(list(Unit)))
def test_any_text_is_a_value_or_a_value_error(text, unit):
    try:
        value = parse_value(text, unit)
    except ValueError:
        return
    assert parse_value(format_value(value, unit), unit) == value

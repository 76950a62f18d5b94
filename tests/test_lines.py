from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from jobctl.lines import as_line, as_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), VALUES))
def test_any_record_is_one_line_that_every_json_reader_reads(record):
    def refused(name):
        raise AssertionError(name)

    line = as_line(record)
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert line == as_text(record).encode() + b"\n"
    json.loads(line, parse_constant=refused)


def test_what_is_no_json_number_is_null_and_the_rest_is_kept():
    assert json.loads(as_text({"a": float("nan"), "b": [float("inf"), 1.5]})) == {"a": None, "b": [None, 1.5]}

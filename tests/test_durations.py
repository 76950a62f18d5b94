from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("1h30m", 5400),
        ("2.5", 2.5),
        ("500ms", 0.5),
        ("1d", 86400),
        ("0", 0),
        (" 1H 30M ", 5400),
        ("1m500ms", 60.5),
        ("1.5h", 5400),
        ("1h2m3s4ms", 3723.004),
        (5, 5),
        (0.25, 0.25),
    ],
)
def test_parse(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "m",
        "10x",
        "-5s",
        "30m1h",
        "1s1s",
        "1e3",
        "nan",
        "inf",
        "٣s",
        "1h30",
        "1 2",
        "5ss",
        "1_0",
        "9" * 400,
        -1,
        float("inf"),
        float("nan"),
        True,
        None,
        [],
        "1m s",
    ],
)
def test_what_is_no_duration_says_how_to_write_one(text):
    with pytest.raises(ValueError, match="such as 90s, 10m, 1h30m or 500ms"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.0001, "0s"),
        (0.5, "500ms"),
        (0.9996, "1s"),
        (1, "1s"),
        (2.5, "2.5s"),
        (9.96, "10s"),
        (90, "90s"),
        (119.6, "2m"),
        (600, "10m"),
        (125, "2m5s"),
        (5400, "1h30m"),
        (3605, "1h5s"),
        (187200, "2d4h"),
        (-3, "0s"),
        (float("inf"), "?"),
        (float("nan"), "?"),
    ],
)
def test_format(seconds, text):
    assert format_duration(seconds) == text


@given(st.floats(0, 10**7))
def test_what_is_formatted_can_be_parsed_back(seconds):
    back = parse_duration(format_duration(seconds))
    # Two units are shown, so an hour's part may be lost beyond a day, a minute's beyond an hour.
    assert abs(back - seconds) <= max(0.06, 0.5 if seconds < 3600 else seconds / 24)


@given(st.text("0123456789.dhms ", max_size=12))
def test_whatever_is_accepted_is_a_length_of_time(text):
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert 0 <= seconds < float("inf")

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.client.log_text import LogText, shown

LOG = st.text(st.sampled_from("ab\n\r é"), max_size=60)


def lines_of(text):
    *lines, last = text.split("\n")
    return [line.removesuffix("\r") for line in lines] + ([last] if last else [])


def cut(text, places):
    marks = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(marks)]


@given(LOG, st.lists(st.tuples(st.integers(0, 99), st.lists(st.integers(0, 99), max_size=4)), max_size=5))
def test_each_line_comes_once_however_it_is_cut_and_begun_again(log, sessions):
    text, told = LogText(), []
    for length, places in sessions:
        text.begin()
        for piece in cut(log[: length % (len(log) + 1)], places):
            told += text.feed(piece)
    told += text.whole(log) + text.rest()
    assert told == lines_of(log)
    assert (text.seen, text.restarts) == (len(log), 0)


@given(LOG, LOG, st.lists(st.integers(0, 99), max_size=4))
def test_another_log_is_told_from_its_first_line(first, second, places):
    text = LogText()
    told = text.whole("one " + first)
    text.begin()
    for piece in cut("two " + second, places):
        told += text.feed(piece)
    told += text.rest()
    assert told == lines_of("one " + first) + lines_of("two " + second)
    assert text.restarts == 1


def test_an_older_copy_of_the_same_log_tells_nothing():
    text = LogText()
    assert text.whole("a\nb\nc\n") == ["a", "b", "c"]
    assert text.whole("a\nb\n") == []
    assert text.whole("a\nb\nc\nd\n") == ["d"]


def test_a_line_without_an_end_does_not_grow_for_ever():
    text = LogText()
    told = [line for _ in range(300) for line in text.feed("x" * 1000)]
    assert sum(map(len, [*told, *text.rest()])) == 300_000
    assert told


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("a\tb", "a       b"),
        ("\x1b[36m(pid=7)\x1b[0m hi", "(pid=7) hi"),
        ("\x1b]0;title\x07\x1b[2J", "\\x1b]0;title\\x07\\x1b[2J"),
        ("10 %\r20 %", "10 %\\r20 %"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
    ],
)
def test_no_line_is_obeyed_by_a_terminal(line, seen):
    assert shown(line) == seen


def numbered(first, last):
    return "".join(f"line {number:06}\n" for number in range(first, last))


def test_a_log_whose_front_is_cut_away_goes_on_where_it_was():
    text = LogText()
    told = text.whole(numbered(0, 200))
    for first, last in ((50, 250), (150, 300), (200, 301), (200, 301)):
        told += text.whole(numbered(first, last) + "unfin")
    told += text.whole(numbered(210, 301) + "unfinished\nend")
    assert told == [*numbered(0, 301).splitlines(), "unfinished"]
    assert (text.rest(), text.restarts) == (["end"], 0)


def test_a_log_of_which_nothing_is_left_is_another_one():
    text = LogText()
    text.whole(numbered(0, 200))
    assert text.whole(numbered(500, 502)) == ["line 000500", "line 000501"]
    assert text.restarts == 1


def test_a_log_that_begins_anew_with_the_same_long_banner_is_another_one():
    text, banner = LogText(), "=" * 5000 + "\n"
    text.whole(banner + numbered(0, 10))
    assert text.whole(banner + numbered(100, 105)) == []
    assert text.whole(banner + numbered(100, 120)) == [banner[:-1], *numbered(100, 120).splitlines()]
    assert text.restarts == 1


@pytest.mark.parametrize("before", ["", "short\n", numbered(0, 200)])
def test_a_last_line_that_is_written_anew_comes_once_and_whole(before):
    text = LogText()
    told, bars = [], (" 10 %", " 20 %", "100 %", "caf\ufffd", "café")
    for bar in bars:
        told += text.whole(before + bar)
    told += text.whole(before + "café done\nend\n")
    assert told == [*before.splitlines(), "café done", "end"]
    assert (text.rest(), text.restarts) == ([], 0)


@given(st.lists(st.integers(0, 60), min_size=2, max_size=8), st.integers(90, 400))
def test_no_window_on_a_growing_log_repeats_or_loses_a_line(steps, window):
    text, end = LogText(), 90
    told = text.whole(numbered(0, end))
    for step in steps:
        end += min(step, window - 86)  # else nothing of what is known is left in it
        told += text.whole(numbered(max(0, end - window), end))
    assert told == numbered(0, end).splitlines()
    assert text.restarts == 0

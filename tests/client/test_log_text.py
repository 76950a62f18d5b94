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

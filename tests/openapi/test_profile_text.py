from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drafts import make_draft

from jobctl.model import JobStatus
from jobctl.openapi.found import Confidence, Found, missing
from jobctl.openapi.profile_text import key, literal, profile_text, text
from jobctl.openapi.words import Word, read_words


@given(st.text())
def test_any_text_and_key_comes_back(value):
    whole = "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= char <= "\udfff" else char for char in value)
    written = f"{key(value)} = {text(value)}"
    assert "\n" not in written
    assert tomllib.loads(written) == {whole: whole}


@pytest.mark.parametrize(
    "value", [True, 1.0, 100, {"kind": "sse", "url": "/x"}, {"a b": {"c": "d"}}, ["x", "y"], {}]
)
def test_literals_come_back(value):
    assert tomllib.loads(f"x = {literal(value)}") == {"x": value}


def test_what_could_not_be_told_is_a_comment_that_says_what_to_write():
    lines = profile_text(make_draft()).splitlines()
    assert "# ? submit: could not tell: no" in lines
    assert 'status = "status"  # a' in lines


def test_a_doubtful_line_is_marked_and_a_sure_one_is_not():
    draft = make_draft(base_url=Found("http://h", Confidence.LOW, ("guess",), "give it"))
    assert 'base_url = "http://h"  # ? guess; give it' in profile_text(draft)


def test_words_the_unsure_are_unknown_and_the_usual_not_written():
    words = read_words(["queued", "InProgress", "paused", "expired"])
    table = tomllib.loads(profile_text(make_draft(words=words)))["profiles"]["x"]["status"]
    assert table == {"running": ["InProgress"], "unknown": ["paused"], "failed": ["expired"]}


def test_stream_auth_and_extras():
    operations = dict(make_draft().operations) | {
        "stream": Found("GET /x/{id}/events", Confidence.HIGH, ("a",))
    }
    extra = {"headers": {"X-V": "2"}, "progress_max": 1.0, "list_items": "runs"}
    draft = make_draft(operations=operations, auth_table={"header_env": {"X-Key": "K"}}, extra=extra)
    table = tomllib.loads(profile_text(draft))["profiles"]["x"]
    assert table["stream"] == {"kind": "sse", "url": "/x/{id}/events"}
    assert table["auth"] == {"header_env": {"X-Key": "K"}}
    assert {name: table[name] for name in extra} == extra


@given(st.text(), st.text(min_size=1), st.text(min_size=1))
def test_nothing_that_is_said_breaks_out_of_its_comment(why, word, source):
    draft = make_draft(
        source=source,
        auth=missing(why, why),
        base_url=Found("http://h", Confidence.LOW, (why,)),
        words=(Word(word, JobStatus.FAILED, Confidence.LOW, why),),
    )
    table = tomllib.loads(profile_text(draft))
    assert set(table) == {"profiles"}
    assert set(table["profiles"]["x"]) == {"base_url", "read", "fields", "status"}

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.model import JobStatus
from jobctl.openapi.found import Confidence
from jobctl.openapi.words import read_word, read_words, tells_a_life, words_in_text
from jobctl.profile.model import DEFAULT_WORDS


@pytest.mark.parametrize("word", DEFAULT_WORDS)
def test_the_usual_words_need_no_line(word):
    for spelled in (word, word.upper(), word.replace("_", "-")):
        read = read_word(spelled)
        assert (read.status, read.known, read.confidence) == (DEFAULT_WORDS[word], True, Confidence.HIGH)


@pytest.mark.parametrize(
    ("word", "status", "confidence"),
    [
        ("InProgress", "running", "high"),
        ("IN_QUEUE", "pending", "medium"),
        ("TimedOut", "failed", "medium"),
        ("TIMED_OUT", "failed", "medium"),
        ("cancelling", "running", "medium"),
        ("expired", "failed", "medium"),
        ("upload_failed", "failed", "low"),
        ("hardware-error", "failed", "low"),
    ],
)
def test_likely_words_are_mapped_and_written(word, status, confidence):
    read = read_word(word)
    assert (read.status, read.confidence, read.known) == (JobStatus(status), Confidence(confidence), False)


@pytest.mark.parametrize("word", ["paused", "SKIPPED", "neutral", "zorp", "ready", "unknown", "deleted"])
def test_unsure_words_are_marked_never_guessed(word):
    read = read_word(word)
    assert (read.status, read.confidence) == (None, Confidence.NONE)
    assert read.reason


def test_the_doubt_about_a_known_unsure_word_is_its_own():
    assert "goes on" in read_word("PAUSED").reason
    assert read_word("zorp").reason == "not a usual word"


def test_a_prefix_that_all_words_have_is_none_of_their_meaning():
    words = ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "PAUSED", "UNSPECIFIED"]
    read = read_words(f"JOB_STATE_{word}" for word in words)
    statuses = [one.status and one.status.value for one in read]
    assert statuses == ["pending", "running", "completed", "failed", "cancelled", None, None]
    assert {one.confidence for one in read} == {Confidence.MEDIUM, Confidence.NONE}
    assert all("JOB_STATE" in one.reason for one in read if one.status)
    assert [one.status for one in read_words(["jobDone", "jobRunning", "jobFailed"])] == [
        JobStatus.COMPLETED, JobStatus.RUNNING, JobStatus.FAILED,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ["not_done", "not_failed", "not_running"],
        ["partially_done", "partially_failed", "partially_completed"],
        ["job_done", "job_complete"],
        ["job_done", "job", "job_odd"],
    ],
)
def test_a_prefix_that_means_something_stays(words):
    assert all(one.status is not JobStatus.COMPLETED for one in read_words(words))


def test_each_spelling_once():
    words = read_words(["Queued", "queued", "QUEUED", "", "x" * 200, "done"])
    assert [one.word for one in words] == ["Queued", "done"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("One of `queued`, `running` or `done`.", ("queued", "running", "done")),
        ("either 'Succeeded' or \"Failed\"", ("Succeeded", "Failed")),
        ("the 'name' of a 'thing'", ()),
        ("is `done`", ()),
        ("", ()),
    ],
)
def test_words_of_a_description(text, words):
    assert words_in_text(text) == words


def test_a_life_has_an_end_and_something_before():
    assert tells_a_life(read_words(["queued", "done"]))
    assert not tells_a_life(read_words(["done", "failed"]))
    assert not tells_a_life(read_words(["available", "pending", "sold"]))
    assert not tells_a_life(())


@given(st.lists(st.text(max_size=20), max_size=6))
def test_any_words_are_read(words):
    for one in read_words(words):
        assert one.word.strip() == one.word
        assert one.reason

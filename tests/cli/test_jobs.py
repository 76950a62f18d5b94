"""A job as a person reads it on one line, and as a script reads it."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.make import iso, known

from jobctl.cli.jobs import as_text, details, job_document, job_line, status_code, status_words
from jobctl.exit_codes import ExitCode
from jobctl.model import JobStatus, Source

DONE = known(
    "completed", progress=100.0, attempt=2, updated_at=iso("2025-10-09 22:13:10.609405"), result=65018
)
EVIL = "\x1b[2Jdone\r\n\u202egnihton\x9b"
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def is_safe(text):
    return not {unicodedata.category(character) for character in text} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("pending", ExitCode.COMPLETED),
        ("running", ExitCode.COMPLETED),
        ("completed", ExitCode.COMPLETED),
        ("failed", ExitCode.JOB_FAILED),
        ("cancelled", ExitCode.JOB_CANCELLED),
        ("unknown", ExitCode.UNDECIDED),
    ],
)
def test_a_single_look_fails_only_for_a_job_that_failed_or_that_nobody_understands(status, code):
    assert status_code(known(status)) is code


def test_the_line_of_a_finished_job():
    assert (
        job_line(DONE)
        == "1193930  completed  100 %  attempt 2  updated 2025-10-09 22:13:10.609405  result 65018"
    )
    assert job_line(known("pending")) == "1193930  pending"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("running", "running"),
        ("RUNNING", "running"),
        ("processing", "running (processing)"),
        ("", "running ()"),
    ],
)
def test_the_apis_own_word_is_shown_where_it_differs(raw, words):
    assert status_words(known("running", raw_status=raw)) == words


def test_details_leave_out_what_is_not_known_and_the_time_unless_asked_for():
    assert details(known("running")) == []
    assert details(DONE, in_full=False) == ["100 %", "attempt 2", "result 65018"]
    assert details(known("failed", error="out of memory", progress=0.0)) == ["0 %", "error: out of memory"]
    assert details(known("running", progress=62.4999)) == ["62.5 %"]


@pytest.mark.parametrize("empty", [0, False, "", [], {}])
def test_an_empty_result_is_a_result(empty):
    assert details(known("completed", result=empty)) == [f"result {as_text(empty)}"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        (65018, "65018"),
        ({"url": "/a.mp4"}, '{"url": "/a.mp4"}'),
        (None, "null"),
        ("é", "é"),
    ],
)
def test_a_value_of_the_server_on_one_line(value, text):
    assert as_text(value) == text


def test_the_servers_words_cannot_drive_a_terminal():
    job = known("running", raw_status=EVIL, error=EVIL, result={"a": EVIL}, updated_at=None)._replace(id=EVIL)
    assert is_safe(job_line(job))
    assert "\\x1b[2J" in job_line(job)


@given(JSON, JSON, st.text(min_size=1))
def test_any_value_makes_one_bounded_safe_line_and_one_json_document(error, result, word):
    job = known("unknown", raw_status=word, error=error, result=result)
    line = job_line(job)
    assert is_safe(line)
    assert len(line) < 1000
    assert "\n" not in json.dumps(job_document(job))


def test_the_document_has_every_key_whatever_is_known():
    document = job_document(known("running", raw_status="processing", source=Source.STREAM))
    assert list(document) == list(job_document(DONE))
    assert (document["status"], document["raw_status"], document["terminal"]) == (
        "running",
        "processing",
        False,
    )
    assert (document["updated_at"], document["source"]) == (None, "stream")
    assert document["as_of"].endswith("Z")


@pytest.mark.parametrize("status", JobStatus)
def test_the_document_says_whether_the_job_is_over(status):
    assert job_document(known(status))["terminal"] is (status in {"completed", "failed", "cancelled"})


def test_the_servers_time_and_values_stay_as_they_were_written():
    document = json.loads(json.dumps(job_document(DONE)))
    assert (document["updated_at"], document["result"]) == ("2025-10-09 22:13:10.609405", 65018)
    assert (document["job"], document["attempt"], document["progress"]) == ("1193930", 2, 100.0)

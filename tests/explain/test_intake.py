from __future__ import annotations

import pytest
from support.tape import JOB, START, Tape

from jobctl.captures.recordings import open_recording
from jobctl.explain.events import Accepted, Loaded, Opened, Refused, Reported, Said, Unread
from jobctl.explain.intake import Intake
from jobctl.model import JobStatus, Source
from jobctl.profile.load import Profiles

HTML = [("Content-Type", "text/html; charset=utf-8")]


@pytest.fixture
def heard(tmp_path):
    def take(tape, *names):
        profiles = [Profiles().get(name) for name in names or ("generation", "v1")]
        intake = Intake(profiles)
        recording = open_recording(tape.write(tmp_path / "a.har"))
        return [one for exchange in recording for one in intake.take(exchange)]

    return take


def test_a_read_is_a_poll_and_known_when_its_answer_came(heard):
    tape = Tape()
    tape.read(1.0, "processing", progress=40, took=0.5)
    (one,) = heard(tape)
    assert (one.job, one.profile) == (JOB, "generation")
    assert isinstance(one.event, Said)
    seen = one.event.seen
    assert (seen.source, seen.status, seen.raw_status, seen.progress) == (
        Source.POLL,
        JobStatus.RUNNING,
        "processing",
        40.0,
    )
    assert (one.event.sent, one.event.at) == (pytest.approx(START + 1), pytest.approx(START + 1.5))


@pytest.mark.parametrize("field", [("Cache-Control", "no-cache, no-store"), ("Pragma", "no-cache")])
def test_a_read_that_asked_to_be_uncached_is_a_verified_one(heard, field):
    tape = Tape()
    tape.read(1.0, "completed", asked=[field])
    assert heard(tape)[0].event.seen.source is Source.VERIFY


def test_an_answer_that_says_it_was_cached_is_known_as_such(heard):
    tape = Tape()
    tape.read(1.0, "running", headers=[("Age", "4")])
    assert heard(tape)[0].event.seen.http.cached_by == "Age: 4"


def test_frames_are_counted_in_their_stream_keep_alives_included(heard):
    tape = Tape()
    tape.socket(1.0, (1.1, {"type": "pong"}), (1.2, {"type": "status", "status": "pending"}))
    tape.socket(5.0, (5.5, {"type": "status", "status": "completed"}))
    opened, pong, first, _, second = (one.event for one in heard(tape))
    assert isinstance(opened, Opened)
    assert pong.seen.keepalive
    assert (first.stream.connection, first.stream.frame) == (1, 2)
    assert first.stream.opened == pytest.approx(START + 1)
    assert (second.stream.connection, second.stream.frame) == (2, 1)


def test_a_stream_belongs_to_the_profile_whose_reads_are_there(heard):
    tape = Tape()
    tape.socket(1.0, (1.1, {"status": "pending"}))
    tape.entry(2.0, "GET", f"/v1/jobs/{JOB}", body={"job": {"id": JOB, "status": "running"}})
    tape.socket(3.0, (3.1, {"status": "running"}))
    assert [one.profile for one in heard(tape)] == ["generation", "generation", "v1", "v1", "v1"]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, "<html>", "not-json"),
        (200, "", "no-body"),
        (200, {"hello": 1}, "not-the-job"),
        (304, "", "not-modified"),
        (404, {"detail": "gone"}, "not-found"),
        (502, "<html>", "tunnel-page"),
        (500, {"detail": "boom"}, "server-error"),
    ],
)
def test_a_read_that_says_nothing_about_the_job_says_why(heard, status, body, kind):
    tape = Tape()
    tape.entry(1.0, "GET", f"/v1/jobs/{JOB}", status=status, body=body)
    (one,) = heard(tape)
    assert isinstance(one.event, Unread)
    assert (one.event.kind, one.event.status) == (kind, status)


def test_a_read_of_the_headers_alone_lacks_no_body(heard):
    tape = Tape()
    tape.entry(1.0, "HEAD", f"/v1/jobs/{JOB}")
    assert heard(tape)[0].event.kind == "head"


def test_a_job_is_reported_by_the_profile_that_its_reads_fit(heard):
    tape = Tape()
    tape.socket(1.0, (1.1, {"status": "pending"}))
    tape.entry(2.0, "GET", f"/v1/jobs/{JOB}", body={"job": {"id": JOB, "status": "running"}})
    tape.entry(3.0, "POST", "/telemetry", sent={"job": JOB, "shown": "pending"})
    reports = [one for one in heard(tape) if isinstance(one.event, Reported)]
    assert [one.profile for one in reports] == ["v1"]


def test_the_answers_to_submit_and_cancel(heard):
    tape = Tape()
    tape.entry(1.0, "POST", "/api/v1/generation-jobs", status=201, body={"id": JOB, "status": "queued"})
    tape.entry(2.0, "POST", f"/api/v1/generation-jobs/{JOB}/cancel", status=202, body={"ok": True})
    tape.entry(3.0, "POST", f"/api/v1/generation-jobs/{JOB}/cancel", body={"id": JOB, "status": "cancelled"})
    refused = {"detail": "Cannot cancel job with status 'completed'."}
    tape.entry(4.0, "POST", f"/api/v1/generation-jobs/{JOB}/cancel", status=422, body=refused)
    submitted, accepted, cancelled, no = (one.event for one in heard(tape))
    assert (submitted.seen.source, submitted.seen.job) == (Source.SUBMIT, JOB)
    assert isinstance(accepted, Accepted)
    assert (cancelled.seen.source, cancelled.seen.status) == (Source.CANCEL, JobStatus.CANCELLED)
    assert isinstance(no, Refused)
    assert (no.status, no.detail) == (422, "Cannot cancel job with status 'completed'.")


def test_a_submit_that_names_its_job_in_location_only(heard):
    tape = Tape("http://elsewhere:9")
    where = [("Location", f"/v1/jobs/{JOB}")]
    tape.entry(1.0, "POST", "/v1/jobs", status=201, body={"status": "queued"}, headers=where)
    assert [(one.job, one.event.seen.status) for one in heard(tape)] == [(JOB, JobStatus.PENDING)]


def test_each_entry_of_a_list_is_a_word_about_its_job(heard):
    tape = Tape()
    items = [{"id": "7", "status": "running"}, {"id": "8", "status": "completed"}, {"name": "no job"}, 3]
    tape.entry(1.0, "GET", "/api/v1/generation-jobs?limit=9", body={"items": items}, headers=[("Age", "5")])
    tape.entry(2.0, "GET", "/api/v1/generation-jobs", status=500, body={"detail": "no"})
    found = heard(tape)
    assert [(one.job, one.event.seen.status.value) for one in found] == [("7", "running"), ("8", "completed")]
    assert {one.event.seen.http.cached_by for one in found} == {"Age: 5"}
    assert {one.event.seen.source for one in found} == {Source.POLL}


def test_what_the_client_reports_of_a_job_known_so_far(heard):
    tape = Tape()
    tape.entry(0.5, "POST", "/telemetry", sent={"job": JOB, "shown": "pending"})
    tape.read(1.0, "completed")
    tape.entry(2.0, "POST", "/telemetry", sent={"job": JOB, "shown": "pending"})
    tape.socket(3.0, sent=[(3.1, {"id": JOB, "state": "running"})])
    reports = [one.event for one in heard(tape) if isinstance(one.event, Reported)]
    assert [(one.entry, one.word) for one in reports] == [(3, "pending"), (5, "running")]


def test_what_a_client_commands_is_not_what_it_shows(heard):
    tape = Tape()
    tape.read(1.0, "completed")
    tape.entry(2.0, "PATCH", f"/jobs/{JOB}", sent={"id": JOB, "status": "pending"})
    assert [type(one.event) for one in heard(tape)] == [Said]


def test_a_page_is_loaded_and_a_part_of_one_is_not(heard):
    tape = Tape()
    tape.entry(1.0, "GET", "/app", body="<html>", headers=HTML)
    tape.entry(2.0, "GET", "/part", body="<html>", headers=HTML, asked=[("Sec-Fetch-Dest", "empty")])
    tape.entry(3.0, "GET", "/app.js", body="x", headers=[("Content-Type", "text/javascript")])
    (one,) = heard(tape)
    assert one.job is None
    assert isinstance(one.event, Loaded)


def test_the_rest_of_the_web_says_nothing(heard):
    tape = Tape()
    tape.entry(1.0, "GET", "/api/v1/users/7", body={"status": "pending"})
    tape.entry(2.0, "GET", "/static/logo.png", body="x")
    assert heard(tape) == []


def test_a_secret_in_a_refusal_is_not_repeated(heard):
    tape = Tape()
    said = {"detail": "bad token sk-abcdefghijklmnopqrstuvwxyz0123456789"}
    tape.entry(1.0, "POST", f"/v1/jobs/{JOB}/cancel", status=409, body=said)
    assert "abcdefghijkl" not in heard(tape)[0].event.detail

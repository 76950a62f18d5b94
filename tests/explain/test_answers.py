"""The first sentence, and the causes it stands for, of traffic written by hand."""

from __future__ import annotations

import pytest
from support.tape import JOB, Tape

from jobctl.explain.explanation import Cause

T8, T9, T10 = ("2025-10-09 22:13:08", "2025-10-09 22:13:09", "2025-10-09 22:13:10.609405")
CANCEL = f"/api/v1/generation-jobs/{JOB}/cancel"
NO_CACHE = [("Cache-Control", "no-cache")]
HTML = [("Content-Type", "text/html")]


def completed(tape=None):
    tape = tape or Tape()
    tape.read(-2, "processing", progress=40, updated_at=T8)
    tape.read(0.6, "completed", updated_at=T10, asked=NO_CACHE)
    return tape


def test_incident_1_a_frame_without_a_time_after_the_end(told):
    tape = completed()
    tape.socket(15, (15.1, {"type": "pong"}), (15.2, {"type": "status", "status": "pending"}))
    one = told(tape)
    assert one.causes == (Cause.STREAM_STALE,)
    assert one.claims[0].text == (
        "The server never said pending after 22:13:10.610, when an uncached read said completed (entry 2). "
        "Frame 2 of the WebSocket opened at 22:13:25.000 said pending without a timestamp at 22:13:25.200 "
        "(entry 5); a client without a terminal lock would have gone back at that moment."
    )
    assert one.claims[0].entries == (2, 5)


def test_incident_2_old_copies_after_the_end(told):
    tape = completed()
    for after in (1, 2, 3):
        tape.read(after, "processing", progress=95, updated_at=T9, headers=[("Age", str(3 + after))])
    one = told(tape)
    assert one.causes == (Cause.CACHED_READS,)
    first = one.claims[0].text
    assert first.startswith(
        "The job was completed from 22:13:10.610 on, as an uncached read said (entry 2). "
    )
    assert "(entry 3) said processing 95 % and came from a cache (Age: 4)" in first
    assert "3 reads went back so (entries 3, 4, 5)." in first
    assert any("3 reads were answered from a cache (Age 4 to 6)" in claim.text for claim in one.claims)


def test_a_job_stuck_behind_a_cache_that_never_shows_its_end(told):
    tape = Tape()
    for after in range(4):
        tape.read(after, "processing", progress=95, updated_at=T9, headers=[("Age", str(4 + after))])
    one = told(tape)
    assert one.causes == (Cause.CACHED_READS,)
    assert one.claims[0].text.startswith(
        "4 reads were answered from a cache (Age 4 to 7) and left the job at running 95 %; what the server "
        "itself said after 22:13:10.010 (entry 1) is not in the recording."
    )


def test_an_old_copy_that_does_not_say_where_it_comes_from(told):
    tape = completed()
    tape.read(2, "processing", progress=95, updated_at=T9)
    one = told(tape)
    assert one.causes == (Cause.CACHED_READS,)
    assert "was an old copy: a cache that does not say so, or a replica that lags" in one.claims[0].text


def test_the_browsers_own_cache_is_a_cache_too(told):
    tape = completed()
    tape.read(2, "processing", progress=95, updated_at=T9)["_fromCache"] = "disk"
    one = told(tape)
    assert one.causes == (Cause.CACHED_READS,)
    assert "came from a cache (the client's own cache)" in one.claims[0].text


def test_an_answer_that_was_overtaken(told):
    tape = Tape()
    tape.read(-2, "processing", progress=40, updated_at=T8)
    tape.read(0.1, "processing", progress=95, updated_at=T9, took=3.0)
    tape.read(0.6, "completed", updated_at=T10)
    one = told(tape)
    assert "was asked before that and came after it" in one.claims[0].text


def test_the_server_itself_took_it_back(told):
    tape = completed()
    tape.read(5, "pending", updated_at="2025-10-09 22:13:14", asked=NO_CACHE)
    one = told(tape)
    assert one.causes == (Cause.SERVER_REGRESSED,)
    assert one.claims[0].text.startswith(
        "The server itself took it back: it said completed at 22:13:10.610 (entry 2), and pending with the "
        "timestamp 2025-10-09 22:13:14 at 22:13:15.010 (entry 3), by an uncached read (reopened: "
    )


def test_a_requeue_is_the_servers_doing(told):
    tape = Tape()
    tape.read(1, "processing", progress=40, updated_at=T8)
    tape.read(2, "queued", updated_at=T9)
    assert told(tape).causes == (Cause.SERVER_REGRESSED,)


def test_a_cancel_that_says_cancelled_of_a_job_that_completed(told):
    tape = Tape()
    tape.read(-2, "processing", progress=40, updated_at=T8)
    tape.entry(0, "POST", CANCEL, body={"id": JOB, "status": "cancelled"})
    tape.read(0.6, "completed", updated_at=T10)
    one = told(tape)
    assert one.causes == (Cause.CANCEL_RESPONSE,)
    assert one.claims[0].text.startswith(
        "The answer to the cancel said cancelled at 22:13:10.010 (entry 2), and the job never was: it was "
        "completed at 22:13:10.610 (entry 3)."
    )


def test_a_cancel_that_came_too_late(told):
    tape = completed()
    tape.entry(5, "POST", CANCEL, status=422, body={"detail": "Cannot cancel job with status 'completed'."})
    one = told(tape)
    assert one.causes == (Cause.CANCEL_RESPONSE,)
    assert one.claims[0].text.startswith(
        "The cancel at 22:13:15.010 was refused with HTTP 422: Cannot cancel job with status 'completed'. "
        "(entry 3)."
    )


def test_a_stream_that_claims_an_end_which_never_comes(told):
    tape = Tape()
    tape.read(-2, "processing", progress=40, updated_at=T8)
    tape.socket(-1, (-0.9, {"type": "status", "status": "failed"}))
    tape.read(0.6, "completed", updated_at=T10)
    one = told(tape)
    assert one.causes[0] is Cause.STREAM_STALE
    assert one.claims[0].text.startswith("Frame 1 of the WebSocket opened at 22:13:09.000 said failed at ")
    assert "an end that never came" in one.claims[0].text


def test_the_clients_own_state_with_the_moment_the_page_flipped(told):
    tape = completed()
    tape.entry(2.6, "POST", "/telemetry", status=204, sent={"job": JOB, "shown": "pending"})
    one = told(tape)
    assert one.causes == (Cause.CLIENT_STATE,)
    assert one.claims[0].text == (
        "Nothing in the recording regressed: the client's own state did it. At 22:13:12.600 (entry 3) the "
        "page reported pending, after it had been told completed at 22:13:10.610 (entry 2): persisted or "
        "parent state was shown over it."
    )
    assert [flip.entry for flip in one.flips] == [3]


def test_the_clients_own_state_after_a_reload(told):
    tape = completed()
    tape.entry(2.6, "GET", "/app", body="<html>", headers=HTML)
    one = told(tape)
    assert one.causes == (Cause.CLIENT_STATE,)
    assert "The page was loaded again at 22:13:12.610 (entry 3)" in one.claims[0].text


def test_a_page_that_reports_what_it_was_told_did_not_flip(told):
    tape = completed()
    tape.socket(1, (1.1, {"type": "status", "status": "pending"}))
    tape.entry(2, "POST", "/telemetry", status=204, sent={"job": JOB, "shown": "pending"})
    one = told(tape)
    assert (one.causes, one.flips) == ((Cause.STREAM_STALE,), ())


@pytest.mark.parametrize("bodies", ["one", "none"])
def test_too_little_to_tell(told, bodies):
    tape = Tape()
    if bodies == "one":
        tape.read(1, "running")
    else:
        tape.entry(1, "GET", f"/v1/jobs/{JOB}")
    one = told(tape)
    assert one.causes == (Cause.NOT_ENOUGH,)
    assert one.claims[0].text.startswith("Not enough was recorded to tell: ")


def test_what_happened_to_a_finished_job_weighs_more_than_what_happened_before(told):
    tape = Tape()
    tape.read(-3, "processing", progress=40, updated_at=T9)
    tape.read(-2, "processing", progress=10, updated_at=T8)  # an old copy, of a job that still runs
    tape.read(0.6, "completed", updated_at=T10)
    tape.socket(5, (5.1, {"status": "pending"}))
    assert told(tape).causes == (Cause.STREAM_STALE, Cause.CACHED_READS)


def test_server_words_reach_nobody_raw(told):
    tape = completed()
    tape.socket(5, (5.1, {"status": "pending\u001b[31m"}), (5.2, {"status": "pending", "progress": 3}))
    tape.entry(6, "POST", CANCEL, status=422, body={"detail": "no\u001b[2J \u202e"})
    one = told(tape)
    text = "".join(claim.text for claim in one.claims) + "".join(m.said or "" for m in one.moments)
    assert text.isprintable()


def all_text(one):
    return " ".join(claim.text for claim in one.claims)


def test_never_is_not_said_when_the_server_did(told):
    tape = Tape()
    for at, status in ((1, "pending"), (2, "running"), (3, "pending"), (4, "running")):
        tape.read(at, status, updated_at=f"2025-10-09 22:13:1{at}")
    tape.socket(4.5, (5, {"status": "pending"}))
    tape.read(6, "pending", updated_at="2025-10-09 22:13:16")
    one = told(tape)
    assert one.causes == (Cause.SERVER_REGRESSED, Cause.STREAM_STALE)
    assert "never said" not in all_text(one)


def test_never_is_not_said_when_a_read_without_a_sign_of_a_cache_did(told):
    tape = completed()
    tape.socket(2, (3, {"status": "pending"}))
    tape.read(4, "pending")
    one = told(tape)
    assert one.causes[0] is Cause.STREAM_STALE
    assert "never said" not in all_text(one)


def test_progress_that_the_server_takes_back(told):
    tape = Tape()
    tape.read(1, "running", progress=10)
    tape.read(2, "running", progress=60)
    tape.read(4, "running", progress=40, asked=NO_CACHE)
    one = told(tape)
    assert one.causes == (Cause.SERVER_REGRESSED,)
    assert one.claims[0].text.startswith(
        "The server itself took it back: it said running 60 % at 22:13:12.010 (entry 2), and running 40 % "
        "without a timestamp at 22:13:14.010 (entry 3), by an uncached read"
    )


def test_progress_that_a_frame_takes_back_is_held_against_the_progress_that_was_known(told):
    tape = Tape()
    for at, progress in ((1, 0), (2, 40), (3, 60)):
        tape.read(at, "running", progress=progress)
    tape.socket(3.5, (4, {"status": "running", "progress": 40}))
    assert (
        told(tape)
        .claims[0]
        .text.startswith(
            "The server never said running 40 % after 22:13:13.010, when a read said running 60 % (entry 3)."
        )
    )


def test_a_frame_about_another_job_takes_nothing_back(told):
    tape = completed()
    tape.socket(2, (3, {"type": "status", "status": "pending", "id": "77"}))
    assert told(tape).causes == (Cause.CLIENT_STATE,)


def test_an_answer_to_a_submit_that_comes_late_is_called_what_it_is(told):
    tape = Tape()
    tape.entry(
        -3, "POST", "/api/v1/generation-jobs", status=201, body={"id": JOB, "status": "pending"}, took=9
    )
    completed(tape)
    text = told(tape).claims[0].text
    assert "The answer to the submit, which came at 22:13:16.000 (entry 1), said pending" in text


def test_two_ends_of_which_no_time_tells_the_later(told):
    tape = Tape()
    tape.read(1, "failed")
    tape.read(3, "completed")
    assert "no time tells which of the two ends is the later one" in told(tape).claims[0].text


def test_frames_without_a_time_do_not_tell_what_the_server_never_said(told):
    tape = Tape()
    tape.socket(1, (2, {"status": "running"}))
    tape.socket(3, (4, {"status": "pending"}))
    one = told(tape)
    assert one.causes == (Cause.STREAM_STALE,)
    assert "never said" not in all_text(one)


def test_a_submit_that_names_a_finished_job_is_no_cache(told):
    tape = completed()
    made = {"id": JOB, "status": "pending"}
    tape.entry(3, "POST", "/api/v1/generation-jobs", status=201, body=made)
    text = told(tape).claims[0].text
    assert "was a stored answer to that submit, or the job was started again" in text

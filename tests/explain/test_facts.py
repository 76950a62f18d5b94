"""What the server itself said beside its caches, and where those left a job."""

from __future__ import annotations

from support.tape import Tape

from jobctl.explain.explanation import Cause

NO_CACHE = [("Cache-Control", "no-cache")]


def test_what_the_server_itself_said_is_not_said_to_be_missing(told):
    tape = Tape()
    tape.read(1, "running", progress=95, headers=[("Age", "30")])
    tape.read(2, "running", progress=95, asked=NO_CACHE)
    one = told(tape)
    assert one.causes[0] is Cause.CLIENT_STATE
    assert "is not in the recording" not in " ".join(claim.text for claim in one.claims)
    tape.read(3, "running", progress=95, headers=[("Age", "3")])
    one = told(tape)
    assert one.causes[0] is Cause.CACHED_READS
    assert "said after 22:13:12.010 is not in the recording" in one.claims[0].text


def test_a_job_that_caches_left_behind_is_told_as_it_was_last_shown(told):
    tape = Tape()
    for at in range(20):
        tape.read(at, "running", progress=at, headers=[("Age", "3")])
    assert "left the job at running 19 %" in told(tape).claims[0].text

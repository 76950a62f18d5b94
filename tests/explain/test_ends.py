"""The sentence about a cancel that was refused names the refusal that the end explains."""

from __future__ import annotations

from support.tape import JOB, Tape

CANCEL = f"/api/v1/generation-jobs/{JOB}/cancel"


def test_a_refusal_after_the_end_is_told_before_one_that_had_another_reason(told):
    tape = Tape()
    tape.read(1, "running")
    tape.entry(2, "POST", CANCEL, status=503, body={"detail": "busy"})
    tape.read(3, "completed")
    tape.entry(4, "POST", CANCEL, status=422, body={"detail": "too late"})
    one = told(tape)
    assert one.claims[0].text.startswith(
        "The cancel at 22:13:14.010 was refused with HTTP 422: too late (entry 4)."
    )
    assert "The job was completed since 22:13:13.010 (entry 3)" in one.claims[0].text


def test_a_cancel_refused_before_the_end_is_not_said_to_have_come_after_it(told):
    tape = Tape()
    tape.read(1, "running")
    tape.entry(2, "POST", CANCEL, status=503, body={"detail": "busy"})
    tape.read(9, "completed")
    assert "The job was completed only from 22:13:19.010 (entry 3)" in told(tape).claims[0].text

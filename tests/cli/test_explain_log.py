"""`jobctl explain` of logs that hold more than one run of one job, in order."""

from __future__ import annotations

import json

RECORD = {"at": "2025-10-09T22:13:10Z", "job": "7", "source": "poll", "profile": "v1"}


def log_of(tmp_path, *lines):
    text = "".join(
        json.dumps(RECORD | {"payload": {"id": "7", "status": one.pop("status")}} | one) + "\n"
        for one in lines
    )
    (tmp_path / "log").write_text(text)


def test_the_same_id_under_two_profiles_is_two_jobs(alone, tmp_path):
    log_of(tmp_path, {"status": "completed"}, {"status": "running", "profile": "generation"})
    told = alone.run("explain", "log", "--json").lines[-1]["explanations"]
    assert [(one["profile"], one["last"]) for one in told] == [("v1", "completed"), ("generation", "running")]


def test_a_log_put_together_in_another_order_is_told_as_such(alone, tmp_path):
    log_of(tmp_path, {"status": "completed"}, {"status": "running", "at": "2025-10-08T22:13:05Z", "run": "b"})
    done = alone.run("explain", "log")
    assert "The log is not in order of time (line 2)" in done.out
    assert "answered at 2025-10-08 22:13:05 (line 2) said running and is older than that" in done.out
    assert "was asked before that" not in done.out

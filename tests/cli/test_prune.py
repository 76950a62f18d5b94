from __future__ import annotations

import sqlite3

import pytest
from support.program import check_message


@pytest.fixture
def two_decisions(box, jobctl):
    job = box.submit(duration=0, pending=0)
    for _ in range(2):
        assert jobctl.run("status", job).code == 0
    return job


def test_what_is_kept_by_default_is_kept(two_decisions, jobctl):
    assert jobctl.run("log", "--prune").out.startswith("forgot 0 decisions and 0 jobs; ")


def test_everything_can_be_forgotten(two_decisions, jobctl):
    done = jobctl.run("log", "--prune", "--older-than", "0s", "--json")
    assert (done.code, done.document["decisions"], done.document["jobs"]) == (0, 2, 1)
    assert jobctl.run("log", two_decisions).code == 8


def test_the_largest_size_is_a_promise(two_decisions, jobctl):
    assert jobctl.run("log", "--prune", "--max-size", "1kB", "--json").document["decisions"] == 2


def test_a_memory_that_was_never_begun(alone):
    assert alone.run("log", "--prune").code == 0


def test_a_memory_that_cannot_be_written(alone):
    (alone.cwd / "state").write_text("a file")
    check_message(alone.run("log", "--prune"), 2, "JOBCTL_STATE_DIR=FOLDER")


def test_a_newer_memory_is_left_alone(two_decisions, jobctl):
    with sqlite3.connect(jobctl.cwd / "state" / "memory.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    check_message(jobctl.run("log", "--prune"), 2, "a newer jobctl wrote it", "update jobctl")

"""The writing thread: nobody waits for it, nothing it acknowledged is lost, a lock passes."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time

import pytest
from support.remembering import rows

from jobctl.model import Job, JobStatus
from jobctl.store import decisions, retention
from jobctl.store.decisions import Entry
from jobctl.store.errors import Trouble
from jobctl.store.jobs import Scope
from jobctl.store.writer import Writer

SCOPE = Scope("generation", "http://here")
PATIENCE = 60.0


def entry(number, job="7"):
    return Entry(job, time.time(), "poll", "apply", "advanced", json.dumps({"n": number}))


@pytest.fixture
def writer(path):
    troubles = []
    writer = Writer(path, SCOPE, troubles.append)
    writer.troubles = troubles
    yield writer
    writer.close(PATIENCE)


def written(path):
    return [json.loads(text)["n"] for (text,) in rows(path, "SELECT record FROM decisions ORDER BY id")]


def test_nothing_to_write_makes_no_file(path):
    assert Writer(path, SCOPE, pytest.fail).close(PATIENCE) == 0
    assert not path.parent.exists()


def test_everything_is_there_in_order_when_it_says_so(path, writer):
    for number in range(5000):
        writer.decision(entry(number))
    assert writer.flush(PATIENCE)
    assert writer.written == 5000
    assert written(path) == list(range(5000))


def test_closing_writes_what_is_left(path, writer):
    writer.decision(entry(1), Job("7", JobStatus.RUNNING, "running"), touches=True)
    assert writer.close(PATIENCE) == 0
    assert written(path) == [1]
    assert rows(path, "SELECT job, touch, version FROM jobs") == [("7", 1, 1)]
    writer.decision(entry(2))
    assert (writer.close(PATIENCE), written(path)) == (1, [1]), "after the end it is lost, and counted"


def test_a_lock_is_waited_for(path, writer, db):
    db.execute("BEGIN IMMEDIATE")
    writer.decision(entry(1))
    assert not writer.flush(0.3), "it cannot be there yet"
    db.execute("COMMIT")
    assert writer.flush(PATIENCE)
    assert (writer.troubles, written(path)) == ([], [1])


def test_a_lock_that_does_not_pass_costs_what_was_handed_over_and_says_how_many(path, writer, db):
    db.execute("BEGIN IMMEDIATE")
    for number in range(3):
        writer.decision(entry(number))
    assert writer.close(0.2) == 3
    db.execute("COMMIT")
    assert writer.troubles == []


def test_the_backlog_is_bounded(path, db):
    writer = Writer(path, SCOPE, pytest.fail, most_bytes=100)
    db.execute("BEGIN IMMEDIATE")
    for _ in range(50):
        writer.decision(entry(1)._replace(record="x" * 20))
    assert 40 <= writer.lost <= 45, "what was taken before counts beside what waits"
    db.execute("COMMIT")
    assert writer.close(PATIENCE) == writer.lost
    assert len(written_raw(path)) == 50 - writer.lost


def written_raw(path):
    return rows(path, "SELECT record FROM decisions")


def test_trouble_that_stays_is_told_once_and_ends_it(path):
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 500)
    troubles, heard = [], threading.Event()

    def on_trouble(error):
        troubles.append(error.trouble)
        heard.set()

    writer = Writer(path, SCOPE, on_trouble)
    writer.decision(entry(1))
    assert heard.wait(PATIENCE)
    writer.decision(entry(2))
    writer.touch("7")
    assert writer.flush(PATIENCE), "nothing is waited for any more"
    assert (writer.close(PATIENCE), troubles) == (2, [Trouble.CORRUPT])


def test_a_disk_that_gets_full_in_the_middle(path, writer, monkeypatch):
    writer.decision(entry(1))
    assert writer.flush(PATIENCE)
    connect = sqlite3.connect

    def small(*arguments, **options):
        db = connect(*arguments, **options)
        db.execute("PRAGMA max_page_count = 40")
        return db

    monkeypatch.setattr(sqlite3, "connect", small)
    other = Writer(path, SCOPE, writer.troubles.append)
    for number in range(100):
        other.decision(entry(number)._replace(record="x" * 4000))
    lost = other.close(PATIENCE)
    assert 0 < lost <= 100
    assert [error.trouble for error in writer.troubles] == [Trouble.FULL]
    assert len(written_raw(path)) == 1 + 100 - lost, "what is not told as lost is there"
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.skipif(os.name != "posix", reason="Windows moves no open file")
def test_a_file_that_was_moved_away_is_told_and_the_new_one_left_alone(path, writer):
    writer.decision(entry(1))
    assert writer.flush(PATIENCE)
    for one in list(path.parent.iterdir()):
        one.rename(one.with_name(f"old-{one.name}"))
    other = Writer(path, SCOPE, pytest.fail)
    other.decision(entry(2))
    assert other.flush(PATIENCE)
    writer.decision(entry(3))
    assert writer.flush(PATIENCE)
    assert writer.close(PATIENCE) == 1
    assert [error.trouble for error in writer.troubles] == [Trouble.NO_PLACE]
    assert "moved or deleted" in writer.troubles[0].message
    other.decision(entry(4))
    assert other.close(PATIENCE) == 0
    assert written(path) == [2, 4]
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def test_many_short_commands_leave_no_long_log(path, db):
    """The next command reads the whole of it before it can do anything."""
    for number in range(100):
        short = Writer(path, SCOPE, pytest.fail)
        short.decision(entry(number)._replace(record="x" * 100_000))
        assert short.close(PATIENCE) == 0
    assert path.with_name(f"{path.name}-wal").stat().st_size < 6_000_000


def test_two_writers_never_lower_each_other(path, writer):
    other = Writer(path, SCOPE, pytest.fail)
    writer.decision(entry(1), Job("7", JobStatus.COMPLETED, "completed"))
    assert writer.flush(PATIENCE)
    other.decision(entry(2), Job("7", JobStatus.RUNNING, "running", as_of=9.0))
    assert other.close(PATIENCE) == 0
    assert [json.loads(one)["status"] for (one,) in rows(path, "SELECT record FROM jobs")] == ["completed"]
    assert written(path) == [1, 2], "what the other decided is on record all the same"


def test_a_job_that_was_pruned_meanwhile_comes_back(path, writer, db):
    writer.decision(entry(1), Job("7", JobStatus.RUNNING, "running"))
    assert writer.flush(PATIENCE)
    retention.prune(db, time.time() + 1, kept_for=0)
    assert rows(path, "SELECT count(*) FROM jobs") == [(0,)]
    writer.decision(entry(2), Job("7", JobStatus.COMPLETED, "completed"))
    assert writer.flush(PATIENCE)
    assert rows(path, "SELECT job FROM jobs") == [("7",)]
    assert written(path) == [2]


def test_the_first_commit_of_a_day_prunes(path, writer, db):
    writer.decision(entry(0)._replace(at=0.0))
    assert writer.close(PATIENCE) == 0
    later = Writer(path, SCOPE, pytest.fail)
    db.execute("UPDATE facts SET value = 1")
    later.decision(entry(1))
    assert later.flush(PATIENCE)
    while retention.is_due(db, time.time()):
        assert later.flush(PATIENCE)
    assert later.close(PATIENCE) == 0
    assert written(path) == [1]


def test_a_command_that_ends_at_once_prunes_as_well(path, db):
    too_old = entry(0)._replace(at=0.0, job="x")
    decisions.insert(db, [too_old], {"x": 1})
    short = Writer(path, SCOPE, pytest.fail)
    db.execute("BEGIN IMMEDIATE")
    short.decision(entry(1))
    closing = threading.Thread(target=short.close, args=(PATIENCE,))
    closing.start()
    closing.join(0.2)
    assert closing.is_alive(), "it waits for its only commit"
    db.execute("COMMIT")
    closing.join(PATIENCE)
    assert written(path) == [1]

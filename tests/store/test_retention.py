from __future__ import annotations

import contextlib
import itertools
import sqlite3

import pytest

from jobctl.store import decisions, retention
from jobctl.store.database import open_for_reading
from jobctl.store.decisions import Entry

DAY = 86400.0


@pytest.fixture
def filled(db):
    """Ten days, a thousand decisions a day of about 1 kB, of two jobs; a third job without any."""
    db.execute("INSERT INTO scopes VALUES (1, 'p', 'u')")
    for job, seen in ((1, 4.5), (2, 9.5), (3, 0.5)):
        db.execute(
            "INSERT INTO jobs (id, scope, job, seen_at) VALUES (?, 1, ?, ?)", (job, str(job), seen * DAY)
        )
    for day in range(10):
        made = [Entry("x", day * DAY, "poll", "apply", "advanced", "x" * 1000)] * 1000
        decisions.insert(db, made, {"x": 1 if day < 5 else 2})
    return db


def days(db):
    return {row[0] / DAY for row in db.execute("SELECT DISTINCT at FROM decisions")}


def test_what_is_too_old_goes_with_the_jobs_that_nobody_saw_since(filled):
    pruned = retention.prune(filled, 10 * DAY, kept_for=4.5 * DAY)
    assert (pruned.decisions, pruned.jobs) == (6000, 2)
    assert days(filled) == {6, 7, 8, 9}
    assert filled.execute("SELECT job FROM jobs").fetchall() == [("2",)]


def test_the_file_gets_smaller_and_the_oldest_go_first(filled, path):
    whole = retention.size_of(filled)
    pruned = retention.prune(filled, 10 * DAY, kept_bytes=whole // 2)
    assert whole // 3 < pruned.size <= whole // 2
    assert filled.execute("PRAGMA freelist_count").fetchone() == (0,)
    assert max(days(filled)) == 9
    assert min(days(filled)) >= 4
    filled.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.stat().st_size <= whole // 2
    assert filled.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_file_restored_from_a_dump_keeps_its_pages_and_the_pruning_ends(filled, tmp_path):
    restored = sqlite3.connect(tmp_path / "restored.db", isolation_level=None)
    with contextlib.closing(restored):
        restored.executescript("\n".join(filled.iterdump()))
        assert restored.execute("PRAGMA auto_vacuum").fetchone() == (0,)
        steps = itertools.count()
        pruned = retention.prune(restored, 11 * DAY, kept_for=0, go_on=lambda: next(steps) < 1000)
        assert pruned.decisions == 10_000
        assert next(steps) < 1000, "it ended by itself"
        assert restored.execute("PRAGMA freelist_count").fetchone() > (1000,)


def test_nothing_may_be_kept_either(filled):
    assert retention.prune(filled, 11 * DAY, kept_for=0).decisions == 10_000
    assert retention.prune(filled, 11 * DAY, kept_for=0) == (0, 0, retention.size_of(filled))


def test_what_is_kept_by_default_is_kept(filled):
    assert retention.prune(filled, 10 * DAY)[:2] == (0, 0)


def test_it_ends_between_two_steps_when_something_else_is_to_do(filled):
    steps = iter([True, True, *[False] * 20])
    assert retention.prune(filled, 10 * DAY, kept_for=0, go_on=lambda: next(steps)).decisions == 4000
    assert retention.is_due(filled, 10 * DAY), "not done, so it comes again"


def test_it_is_due_once_a_day_whatever_the_clock_did(filled):
    assert retention.is_due(filled, 10 * DAY)
    retention.prune(filled, 10 * DAY)
    assert not retention.is_due(filled, 10.5 * DAY)
    assert retention.is_due(filled, 11 * DAY)
    assert retention.is_due(filled, 9 * DAY), "the clock was ahead once"


def test_others_read_meanwhile(filled, path):
    with contextlib.closing(open_for_reading(path, wait=0.1)) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM decisions").fetchone()
        retention.prune(filled, 10 * DAY, kept_for=0)
        assert reader.execute("SELECT count(*) FROM decisions").fetchone() == before == (10_000,)

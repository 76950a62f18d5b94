from __future__ import annotations

import sqlite3

import pytest

from jobctl.store.database import open_for_reading, open_for_writing
from jobctl.store.errors import StoreError, Trouble
from jobctl.store.schema import MIGRATIONS, migrate, version_of

NEXT = (*MIGRATIONS, ("ALTER TABLE jobs ADD COLUMN note TEXT", "UPDATE jobs SET note = 'was ' || job"))


def test_a_new_file_gets_every_step(db):
    assert version_of(db) == len(MIGRATIONS)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA auto_vacuum").fetchone() == (2,)


def test_an_older_file_is_brought_up_to_date_with_what_is_in_it(db):
    db.execute("INSERT INTO scopes VALUES (1, 'generation', 'http://x')")
    db.execute("INSERT INTO jobs (scope, job, seen_at) VALUES (1, '7', 0)")
    migrate(db, NEXT)
    assert version_of(db) == len(NEXT)
    assert db.execute("SELECT job, note FROM jobs").fetchall() == [("7", "was 7")]
    migrate(db, NEXT)


def test_a_step_that_fails_leaves_the_file_as_it_was(db):
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, (*MIGRATIONS, ("ALTER TABLE jobs ADD COLUMN note TEXT", "no such statement")))
    assert version_of(db) == len(MIGRATIONS)
    assert "note" not in [row[1] for row in db.execute("PRAGMA table_info(jobs)")]
    migrate(db, NEXT)


def test_two_processes_that_migrate_at_once_do_it_once(path, db):
    other = sqlite3.connect(path, isolation_level=None)
    assert version_of(other) == len(MIGRATIONS)
    migrate(db, NEXT)
    migrate(other, NEXT)
    other.close()


@pytest.mark.parametrize("opened", [open_for_writing, open_for_reading])
def test_a_newer_file_is_left_alone_and_told(path, db, opened):
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(StoreError, match="a newer jobctl wrote it") as told:
        opened(path, wait=0.1)
    assert told.value.trouble is Trouble.NEWER
    assert "update jobctl" in told.value.hint
    assert str(path) in told.value.message

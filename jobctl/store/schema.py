"""The tables, and how an older file becomes a current one.

A job's row is also its tombstone: after `clear_after` it is active no more, and its version still holds off
whatever is older. `decisions.id` only grows, so that a follower misses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

MIGRATIONS: Final[Sequence[tuple[str, ...]]] = (
    (
        """CREATE TABLE scopes (
            id INTEGER PRIMARY KEY,
            profile TEXT NOT NULL,
            base_url TEXT NOT NULL,
            UNIQUE (profile, base_url))""",
        """CREATE TABLE jobs (
            id INTEGER PRIMARY KEY,
            scope INTEGER NOT NULL REFERENCES scopes (id),
            job TEXT NOT NULL,
            version INTEGER NOT NULL DEFAULT 0,
            record TEXT,
            said_by TEXT,
            as_of REAL,
            clear_after REAL,
            touch INTEGER,
            seen_at REAL NOT NULL,
            UNIQUE (job, scope))""",
        "CREATE INDEX jobs_by_touch ON jobs (touch) WHERE touch IS NOT NULL",
        """CREATE TABLE decisions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            job INTEGER NOT NULL REFERENCES jobs (id),
            at REAL NOT NULL,
            source TEXT NOT NULL,
            action TEXT NOT NULL,
            reason TEXT NOT NULL,
            record TEXT NOT NULL)""",
        "CREATE INDEX decisions_by_job ON decisions (job, id)",
        "CREATE INDEX decisions_by_time ON decisions (at)",
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID",
    ),
)
"""Statements that lead from version N to N + 1, by N. Only ever appended to."""


class NewerSchemaError(Exception):
    """Only a newer jobctl knows the tables of this file."""


def version_of(db: sqlite3.Connection) -> int:
    """Return the file's schema version; 0 for an empty file."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def migrate(db: sqlite3.Connection, migrations: Sequence[tuple[str, ...]] = MIGRATIONS) -> None:
    """Bring a file up to date. Safe while others do the same: whoever comes second finds it done.

    Raises:
        NewerSchemaError: a newer jobctl wrote it.
        sqlite3.Error: it cannot be written.
    """
    check_version(db, migrations)
    if version_of(db) == len(migrations):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        for number in range(version_of(db), len(migrations)):
            for statement in migrations[number]:
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {number + 1}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def check_version(db: sqlite3.Connection, migrations: Sequence[tuple[str, ...]] = MIGRATIONS) -> None:
    """Refuse a file whose tables only a newer jobctl knows.

    Raises:
        NewerSchemaError: it is such a file.
    """
    found = version_of(db)
    if found > len(migrations):
        raise NewerSchemaError(
            f"a newer jobctl wrote it (schema {found}, this one knows up to {len(migrations)})"
        )

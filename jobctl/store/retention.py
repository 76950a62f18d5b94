"""What is forgotten: decisions that are too old, the oldest ones of a file that is too large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

KEPT_FOR: Final = 30 * 86400.0
"""Seconds."""
KEPT_BYTES: Final = 10**9
_AT_ONCE: Final = 2000
_DAILY: Final = 86400.0


class Pruned(NamedTuple):
    """What was taken out, and how many bytes are left in use."""

    decisions: int
    jobs: int
    size: int


def prune(
    db: sqlite3.Connection,
    now: float,
    *,
    kept_for: float = KEPT_FOR,
    kept_bytes: int = KEPT_BYTES,
    go_on: Callable[[], bool] = lambda: True,
) -> Pruned:
    """Forget in small steps, so that other writers are never kept waiting; `go_on` may end it between two.

    Jobs without a decision that nobody saw for `kept_for` seconds go as well, their tombstones with them.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    gone = 0
    too_old = "DELETE FROM decisions WHERE id IN (SELECT id FROM decisions WHERE at < ? LIMIT ?)"
    oldest = "DELETE FROM decisions WHERE id IN (SELECT id FROM decisions ORDER BY id LIMIT ?)"
    while go_on() and (step := db.execute(too_old, (now - kept_for, _AT_ONCE)).rowcount):
        gone += step
    while (
        go_on()
        and size_of(db) > kept_bytes
        and (step := db.execute(oldest, (_share(db, kept_bytes),)).rowcount)
    ):
        gone += step
    jobs = db.execute(
        "DELETE FROM jobs WHERE seen_at < ? AND NOT EXISTS (SELECT 1 FROM decisions WHERE job = jobs.id)",
        (now - kept_for,),
    ).rowcount
    if go_on():
        db.execute("INSERT OR REPLACE INTO facts (name, value) VALUES ('pruned_at', ?)", (now,))
    while go_on() and _gave_pages_back(db):
        pass
    return Pruned(gone, jobs, size_of(db))


def is_due(db: sqlite3.Connection, now: float) -> bool:
    """Tell whether the last pruning was a day ago, or in a future that a clock once showed."""
    found = db.execute("SELECT value FROM facts WHERE name = 'pruned_at'").fetchone()
    return found is None or not 0 <= now - float(found[0]) < _DAILY


def size_of(db: sqlite3.Connection) -> int:
    """Return the bytes in use, free pages and the write-ahead log left out."""
    pages, free, size = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _gave_pages_back(db: sqlite3.Connection) -> bool:
    """Make the file smaller by one step; False when nothing came of it."""
    # A file restored from a dump is not made for this: its free pages are used again, never given back.
    free = db.execute("PRAGMA freelist_count").fetchone()
    if free != (0,):
        db.execute(f"PRAGMA incremental_vacuum({_AT_ONCE})").fetchall()
    return bool(db.execute("PRAGMA freelist_count").fetchone() != free)


def _share(db: sqlite3.Connection, kept_bytes: int) -> int:
    """How many decisions to take out next: about what is too much, and never too many at once."""
    count = db.execute("SELECT count(*) FROM (SELECT 1 FROM decisions LIMIT 1000000)").fetchone()[0]
    size = size_of(db)
    return max(1, min(_AT_ONCE, round(int(count) * (size - kept_bytes) / size)))

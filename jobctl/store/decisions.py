"""The rows of decisions: written many at once, read as a stream."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

_INSERT: Final = "INSERT INTO decisions (job, at, source, action, reason, record) VALUES "
_ROW: Final = "(?, ?, ?, ?, ?, ?)"
_CHUNKS: Final = (1024, 256, 32, 4, 1)
"""Rows of one statement: few sizes, so that SQLite has each of them prepared."""
_STATEMENTS: Final = {size: _INSERT + ", ".join([_ROW] * size) for size in _CHUNKS}
_PAGE: Final = 500


class Entry(NamedTuple):
    """One decision to be written. `at` is seconds since the epoch, `record` a line of a decision log."""

    job: str
    at: float
    source: str
    action: str
    reason: str
    record: str


class Filter(NamedTuple):
    """Which decisions; None: any. `since` is seconds since the epoch."""

    source: str | None = None
    action: str | None = None
    reason: str | None = None
    since: float | None = None


ANY: Final = Filter()
"""Every decision."""


def insert(db: sqlite3.Connection, entries: Sequence[Entry], rows: dict[str, int]) -> None:
    """Write decisions in order; `rows` has the row of each job. Inside a transaction."""
    # One statement takes many rows: each statement gives up the interpreter's lock, and where other threads
    # compute, getting it back costs more than many rows.
    position = 0
    for size, statement in _STATEMENTS.items():
        while len(entries) - position >= size:
            chunk = entries[position : position + size]
            db.execute(statement, [value for one in chunk for value in (rows[one.job], *one[1:])])
            position += size


def select(
    db: sqlite3.Connection, jobs: Sequence[int], wanted: Filter = ANY, *, after: int = 0
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (row number, record) of the jobs' decisions above row `after`, oldest first.

    Read page by page: a slow reader holds little, and does not keep the database's log from being folded in.
    """
    conditions = [f"job IN ({', '.join('?' * len(jobs))})"]
    values: list[Any] = list(jobs)
    for name in ("source", "action", "reason"):
        if (value := getattr(wanted, name)) is not None:
            conditions.append(f"{name} = ?")
            values.append(value)
    if wanted.since is not None:
        conditions.append("at >= ?")
        values.append(wanted.since)
    where = " AND ".join(conditions)
    query = f"SELECT id, record FROM decisions WHERE {where} AND id > ? ORDER BY id LIMIT {_PAGE}"  # noqa: S608 -- fixed words
    while page := db.execute(query, [*values, after]).fetchall():
        for after, text in page:  # noqa: PLR1704 -- the next page begins behind the last row of this one
            with suppress(ValueError, RecursionError):
                record = json.loads(text)
                if isinstance(record, dict):
                    yield after, record

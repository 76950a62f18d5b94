"""The sandbox's SQLite file: jobs, every state they ever had, and idempotency keys."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from jobctl.sandbox.lives import TERMINAL, Script, timeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST_NUMBER: Final = 1193930

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS jobs (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, number INTEGER UNIQUE, api TEXT NOT NULL,
    body TEXT NOT NULL, script TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    status TEXT NOT NULL, progress REAL NOT NULL, step INTEGER NOT NULL, cancel_at INTEGER, due INTEGER);
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (due) WHERE due IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_status ON jobs (status);
CREATE TABLE IF NOT EXISTS history (
    job TEXT NOT NULL, seq INTEGER NOT NULL, status TEXT NOT NULL, progress REAL NOT NULL,
    updated_at INTEGER NOT NULL, PRIMARY KEY (job, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys (
    api TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, job TEXT NOT NULL,
    PRIMARY KEY (api, key)) WITHOUT ROWID;
"""
_COLUMNS: Final = (
    "n, id, number, api, body, script, created_at, updated_at, status, progress, step, cancel_at, due"
)


@dataclass(frozen=True, slots=True)
class Job:
    """One job's record; times in µs since 1970. `step` counts the script's changes that have happened."""

    n: int
    id: str
    number: int | None
    api: str
    body: dict[str, Any] = field(hash=False)
    script: Script
    created_at: int
    updated_at: int
    status: str = "pending"
    progress: float = 0.0
    step: int = 0
    cancel_at: int | None = None

    @property
    def finished(self) -> bool:
        """Whether the status is terminal."""
        return self.status in TERMINAL

    @property
    def due(self) -> int | None:
        """When the next change is due, in µs; None when there is none."""
        if self.finished:
            return None
        steps = timeline(self.script)
        scripted = self.created_at + steps[self.step].offset
        return scripted if self.cancel_at is None else min(scripted, self.cancel_at)

    def changed(self, status: str, progress: float | None, at: int) -> Job:
        """The job after one change; its time never stands still or goes back."""
        progress = self.progress if progress is None else progress
        return replace(self, status=status, progress=progress, updated_at=max(at, self.updated_at + 1))

    def after_next_change(self) -> Job:
        """The job after the change that is due next."""
        step = timeline(self.script)[self.step]
        if self.cancel_at is not None and self.cancel_at < self.created_at + step.offset:
            return self.changed("cancelled", None, self.cancel_at)
        following = self.changed(step.status, step.progress, self.created_at + step.offset)
        return replace(following, step=self.step + 1)


@lru_cache(maxsize=4096)
def _script(text: str) -> Script:
    return Script(**json.loads(text))


@lru_cache(maxsize=4096)
def _text(script: Script) -> str:
    return json.dumps(asdict(script))


class Database:
    """One connection, used from one thread. Writes are durable before anyone can read them.

    The file is locked while open: a second sandbox on it gets `sqlite3.OperationalError`.
    """

    def __init__(self, path: str | Path | None) -> None:
        # check_same_thread: opened by whoever starts the sandbox, then used from its one loop only.
        self._db = sqlite3.connect(
            ":memory:" if path is None else str(path),
            timeout=0.5,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            self._db.executescript(
                "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA
            )
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("COMMIT")
        except sqlite3.Error:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file and give up the lock."""
        self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is written together or not at all."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk may have rolled it back already
                self._db.execute("ROLLBACK")
            raise

    def next_n(self) -> int:
        """Number of the next job, counting from 1."""
        return int(self._db.execute("SELECT coalesce(max(n), 0) + 1 FROM jobs").fetchone()[0])

    def next_number(self) -> int:
        """Next integer id."""
        return int(
            self._db.execute("SELECT coalesce(max(number) + 1, ?) FROM jobs", (FIRST_NUMBER,)).fetchone()[0]
        )

    def find(self, job_id: str) -> Job | None:
        """The job as it was last written."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (job_id,)).fetchone()  # noqa: S608
        return None if row is None else self._job(row)

    def insert(self, job: Job) -> None:
        """Write a new job and the first entry of its history."""
        self._db.execute(
            f"INSERT INTO jobs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (
                *(job.n, job.id, job.number, job.api, json.dumps(job.body), _text(job.script)),
                *(job.created_at, job.updated_at, job.status, job.progress, job.step, job.cancel_at, job.due),
            ),
        )
        self._remember(job)

    def update(self, job: Job, *, seen: bool = True) -> None:
        """Write a job's new state, into its history too when it is one that can be seen."""
        self._db.execute(
            "UPDATE jobs SET script=?, updated_at=?, status=?, progress=?, step=?, cancel_at=?, due=?"
            " WHERE n=?",
            (
                _text(job.script),
                job.updated_at,
                job.status,
                job.progress,
                job.step,
                job.cancel_at,
                job.due,
                job.n,
            ),
        )
        if seen:
            self._remember(job)

    def history(self, job_id: str) -> list[tuple[int, str, float, int]]:
        """Every state: seq, status, progress, µs."""
        query = "SELECT seq, status, progress, updated_at FROM history WHERE job = ? ORDER BY seq"
        return self._db.execute(query, (job_id,)).fetchall()

    def state_at(self, job_id: str, moment: int) -> tuple[str, float, int] | None:
        """The state a job had at a moment; None when it did not exist yet."""
        query = (
            "SELECT status, progress, updated_at FROM history WHERE job = ? AND updated_at <= ?"
            " ORDER BY seq DESC LIMIT 1"
        )
        row: tuple[str, float, int] | None = self._db.execute(query, (job_id, moment)).fetchone()
        return row

    def select(self, where: str, values: list[Any], limit: int, offset: int) -> tuple[list[Job], int]:
        """Jobs newest first and how many there are in all; `where` is built from constants by the caller."""
        total = int(self._db.execute(f"SELECT count(*) FROM jobs WHERE {where}", values).fetchone()[0])  # noqa: S608
        query = f"SELECT {_COLUMNS} FROM jobs WHERE {where} ORDER BY n DESC LIMIT ? OFFSET ?"  # noqa: S608
        rows = self._db.execute(query, [*values, limit, offset]).fetchall()
        return [self._job(row) for row in rows], total

    def dues(self) -> list[tuple[int, str]]:
        """When each unfinished job changes next."""
        return self._db.execute("SELECT due, id FROM jobs WHERE due IS NOT NULL").fetchall()

    def keyed(self, api: str, key: str) -> tuple[str, str] | None:
        """Body digest and job id of an idempotency key."""
        row: tuple[str, str] | None = self._db.execute(
            "SELECT digest, job FROM keys WHERE api = ? AND key = ?", (api, key)
        ).fetchone()
        return row

    def remember_key(self, api: str, key: str, digest: str, job_id: str) -> None:
        """Tie an idempotency key to a job."""
        self._db.execute("INSERT INTO keys VALUES (?, ?, ?, ?)", (api, key, digest, job_id))

    def _remember(self, job: Job) -> None:
        self._db.execute(
            "INSERT INTO history SELECT ?, coalesce(max(seq) + 1, 0), ?, ?, ? FROM history WHERE job = ?",
            (job.id, job.status, job.progress, job.updated_at, job.id),
        )

    @staticmethod
    def _job(row: tuple[Any, ...]) -> Job:
        n, job_id, number, api, body, script, *rest, _due = row
        return Job(n, job_id, number, api, json.loads(body), _script(script), *rest)

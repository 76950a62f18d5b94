"""The one thread of a process that writes. Whoever hands it something never waits for the database.

What it is given while it writes it gathers and commits at once. What is committed survives `kill -9`
(write-ahead log, synchronous = NORMAL). While the database is locked it tries again, with a bounded backlog.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from jobctl.store import decisions, retention
from jobctl.store.checkpoints import Checkpoints
from jobctl.store.database import identity_of, open_for_writing, told
from jobctl.store.errors import StoreError, Trouble
from jobctl.store.jobs import Scope, compare_and_set, job_row, next_touch, scope_row, touch
from jobctl.text import visible

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from jobctl.model import Job
    from jobctl.store.decisions import Entry

_T = TypeVar("_T")
GATHER: Final = 0.02
"""Seconds from one commit's beginning to the next one's, at least."""
MOST_BYTES: Final = 64 * 2**20
"""Backlog of decisions, in characters of their records; what comes on top is lost, and counted."""
_LOCK_WAIT: Final = 0.2
_LARGEST_LOG: Final = 16_384
"""Pages of the write-ahead log after which a commit folds it in itself, should the thread not get to it.

Without the thread SQLite's own 1000 hold: the next command reads the whole log before it can do anything.
"""
_PRUNED_AT_END: Final = 0.05
"""Seconds that the end of a command may give to the daily pruning."""
_left_open: Final[list[sqlite3.Connection]] = []
"""Of files that were moved: closing takes away the side files by name, which may be those of a new one."""
_AGAIN: Final = (0.005, 0.03)
"""Seconds between two tries, drawn anew each time: two hundred writers must not try in step."""


@dataclass
class _Batch:
    entries: list[Entry] = field(default_factory=list)
    states: dict[str, Job] = field(default_factory=dict)
    touched: dict[str, None] = field(default_factory=dict)
    size: int = 0

    def __bool__(self) -> bool:
        return bool(self.entries or self.states or self.touched)


def _moved(path: Path) -> StoreError:
    message = f"{visible(str(path), 300)}: it was moved or deleted in the meantime"
    return StoreError(message, Trouble.NO_PLACE, hint="the next command begins a new one")


class Writer:
    """Writes decisions, states and touches of one scope."""

    def __init__(
        self,
        path: Path,
        scope: Scope,
        on_trouble: Callable[[StoreError], None],
        *,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """Nothing is opened before there is something to write; `on_trouble` is called at most once."""
        self._path, self._scope, self._on_trouble, self._most = path, scope, on_trouble, most_bytes
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._settled = threading.Condition(self._lock)
        self._closing = threading.Event()
        self._given_up, self._ended = False, False
        self._checkpoints = Checkpoints(path)
        self._gathered, self._taken = _Batch(), _Batch()
        self._thread: threading.Thread | None = None
        self._touch: int | None = None
        self._began = 0.0
        self._own: dict[str, int | None] = {}
        self.written = 0
        """Decisions committed."""
        self.lost = 0
        """Decisions that will never be."""

    def decision(self, entry: Entry, state: Job | None = None, *, touches: bool = False) -> None:
        """Hand over one decision, with the job's state where it changed."""
        with self._lock:
            if self._given_up or self._gathered.size + len(entry.record) > self._most:
                self.lost += 1
                return
            self._gathered.entries.append(entry)
            self._gathered.size += len(entry.record)
            if state is not None:
                self._gathered.states[entry.job] = state
            if touches:
                self._gathered.touched[entry.job] = None
        self._start()

    def touch(self, job: str) -> None:
        """Note that this command submitted or watches a job."""
        with self._lock:
            if self._given_up:
                return
            self._gathered.touched[job] = None
        self._start()

    def flush(self, wait: float) -> bool:
        """Wait up to `wait` seconds until everything handed over so far is committed; False: it is not."""
        with self._lock:
            return self._settled.wait_for(lambda: not (self._gathered or self._taken), wait)

    def close(self, wait: float) -> int:
        """Write what is left, for at most `wait` seconds; return how many decisions were lost in all.

        The thread goes on a little after that: it folds the log in, which nobody needs to wait for.
        """
        self._closing.set()
        self._wake.set()
        with self._lock:
            if self._thread is not None:
                self._settled.wait_for(lambda: self._ended, wait)
            self._given_up = True
            self.lost += len(self._gathered.entries) + len(self._taken.entries)
            self._gathered = _Batch()
        return self.lost

    def _start(self) -> None:
        self._wake.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="jobctl-store", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            with told(self._path):
                self._write_on()
        except StoreError as error:
            with self._lock:
                self._given_up = True
                self.lost += len(self._gathered.entries) + len(self._taken.entries)
                self._gathered, self._taken = _Batch(), _Batch()
                self._settled.notify_all()
            self._on_trouble(error)
        finally:
            self._end()

    def _end(self) -> None:
        with self._lock:
            self._ended = True
            self._settled.notify_all()

    def _write_on(self) -> None:
        db = self._patiently(lambda: open_for_writing(self._path, wait=_LOCK_WAIT))
        if db is None:
            return
        file = identity_of(self._path)
        try:
            while self._next_batch():
                if identity_of(self._path) != file:
                    _left_open.append(db)
                    raise _moved(self._path)
                if self._patiently(lambda: self._commit(db)) is None:
                    break
                self._settle()
                if self._checkpoints.has_begun:
                    db.execute(f"PRAGMA wal_autocheckpoint = {_LARGEST_LOG}")
                self._prune_daily(db)
            self._end()  # whoever closes waits for the commits, not for the log to be folded in
        finally:
            self._checkpoints.end()
            if db not in _left_open:
                db.close()

    def _next_batch(self) -> bool:
        """Wait for something to write and take it; False at the end."""
        self._wake.wait()
        self._closing.wait(max(0.0, self._began + GATHER - time.monotonic()))
        self._began = time.monotonic()
        with self._lock:
            self._wake.clear()
            self._taken, self._gathered = self._gathered, _Batch()
            if self._closing.is_set():
                self._wake.set()
                return bool(self._taken)
            return True

    def _settle(self) -> None:
        with self._lock:
            self.written += len(self._taken.entries)
            size, self._taken = self._taken.size, _Batch()
            self._settled.notify_all()
        self._checkpoints.wrote(size)

    def _patiently(self, work: Callable[[], _T]) -> _T | None:
        """Do it, again and again while others hold the database; None when nobody waits for it any more."""
        while not self._given_up:
            try:
                with told(self._path):
                    return work()
            except StoreError as error:
                if error.trouble is not Trouble.LOCKED:
                    raise
                time.sleep(random.uniform(*_AGAIN))  # noqa: S311 -- to be out of step is all that is needed
        return None

    def _commit(self, db: sqlite3.Connection) -> bool:
        batch, now = self._taken, time.time()
        own = dict(self._own)
        db.execute("BEGIN IMMEDIATE")
        try:
            scope = scope_row(db, self._scope)
            names = dict.fromkeys([*(entry.job for entry in batch.entries), *batch.touched])
            rows = {job: job_row(db, scope, job, now) for job in names}
            decisions.insert(db, batch.entries, rows)
            for job, state in batch.states.items():
                own[job] = compare_and_set(db, rows[job], state, own.get(job), now)
            number = self._touch
            if batch.touched and number is None:
                number = next_touch(db)
            for job in batch.touched:
                touch(db, rows[job], number or 0)
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
        self._own, self._touch = own, number
        return True

    def _prune_daily(self, db: sqlite3.Connection) -> None:
        end = time.monotonic() + _PRUNED_AT_END

        def go_on() -> bool:
            # A machine where only short commands run has to be pruned too, a little by each of them.
            return time.monotonic() < end if self._closing.is_set() else not self._wake.is_set()

        try:
            with told(self._path):
                if retention.is_due(db, time.time()):
                    retention.prune(db, time.time(), go_on=go_on)
        except StoreError as error:
            if error.trouble is not Trouble.LOCKED:  # another time, then
                raise

"""New decisions as other processes write them, without end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from jobctl.store import decisions, jobs
from jobctl.store.database import identity_of, open_for_reading, told
from jobctl.store.errors import StoreError
from jobctl.store.place import database_path
from jobctl.store.reading import WAIT

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping

    from jobctl.store.decisions import Filter
    from jobctl.store.jobs import Scope

PAUSE: Final = 0.1
"""Seconds between two looks; a look at a database that did not change costs some 20 µs."""


class Follower:
    """Yields a job's decisions from the first on, then what is new, whatever becomes of the file."""

    def __init__(self, job: str, scope: Scope | None, wanted: Filter, environ: Mapping[str, str]) -> None:
        self._job, self._scope, self._wanted = job, scope, wanted
        self._path = database_path(environ)
        self._db: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._seen_version: int | None = None
        self._after = 0

    def records(self, tell: Callable[[str], None], pause: float = PAUSE) -> Iterator[dict[str, Any]]:
        """Yield records for ever. What is wrong with the file is told once for as long as it lasts."""
        told_already = None
        while True:
            try:
                yield from self.new()
                told_already = None
            except StoreError as error:
                self.close()
                if error.message != told_already:
                    tell(f"{error.message}; still following")
                told_already = error.message
            time.sleep(pause)

    def new(self) -> Iterator[dict[str, Any]]:
        """Yield what was written since the last call.

        Raises:
            StoreError: the file cannot be read now.
        """
        with told(self._path):
            db = self._current()
            if db is None:
                return
            version = db.execute("PRAGMA data_version").fetchone()[0]
            if version == self._seen_version:
                return
            rows = [known.row for known in jobs.known_jobs(db, self._scope, job=self._job)]
            if rows:
                for number, record in decisions.select(db, rows, self._wanted, after=self._after):
                    self._after = number
                    yield record
            self._seen_version = version

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            self._db.close()
        self._db, self._file, self._seen_version = None, None, None

    def _current(self) -> sqlite3.Connection | None:
        """The database that is there now: somebody may have moved the old one away."""
        file = identity_of(self._path)
        if self._db is not None and file != self._file:
            self.close()
            self._after = 0
        if self._db is None:
            self._db, self._file = open_for_reading(self._path, wait=WAIT), file
        return self._db

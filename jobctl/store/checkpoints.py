"""Folding the write-ahead log into the database, beside the writer: it would wait for the disk meanwhile."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from jobctl.store.database import open_for_writing, told
from jobctl.store.errors import StoreError

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

EACH_BYTES: Final = 4 * 2**20
"""Written since the last checkpoint, before the next one."""
_PAGES: Final = 5 * 4096
"""What the least commit writes: whole pages of two tables and their indexes."""
_LOCK_WAIT: Final = 1.0


class Checkpoints:
    """A thread that begins with the first checkpoint: most commands never write so much."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._due = threading.Event()
        self._thread: threading.Thread | None = None
        self._since = 0
        self._ended = False

    @property
    def has_begun(self) -> bool:
        """Tell whether the thread folds the log in: then commits need not."""
        return self._thread is not None

    def wrote(self, size: int) -> None:
        """Take note of a commit of so many bytes."""
        self._since += size + _PAGES
        if self._since < EACH_BYTES or self._ended:
            return
        self._since = 0
        self._due.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="jobctl-checkpoints", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Begin no further one."""
        self._ended = True
        self._due.set()

    def _run(self) -> None:
        db: sqlite3.Connection | None = None
        try:
            with told(self._path):
                db = open_for_writing(self._path, wait=_LOCK_WAIT)
                while self._due.wait():
                    self._due.clear()
                    if self._ended:  # looked at after the clearing, which may have taken the end's own signal
                        break
                    db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except StoreError:
            return  # the writer meets the same trouble and tells it; the log is folded in by its own commits
        finally:
            if db is not None:
                db.close()

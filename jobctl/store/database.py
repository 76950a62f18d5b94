"""Opening the SQLite file, and SQLite's errors in words that say what to do next."""

from __future__ import annotations

import errno
import os
import shlex
import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from jobctl.store.errors import StoreError, Trouble
from jobctl.store.schema import NewerSchemaError, check_version, migrate, version_of
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PRIMARY: Final = 0xFF
"""The lower byte of an extended result code is the primary one."""
_TROUBLES: Final = {
    sqlite3.SQLITE_BUSY: Trouble.LOCKED,
    sqlite3.SQLITE_LOCKED: Trouble.LOCKED,
    sqlite3.SQLITE_CORRUPT: Trouble.CORRUPT,
    sqlite3.SQLITE_NOTADB: Trouble.CORRUPT,
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_CANTOPEN: Trouble.NO_PLACE,
    sqlite3.SQLITE_READONLY: Trouble.NO_PLACE,
    sqlite3.SQLITE_PERM: Trouble.NO_PLACE,
}
_ELSEWHERE: Final = "JOBCTL_STATE_DIR=FOLDER names another place, JOBCTL_MEMORY=off does without"


def open_for_writing(path: Path, *, wait: float) -> sqlite3.Connection:
    """Open the database, made with its folder where it does not exist. Statements wait `wait` s for a lock.

    Raises:
        StoreError: it cannot be used.
    """
    with told(path):
        _refuse_folder(path)
        _make_private(path)
        db = sqlite3.connect(path, timeout=wait, isolation_level=None)
        try:
            if version_of(db) == 0:
                db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # must come before the first table
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            migrate(db)
        except BaseException:
            db.close()
            raise
        return db


def open_for_reading(path: Path, *, wait: float) -> sqlite3.Connection | None:
    """Open the database read-only; None when nothing was ever written.

    Raises:
        StoreError: it cannot be read.
    """
    with told(path):
        _refuse_folder(path)
        try:
            if path.stat().st_size == 0:
                return None
        except FileNotFoundError:
            return None
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", timeout=wait, isolation_level=None, uri=True
        )
        try:
            check_version(db)
            if version_of(db) == 0:
                db.close()
                return None
        except BaseException:
            db.close()
            raise
        return db


def identity_of(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one of the same name; None when there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what SQLite and the operating system say into a `StoreError` about this file.

    Raises:
        StoreError: whatever they said.
    """
    try:
        yield
    except NewerSchemaError as error:
        hint = "update jobctl, or give this one a folder of its own: JOBCTL_STATE_DIR=FOLDER"
        raise StoreError(f"{_name(path)}: {error}", Trouble.NEWER, hint=hint) from error
    except sqlite3.Error as error:
        raise _error_of(path, error) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message = f"{_name(path)}: {reason}"
        raise StoreError(message, Trouble.NO_PLACE, hint=_ELSEWHERE) from error


def _error_of(path: Path, error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", None)
    trouble = _TROUBLES.get(code & _PRIMARY, Trouble.OTHER) if isinstance(code, int) else Trouble.OTHER
    hint = {
        Trouble.LOCKED: "another program holds it: see who with `fuser`, or set JOBCTL_MEMORY=off",
        Trouble.CORRUPT: f"move it away, jobctl begins a new one: {_move_aside(path)}",
        Trouble.FULL: "make room, then `jobctl log --prune` keeps it small",
    }.get(trouble, _ELSEWHERE)
    return StoreError(f"{_name(path)}: {visible(str(error))}", trouble, hint=hint)


def _move_aside(path: Path) -> str:
    """The command line. The side files belong to the old file: a new one beside them would be misread."""
    there = [end for end in ("", "-wal", "-shm") if path.with_name(path.name + end).exists()]
    moves = (f"mv {shlex.quote(f'{path}{end}')} {shlex.quote(f'{path}.bad{end}')}" for end in there)
    return visible(" && ".join(moves), 2000)


def _name(path: Path) -> str:
    return visible(str(path), 300)


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))


def _make_private(path: Path) -> None:
    """Only the user may read what was written about jobs. SQLite gives its side files the same mode."""
    folder = path.parent
    if not folder.is_dir():
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another process was faster; a file is told by the next line
            folder.mkdir(mode=0o700)
    try:
        # Only a file that is new is opened here: closing one takes away SQLite's locks on it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            with suppress(OSError):  # somebody else's file: theirs to protect
                path.chmod(0o600)

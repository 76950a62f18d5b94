"""Reading the memory: what `jobctl log`, `list`, `explain JOB` and a command without a job id ask it.

Everything here opens the database anew, read-only, and waits at most `WAIT` seconds for a lock.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from jobctl.store import decisions as decision_rows
from jobctl.store import jobs as job_rows
from jobctl.store.database import open_for_reading, told
from jobctl.store.decisions import ANY, Filter
from jobctl.store.place import database_path

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from jobctl.store.jobs import KnownJob, Scope

WAIT: Final = 0.5


@contextmanager
def reading(environ: Mapping[str, str] | None = None) -> Iterator[sqlite3.Connection | None]:
    """Open the memory for reading; None when nothing was ever written.

    Raises:
        StoreError: it cannot be read; also for what goes wrong inside the block.
    """
    path = database_path(os.environ if environ is None else environ)
    db = open_for_reading(path, wait=WAIT)
    try:
        with told(path):
            yield db
    finally:
        if db is not None:
            db.close()


def find(job: str, environ: Mapping[str, str] | None = None) -> list[Scope]:
    """Return the scopes that know a job of this id, the one touched or seen last first.

    Raises:
        StoreError: the database cannot be read.
    """
    return [known.scope for known in find_known(job, environ)]


def find_known(job: str, environ: Mapping[str, str] | None = None) -> list[KnownJob]:
    """Return what is known of a job in each scope; raises as `find` does."""
    with reading(environ) as db:
        return [] if db is None else list(job_rows.known_jobs(db, job=job))


def known_in(scope: Scope, environ: Mapping[str, str] | None = None) -> list[KnownJob]:
    """Return all known jobs of a scope, those touched or seen last first; raises as `find` does."""
    with reading(environ) as db:
        return [] if db is None else list(job_rows.known_jobs(db, scope))


def known_of(scope: Scope, jobs: Iterable[str], environ: Mapping[str, str] | None = None) -> list[KnownJob]:
    """Return what a scope knows of these jobs; raises as `find` does."""
    with reading(environ) as db:
        if db is None:
            return []
        return [known for job in jobs for known in job_rows.known_jobs(db, scope, job=job)]


def last_touched(
    scope: Scope | None, now: float, environ: Mapping[str, str] | None = None
) -> KnownJob | None:
    """Return the job that was submitted or watched last, in one scope or anywhere; raises as `find` does."""
    with reading(environ) as db:
        return None if db is None else job_rows.last_touched(db, scope, now)


def decisions(
    job: str,
    scope: Scope | None = None,
    wanted: Filter = ANY,
    environ: Mapping[str, str] | None = None,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (row number, record as in a decision log) of a job, oldest first, never all in memory.

    `scope` None takes the job's decisions from every scope, as they were written.

    Raises:
        StoreError: the database cannot be read.
    """
    with reading(environ) as db:
        if db is None:
            return
        rows = [known.row for known in job_rows.known_jobs(db, scope, job=job)]
        if rows:
            yield from decision_rows.select(db, rows, wanted)

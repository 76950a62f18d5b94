"""The rows of jobs: compare-and-set, touches, and what is known of them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jobctl.lines import as_text
from jobctl.store.versions import merged, without_secrets
from jobctl.stored import job_of
from jobctl.story import job_record
from jobctl.text import visible

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from jobctl.model import Job

CLEARED_AFTER: Final = 10.0
"""Seconds after its end in which a job is still the active one."""
_AHEAD: Final = 60.0
"""Seconds that a state may be ahead of the clock. More, and the clock was set back: it is no later word."""
_COLUMNS: Final = (
    "scopes.profile, scopes.base_url, jobs.job, jobs.record, jobs.said_by, jobs.as_of, jobs.clear_after, "
    "jobs.touch, jobs.seen_at, jobs.id"
)


class Scope(NamedTuple):
    """Whose jobs: the profile's name and the base URL, which has no secrets in it."""

    profile: str
    base_url: str

    @property
    def words(self) -> str:
        """Both, printable."""
        return f"profile {visible(self.profile, 80)}, {visible(self.base_url, 200) or 'no base URL'}"


class KnownJob(NamedTuple):
    """What the store knows of one job. `job` is None while nobody ever answered about it.

    `clear_after` (seconds since the epoch) is set when the job ended, `touch` grows with each command that
    submitted or watched it, `row` is the number its decisions go by.
    """

    scope: Scope
    id: str
    job: Job | None
    clear_after: float | None
    touch: int | None
    seen_at: float
    row: int

    def is_cleared(self, now: float) -> bool:
        """Tell whether only its tombstone is left: it ended, and that was shown long enough."""
        # A clock that was set back must not keep an ended job active.
        return self.clear_after is not None and not 0 <= self.clear_after - now <= CLEARED_AFTER


def scope_row(db: sqlite3.Connection, scope: Scope) -> int:
    """Return the number of a scope, made where it is new. Inside a transaction."""
    found = db.execute("SELECT id FROM scopes WHERE profile = ? AND base_url = ?", scope).fetchone()
    if found is None:
        made = db.execute("INSERT INTO scopes (profile, base_url) VALUES (?, ?)", scope)
        return int(made.lastrowid or 0)
    return int(found[0])


def job_row(db: sqlite3.Connection, scope: int, job: str, now: float) -> int:
    """Return the number of a job, made where it is new. Inside a transaction."""
    found = db.execute("SELECT id FROM jobs WHERE job = ? AND scope = ?", (job, scope)).fetchone()
    if found is None:
        made = db.execute("INSERT INTO jobs (scope, job, seen_at) VALUES (?, ?, ?)", (scope, job, now))
        return int(made.lastrowid or 0)
    return int(found[0])


def compare_and_set(db: sqlite3.Connection, row: int, new: Job, own: int | None, now: float) -> int | None:
    """Write a state unless the row holds a newer one. Inside a transaction that began IMMEDIATE.

    `own` is the version this writer wrote last, exactly as it meant it: where the row still has it, its own
    state machine has decided, and may have lowered the status. Returns the version for the next call, None
    when what stands there now is not the writer's own.
    """
    found = db.execute(
        "SELECT job, version, record, said_by, as_of, clear_after FROM jobs WHERE id = ?", (row,)
    ).fetchone()
    if found is None:
        return None
    job, version, record, said_by, as_of, clear_after = found
    stored = _job_of(record, job, said_by, as_of)
    if stored is not None and stored.as_of > now + _AHEAD:
        stored = stored._replace(as_of=0.0)
    new = without_secrets(new)
    written: Job | None = new
    if stored is not None and (own is None or version != own):
        written = merged(stored, new)
    if written is None:
        return None
    if not written.status.terminal:
        clear_after = None
    elif clear_after is None or stored is None or stored.attempt != written.attempt:
        clear_after = now + CLEARED_AFTER
    text = as_text(job_record(written) or {})
    db.execute(
        "UPDATE jobs SET version = ?, record = ?, said_by = ?, as_of = ?, clear_after = ?, seen_at = ? "
        "WHERE id = ?",
        (version + 1, text, written.source, written.as_of, clear_after, now, row),
    )
    return int(version) + 1 if written is new else None


def next_touch(db: sqlite3.Connection) -> int:
    """Return a number above all touches so far. Inside a transaction."""
    return int(db.execute("SELECT coalesce(max(touch), 0) + 1 FROM jobs").fetchone()[0])


def touch(db: sqlite3.Connection, row: int, number: int) -> None:
    """Note that a command submitted or watches this job."""
    db.execute("UPDATE jobs SET touch = ? WHERE id = ?", (number, row))


def known_jobs(
    db: sqlite3.Connection, scope: Scope | None = None, *, job: str | None = None
) -> Iterator[KnownJob]:
    """Yield what is known, of one scope or one job id or all, those touched or seen last first."""
    if job is not None and any("\ud800" <= character <= "\udfff" for character in job):
        return iter(())  # no Unicode: no request carries such an id, and SQLite takes no such text
    wanted = _in_scope(scope)
    wanted += [("jobs.job = ?", (job,))] if job is not None else []
    return _select(db, wanted, "coalesce(touch, 0) DESC, seen_at DESC, jobs.id DESC")


def last_touched(db: sqlite3.Connection, scope: Scope | None, now: float) -> KnownJob | None:
    """Return what the last command touched; of several jobs one that has not ended, as far as is known."""
    wanted = [("touch IS NOT NULL", ()), *_in_scope(scope)]
    found = None
    for one in _select(db, wanted, "touch DESC, jobs.id DESC"):
        if found is not None and one.touch != found.touch:
            break
        if found is None or (found.is_cleared(now) and not one.is_cleared(now)):
            found = one
    return found


_Condition = tuple[str, tuple[Any, ...]]


def _in_scope(scope: Scope | None) -> list[_Condition]:
    return [("scopes.profile = ? AND scopes.base_url = ?", scope)] if scope is not None else []


def _select(db: sqlite3.Connection, wanted: Sequence[_Condition], order: str) -> Iterator[KnownJob]:
    where = " AND ".join(condition for condition, _ in wanted) or "1"
    tables = "jobs JOIN scopes ON scopes.id = jobs.scope"
    query = f"SELECT {_COLUMNS} FROM {tables} WHERE {where} ORDER BY {order}"  # noqa: S608 -- fixed words
    rows = db.execute(query, [value for _, values in wanted for value in values])
    for profile, base_url, job, record, said_by, as_of, *rest in rows:
        yield KnownJob(Scope(profile, base_url), job, _job_of(record, job, said_by, as_of), *rest)


def _job_of(record: str | None, job: str, said_by: str | None, as_of: float | None) -> Job | None:
    if record is None:
        return None
    with suppress(ValueError, RecursionError):
        decoded = json.loads(record)
        if isinstance(decoded, dict):
            return job_of(decoded, job, said_by or "", as_of or 0.0)
    return None

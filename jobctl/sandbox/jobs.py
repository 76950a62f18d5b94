"""The jobs themselves: submitted, moved along by the clock, cancelled; each state on record."""

from __future__ import annotations

import hashlib
import heapq
import json
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from jobctl.sandbox.database import Database, Job
from jobctl.sandbox.lives import MICROSECONDS, STATES, Script
from jobctl.sandbox.moments import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    Listener = Callable[[Job, Job], None]

APIS: Final = ("generation", "v1")


class KeyReused(Exception):  # noqa: N818
    """The idempotency key was used before, with another body."""


class AlreadyFinished(Exception):  # noqa: N818
    """The job cannot be cancelled any more; carries the job."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.id)
        self.job = job


@dataclass(frozen=True, slots=True)
class Filters:
    """Which jobs a list shows; None means all."""

    statuses: Collection[str] | None = None
    ids: Collection[str] | None = None
    numbered: bool = False
    limit: int = 50
    offset: int = 0


class JobStore:
    """All jobs of one sandbox (SQLite, `path=None`: in memory). Not thread-safe; one loop uses it.

    A job's life goes on by the clock whether or not anybody, or any process, looks: changes that came due
    while nothing ran are written, with the time they were due, once the store is open again.
    """

    def __init__(
        self, path: str | Path | None = None, clock: Callable[[], float] = time.time, seed: int = 0
    ) -> None:
        self._db = Database(path)
        self._clock = clock
        self._seed = seed
        self._listeners: dict[str, list[Listener]] = defaultdict(list)
        self._heap = self._db.dues()
        heapq.heapify(self._heap)
        self.on_earlier: Callable[[], None] = lambda: None

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def now(self) -> int:
        """The server's clock, in µs since 1970."""
        return round(self._clock() * MICROSECONDS)

    def submit(
        self,
        api: str,
        body: dict[str, Any],
        script: Script,
        *,
        key: str | None = None,
        job_id: str | None = None,
    ) -> Job:
        """Store a new job, or find the one this idempotency key made before.

        Raises:
            KeyReused: the key came with another body.
            ValueError: unknown API, or the wished-for id is taken or not possible there.
        """
        if api not in APIS:
            raise ValueError(f"profile: expected one of {', '.join(APIS)}, got {api!r}")
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        known = None if key is None else self._db.keyed(api, key)
        if known is not None:
            if known[0] != digest:
                raise KeyReused(key)
            return self._known(known[1])
        with self._db.transaction():
            job = self._new(api, body, script, job_id)
            self._db.insert(job)
            if key is not None:
                self._db.remember_key(api, key, digest, job.id)
        self._schedule(job)
        return job

    def get(self, job_id: str, ago: float = 0.0) -> Job | None:
        """The job now, or as it was `ago` seconds back (None: not there, or not there yet)."""
        job = self._db.find(job_id)
        if job is None:
            return None
        job = self._catch_up(job)
        if not ago:
            return job
        state = self._db.state_at(job_id, self.now() - round(ago * MICROSECONDS))
        return (
            None if state is None else replace(job, status=state[0], progress=state[1], updated_at=state[2])
        )

    def page(self, filters: Filters, ago: float = 0.0) -> tuple[list[Job], int]:
        """Jobs newest first, and how many match in all."""
        while self.advance():
            pass
        clauses, values = ["1"], []
        for column, wanted in (("status", filters.statuses), ("id", filters.ids)):
            if wanted is not None:
                clauses.append(f"{column} IN ({','.join('?' * len(wanted))})")
                values += list(wanted)
        if filters.numbered:
            clauses.append("number IS NOT NULL")
        jobs, total = self._db.select(" AND ".join(clauses), values, filters.limit, filters.offset)
        if ago:
            jobs = [old for job in jobs if (old := self.get(job.id, ago)) is not None]
        return jobs, total

    def cancel(self, job_id: str, *, delay: float = 0.0) -> Job:
        """Cancel a job now, or `delay` seconds from now.

        Raises:
            KeyError: no such job.
            AlreadyFinished: too late.
        """
        job = self._active(job_id)
        at = self.now() + round(delay * MICROSECONDS)
        if delay:
            asked = replace(job, cancel_at=at if job.cancel_at is None else min(at, job.cancel_at))
            self._rescript(asked)
            return asked
        with self._db.transaction():
            cancelled = job.changed("cancelled", None, at)
            self._db.update(cancelled)
        self._tell(cancelled, job)
        return cancelled

    def outrun_cancel(self, job_id: str) -> Job:
        """Let a job complete in spite of a cancel (KeyError, AlreadyFinished as `cancel`)."""
        job = self._active(job_id)
        winner = replace(job, script=replace(job.script, end="completed"))
        self._rescript(winner)
        return winner

    def history(self, job_id: str) -> list[dict[str, Any]]:
        """Every state the job ever had, oldest first (KeyError for an unknown id)."""
        job = self._known(job_id)
        return [
            {
                "seq": seq,
                "status": status,
                "state": STATES[status],
                "progress": progress,
                "updated_at": iso(at, 6),
            }
            for seq, status, progress, at in self._db.history(job.id)
        ]

    def states(self, job_id: str) -> list[tuple[int, Job]]:
        """The same as jobs, each with its number (KeyError for an unknown id)."""
        job = self._known(job_id)
        return [
            (seq, replace(job, status=status, progress=progress, updated_at=at))
            for seq, status, progress, at in self._db.history(job.id)
        ]

    def advance(self, limit: int = 500) -> int:
        """Write up to `limit` changes that are due; how many were looked at."""
        now, looked_at = self.now(), 0
        changes: list[tuple[Job, Job]] = []
        with self._db.transaction():
            while self._heap and self._heap[0][0] <= now and looked_at < limit:
                due, job_id = self._heap[0]
                job = self._db.find(job_id)
                # An entry that a cancel or a reader overtook is simply out of date.
                if job is not None and job.due == due:
                    changes += self._write_due(job, now)
                heapq.heappop(self._heap)
                looked_at += 1
        self._announce(changes)
        return looked_at

    def next_due(self) -> int | None:
        """When the next change is due, in µs."""
        return self._heap[0][0] if self._heap else None

    def reload(self) -> None:
        """Read the due times from the database again, after a write failed."""
        self._heap = self._db.dues()
        heapq.heapify(self._heap)

    def subscribe(self, job_id: str, listener: Listener) -> None:
        """Call `listener(after, before)` for every change of the job from now on."""
        self._listeners[job_id].append(listener)

    def unsubscribe(self, job_id: str, listener: Listener) -> None:
        """End a subscription."""
        self._listeners[job_id].remove(listener)
        if not self._listeners[job_id]:
            del self._listeners[job_id]

    def _new(self, api: str, body: dict[str, Any], script: Script, job_id: str | None) -> Job:
        n, number = self._db.next_n(), None
        if api == "generation":
            number = self._db.next_number() if job_id is None else _number(job_id)
            job_id = str(number)
        elif job_id is None:
            # Drawn from the seed, so that one seed gives one set of ids.
            job_id = str(
                uuid.UUID(bytes=hashlib.blake2b(f"{self._seed}/{n}".encode(), digest_size=16).digest())
            )
        if not job_id or self._db.find(job_id) is not None:
            raise ValueError(f"id: expected one that is not taken, got {job_id!r}")
        now = self.now()
        return Job(n, job_id, number, api, body, script, now, now)

    def _known(self, job_id: str) -> Job:
        job = self.get(job_id)
        if job is None:
            raise KeyError(job_id)
        return job

    def _active(self, job_id: str) -> Job:
        job = self._known(job_id)
        if job.finished:
            raise AlreadyFinished(job)
        return job

    def _rescript(self, job: Job) -> None:
        with self._db.transaction():
            self._db.update(job, seen=False)
        self._schedule(job)

    def _catch_up(self, job: Job) -> Job:
        now = self.now()
        if job.due is None or job.due > now:
            return job
        with self._db.transaction():
            changes = self._write_due(job, now)
        self._announce(changes)
        return changes[-1][0]

    def _write_due(self, job: Job, now: int) -> list[tuple[Job, Job]]:
        changes = []
        while job.due is not None and job.due <= now:
            before, job = job, job.after_next_change()
            self._db.update(job)
            changes.append((job, before))
        return changes

    def _announce(self, changes: list[tuple[Job, Job]]) -> None:
        # Only after the commit: nobody is told what a crash could still undo.
        last: dict[str, Job] = {}
        for after, before in changes:
            last[after.id] = after
            self._tell(after, before)
        for job in last.values():
            self._schedule(job)

    def _schedule(self, job: Job) -> None:
        if job.due is None:
            return
        entry = (job.due, job.id)
        heapq.heappush(self._heap, entry)
        if self._heap[0] == entry:
            self.on_earlier()

    def _tell(self, after: Job, before: Job) -> None:
        for listener in tuple(self._listeners.get(after.id, ())):
            listener(after, before)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or str(int(text)) != text or len(text) > 18:
        raise ValueError(f"id: expected a whole number, got {text!r}")
    return int(text)

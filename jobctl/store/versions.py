"""Which of two states of a job may stand in the store: what several processes that never met agree on. Pure.

A process that overwrites its own last state needs none of this: its state machine has decided. These rules
are for a state that somebody else wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.redact import redact, redact_text

if TYPE_CHECKING:
    from jobctl.model import Job


def merged(stored: Job, new: Job) -> Job | None:
    """Return what stands after `new` met `stored`: None when `stored` stays as it is.

    The newest server time of the attempt stays the floor, whoever brought it, a state that is refused
    included: a coarse copy of it must not let an older state in.
    """
    if not supersedes(stored, new):
        return _raised(stored, new)
    if _attempts(stored, new):
        return new
    floor, known = new.updated_at, stored.updated_at
    if known is None or (floor is not None and floor.compare(known) > 0):
        return new
    kept = known if floor is None else floor.finer_of(known)
    return new if kept == floor else new._replace(updated_at=kept, dated=new.dated and floor is not None)


def supersedes(stored: Job, new: Job) -> bool:
    """Tell whether `new` may replace `stored`: of a later attempt, newer, or of the same time and further.

    Where neither has a time the later word counts. An end is replaced by a state that is none only where the
    server's own time, or its attempt number, says so.
    """
    if by_attempt := _attempts(stored, new):
        return by_attempt > 0
    at, known_at = new.updated_at, stored.updated_at
    order = at.compare(known_at) if at is not None and known_at is not None else 0
    if order:
        return order > 0
    if stored.status.terminal != new.status.terminal:
        return new.status.terminal
    if at is None and known_at is None:
        return new.as_of >= stored.as_of
    further = _further(stored, new)
    return further > 0 if further else new.as_of >= stored.as_of


def _raised(stored: Job, new: Job) -> Job | None:
    """Return the stored state with the more precise of two equal times; None where it has that already."""
    at, known = new.updated_at, stored.updated_at
    if at is None or known is None or _attempts(stored, new) or at.compare(known):
        return None
    finer = known.finer_of(at)
    return None if finer == known else stored._replace(updated_at=finer)


def without_secrets(job: Job) -> Job:
    """Return the job as it may be written down."""
    return job._replace(
        raw_status=redact_text(job.raw_status), error=redact(job.error), result=redact(job.result)
    )


def _attempts(stored: Job, new: Job) -> int:
    if stored.attempt is None or new.attempt is None:
        return 0
    return (new.attempt > stored.attempt) - (new.attempt < stored.attempt)


def _further(stored: Job, new: Job) -> int:
    ranks = (new.status.rank > stored.status.rank) - (new.status.rank < stored.status.rank)
    if ranks or new.progress is None or stored.progress is None:
        return ranks
    return (new.progress > stored.progress) - (new.progress < stored.progress)

"""The decision rules: what one observation does to what is known. Pure, and the only place of this judgement.

Rules for whoever edits this file:
 1. First match wins. The order of the tests below is the order of the registry in `reasons.py`.
 2. No clock, no I/O, no exception: bad input is a decision.
 3. "Older", "newer" and "same time" exist only when both sides carry `updated_at`; the comparison is
    `Timestamp.compare`, at the coarser precision. Our own clock orders nothing.
 4. A change here needs a failing case first, and the exhaustive and simulated tests after it.
 5. The caller counts on `after is before` for everything but `APPLY`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobctl.model import Decision, Job, JobStatus, Observation, Source
from jobctl.reasons import Action, Reason

if TYPE_CHECKING:
    from jobctl.timestamps import Timestamp

_OLDER: Final = -1
_SAME: Final = 0
_NEWER: Final = 1
_RESTARTS: Final = frozenset({Reason.FIRST_SEEN, Reason.NEW_ATTEMPT, Reason.REOPENED})
"""Reasons after which nothing of the former record is carried over."""
_LOWERS: Final = frozenset({Reason.REQUEUED, Reason.CORRECTED, Reason.TERMINAL_CORRECTED})
"""Reasons after which details of the former status are dropped."""


def reconcile(job: Job | None, observation: Observation, *, follow_restarts: bool = False) -> Decision:
    """Decide what `observation` does to `job` (None: nothing known yet)."""
    reason = _judge(job, observation)
    action = reason.actions[0]
    if reason is Reason.SAME_TIME_REGRESSION:
        action = Action.IGNORE if job is not None and job.proven else Action.VERIFY
    elif reason is Reason.REOPENED and follow_restarts:
        action = Action.APPLY
    after = _applied(job, observation, reason) if action is Action.APPLY else job
    return Decision(observation, action, reason, job, after)


def _judge(job: Job | None, seen: Observation) -> Reason:
    status = seen.status
    if seen.keepalive:
        return Reason.KEEPALIVE
    if seen.said_id is not None and seen.said_id != seen.job and not _same_id(seen.said_id, seen.job):
        return Reason.OTHER_JOB
    if status is None:
        return Reason.UNREADABLE
    if job is not None and seen.source is Source.STORE:
        return Reason.STORED_HINT
    if (
        status.terminal
        # What a cancel answers is what was asked for: it never sets an end, dated or not.
        and (seen.updated_at is None or seen.source is Source.CANCEL)
        and not seen.source.is_read
        and seen.source
        is not Source.STORE  # a tombstone holds off late frames, and ends nothing: verified=False
        and (job is None or not job.status.terminal or _is_later_attempt(job, seen))
    ):
        return Reason.UNCONFIRMED_TERMINAL
    if job is None:
        return Reason.FIRST_SEEN
    if not job.verified and seen.source.is_read:
        # A hint from the store is outranked by any read, whatever their versions say.
        return Reason.CONFIRMED if status is job.status else Reason.FIRST_SEEN
    if seen.attempt is not None and job.attempt is not None and seen.attempt != job.attempt:
        return Reason.OLDER_ATTEMPT if seen.attempt < job.attempt else Reason.NEW_ATTEMPT
    at, known_at = seen.updated_at, job.updated_at
    order = None if at is None or known_at is None else at.compare(known_at)
    if job.status.terminal:
        return _judge_against_end(job, seen, status, order)
    return _judge_against_live(job, seen, status, order)


def _judge_against_end(job: Job, seen: Observation, status: JobStatus, order: int | None) -> Reason:
    """The job is known to have ended."""
    if not status.terminal:
        return Reason.REOPENED if order == _NEWER else Reason.TERMINAL_LOCK
    if order == _OLDER:
        return Reason.OLDER_UPDATE
    if status is not job.status:
        if (seen.source.is_read and order == _NEWER and job.dated) or _is_fresh(job, seen):
            return Reason.TERMINAL_CORRECTED
        return Reason.TERMINAL_CONFLICT
    return _judge_same_rank(job, seen, status, order)


def _judge_against_live(job: Job, seen: Observation, status: JobStatus, order: int | None) -> Reason:
    """The job is known and not known to have ended."""
    if order == _OLDER:
        return Reason.LATE_TERMINAL if status.terminal else Reason.OLDER_UPDATE
    rank, known_rank = status.rank, job.status.rank
    if rank > known_rank:
        return Reason.ADVANCED
    lower_rank = rank < known_rank
    lower = lower_rank or (
        seen.progress is not None and job.progress is not None and seen.progress < job.progress
    )
    if not lower:
        return _judge_same_rank(job, seen, status, order)
    if order == _NEWER and job.dated:
        return Reason.REQUEUED if lower_rank else Reason.PROGRESSED
    if _is_fresh(job, seen):
        return Reason.CORRECTED
    if order == _SAME:
        return Reason.SAME_TIME_REGRESSION
    # An undated state is later than its floor by an unknown amount: "newer than the floor" does not yet mean
    # newer than what is shown, and so it stands with the unversioned.
    return Reason.UNVERSIONED_REGRESSION


def _judge_same_rank(job: Job, seen: Observation, status: JobStatus, order: int | None) -> Reason:
    """Neither higher nor lower: is there anything new in it?"""
    if status is job.status and seen.source.is_read and not job.proven:
        return Reason.CONFIRMED
    if order == _NEWER or _has_news(job, seen, status):
        return Reason.PROGRESSED
    return Reason.DUPLICATE


def _has_news(job: Job, seen: Observation, status: JobStatus) -> bool:
    ended = job.status.terminal
    if seen.progress is not None and (job.progress is None or (seen.progress > job.progress and not ended)):
        return True
    # After the end only a read may replace a detail; anything may fill a blank.
    replaces = seen.source.is_read or not ended
    if seen.error is not None and (job.error is None or (replaces and seen.error != job.error)):
        return True
    if seen.result is not None and (job.result is None or (replaces and seen.result != job.result)):
        return True
    return not ended and (seen.raw_status != job.raw_status or status is not job.status)


def _is_fresh(job: Job, seen: Observation) -> bool:
    """A verified read is evidence of now: nothing applied since it was sent, and no store answered it."""
    return (
        seen.source is Source.VERIFY
        and seen.basis == job.revision
        and (seen.http is None or seen.http.cached_by is None)
    )


def _is_later_attempt(job: Job, seen: Observation) -> bool:
    return seen.attempt is not None and job.attempt is not None and seen.attempt > job.attempt


def _same_id(one: str, other: str) -> bool:
    """Ids are compared as servers spell them: case and the dashes or braces of a UUID do not matter."""
    return _bare_id(one) == _bare_id(other)


def _bare_id(text: str) -> str:
    bare = text.casefold()
    stripped = bare.strip("{}").removeprefix("urn:uuid:").replace("-", "")
    is_uuid = len(stripped) == 32 and all(c in "0123456789abcdef" for c in stripped)
    return stripped if is_uuid else bare


def _applied(job: Job | None, seen: Observation, reason: Reason) -> Job:
    status = seen.status or JobStatus.UNKNOWN
    raw = seen.raw_status or status.value
    has_version = seen.updated_at is not None
    if job is None or reason in _RESTARTS or not job.verified:
        return Job(
            seen.job,
            status,
            raw,
            seen.updated_at,
            seen.progress,
            seen.attempt,
            seen.error,
            seen.result,
            has_version or seen.source.is_read,
            has_version,
            seen.source is not Source.STORE,
            1 if job is None else job.revision + 1,
            seen.source,
            seen.received_at,
        )
    lowers = reason in _LOWERS
    floor = _newest(job, seen)
    return Job(
        job.id,
        status,
        raw,
        floor,
        job.progress if seen.progress is None and not lowers else seen.progress,
        job.attempt if seen.attempt is None else seen.attempt,
        job.error if seen.error is None and not lowers else seen.error,
        job.result if seen.result is None and not lowers else seen.result,
        has_version or seen.source.is_read or (job.proven and status is job.status),
        seen.updated_at is not None and floor is not None and floor.unit == seen.updated_at.unit,
        True,
        job.revision + 1,
        seen.source,
        seen.received_at,
    )


def _newest(job: Job, seen: Observation) -> Timestamp | None:
    at, known_at = seen.updated_at, job.updated_at
    if at is None or known_at is None:
        return at or known_at
    return at.finer_of(known_at) if at.compare(known_at) == 0 else at

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

# Reading a member off its Enum costs ten times a global name, and every message passes here several times.
_KEEPALIVE: Final = Reason.KEEPALIVE
_OTHER_JOB: Final = Reason.OTHER_JOB
_UNREADABLE: Final = Reason.UNREADABLE
_STORED_HINT: Final = Reason.STORED_HINT
_UNCONFIRMED_TERMINAL: Final = Reason.UNCONFIRMED_TERMINAL
_FIRST_SEEN: Final = Reason.FIRST_SEEN
_OLDER_ATTEMPT: Final = Reason.OLDER_ATTEMPT
_NEW_ATTEMPT: Final = Reason.NEW_ATTEMPT
_TERMINAL_LOCK: Final = Reason.TERMINAL_LOCK
_REOPENED: Final = Reason.REOPENED
_LATE_TERMINAL: Final = Reason.LATE_TERMINAL
_OLDER_UPDATE: Final = Reason.OLDER_UPDATE
_TERMINAL_CORRECTED: Final = Reason.TERMINAL_CORRECTED
_TERMINAL_CONFLICT: Final = Reason.TERMINAL_CONFLICT
_REQUEUED: Final = Reason.REQUEUED
_CORRECTED: Final = Reason.CORRECTED
_SAME_TIME_REGRESSION: Final = Reason.SAME_TIME_REGRESSION
_UNVERSIONED_REGRESSION: Final = Reason.UNVERSIONED_REGRESSION
_CONFIRMED: Final = Reason.CONFIRMED
_DUPLICATE: Final = Reason.DUPLICATE
_ADVANCED: Final = Reason.ADVANCED
_PROGRESSED: Final = Reason.PROGRESSED
_APPLY: Final = Action.APPLY
_STORE: Final = Source.STORE
_VERIFY: Final = Source.VERIFY
_CANCEL: Final = Source.CANCEL

_new: Final = tuple.__new__
"""Makes a named tuple at half the cost of calling its class, and without its checks."""

_OLDER: Final = -1
_SAME: Final = 0
_NEWER: Final = 1
_RESTARTS: Final = frozenset({_FIRST_SEEN, _NEW_ATTEMPT, _REOPENED})
"""Reasons after which nothing of the former record is carried over."""
_LOWERS: Final = frozenset({_REQUEUED, _CORRECTED, _TERMINAL_CORRECTED})
"""Reasons after which details of the former status are dropped."""


def reconcile(job: Job | None, observation: Observation, *, follow_restarts: bool = False) -> Decision:
    """Decide what `observation` does to `job` (None: nothing known yet)."""
    order = None
    if job is not None:
        at, known_at = observation.updated_at, job.updated_at
        if at is not None and known_at is not None:
            order = at.compare(known_at)
    reason = _judge(job, observation, order)
    action = reason.actions[0]
    if reason is _SAME_TIME_REGRESSION:
        action = Action.IGNORE if job is not None and job.proven else Action.VERIFY
    elif reason is _REOPENED and follow_restarts:
        action = _APPLY
    after = _applied(job, observation, reason, order) if action is _APPLY else job
    return _new(Decision, (observation, action, reason, job, after))


def _judge(job: Job | None, seen: Observation, order: int | None) -> Reason:
    status, source = seen.status, seen.source
    if seen.keepalive:
        return _KEEPALIVE
    said_id = seen.said_id
    if said_id is not None and said_id != seen.job and not same_id(said_id, seen.job):
        return _OTHER_JOB
    if status is None:
        return _UNREADABLE
    if job is not None and source is _STORE:
        return _STORED_HINT
    if (
        status.terminal
        # What a cancel answers is what was asked for: it never sets an end, dated or not.
        and (seen.updated_at is None or source is _CANCEL)
        and not source.is_read
        and source is not _STORE  # a tombstone holds off late frames, and ends nothing: verified=False
        # An end that only the store remembers is no known end.
        and (job is None or not (job.verified and job.status.terminal) or _is_later_attempt(job, seen))
    ):
        return _UNCONFIRMED_TERMINAL
    if job is None:
        return _FIRST_SEEN
    if not job.verified and source.is_read:
        # A hint from the store is outranked by any read, whatever their versions say.
        return _CONFIRMED if status is job.status else _FIRST_SEEN
    attempt = seen.attempt
    if attempt is not None and job.attempt is not None and attempt != job.attempt:
        return _OLDER_ATTEMPT if attempt < job.attempt else _NEW_ATTEMPT
    if job.status.terminal:
        return _judge_against_end(job, seen, status, order)
    return _judge_against_live(job, seen, status, order)


def _judge_against_end(job: Job, seen: Observation, status: JobStatus, order: int | None) -> Reason:
    """The job is known to have ended."""
    if not status.terminal:
        # Newer than the floor is not yet newer than an end that no time came with.
        is_later = order == _NEWER and (job.dated or _is_fresh(job, seen))
        return _REOPENED if is_later else _TERMINAL_LOCK
    if order == _OLDER:
        return _OLDER_UPDATE
    if status is not job.status:
        if (seen.source.is_read and order == _NEWER and job.dated) or _is_fresh(job, seen):
            return _TERMINAL_CORRECTED
        return _TERMINAL_CONFLICT
    return _judge_same_rank(job, seen, status, order)


def _judge_against_live(job: Job, seen: Observation, status: JobStatus, order: int | None) -> Reason:
    """The job is known and not known to have ended."""
    if order == _OLDER:
        return _LATE_TERMINAL if status.terminal else _OLDER_UPDATE
    rank, known_rank = status.rank, job.status.rank
    if rank > known_rank:
        return _ADVANCED
    lower_rank = rank < known_rank
    lower = lower_rank or (
        seen.progress is not None and job.progress is not None and seen.progress < job.progress
    )
    if not lower:
        return _judge_same_rank(job, seen, status, order)
    if order == _NEWER and job.dated:
        return _REQUEUED if lower_rank else _PROGRESSED
    if _is_fresh(job, seen):
        return _CORRECTED
    if order == _SAME:
        return _SAME_TIME_REGRESSION
    # An undated state is later than its floor by an unknown amount: "newer than the floor" does not yet mean
    # newer than what is shown, and so it stands with the unversioned.
    return _UNVERSIONED_REGRESSION


def _judge_same_rank(job: Job, seen: Observation, status: JobStatus, order: int | None) -> Reason:
    """Neither higher nor lower: is there anything new in it?"""
    if status is job.status and seen.source.is_read and not job.proven:
        return _CONFIRMED
    if order == _NEWER or _has_news(job, seen, status):
        return _PROGRESSED
    return _DUPLICATE


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
        seen.source is _VERIFY
        and seen.basis == job.revision
        and (seen.http is None or seen.http.cached_by is None)
    )


def _is_later_attempt(job: Job, seen: Observation) -> bool:
    return seen.attempt is not None and job.attempt is not None and seen.attempt > job.attempt


def same_id(one: str, other: str) -> bool:
    """Case, dashes and braces of a UUID do not matter (RFC 9562 section 4); any other id is what it is."""
    uuid = bare_uuid(one)
    return uuid is not None and uuid == bare_uuid(other)


def bare_uuid(text: str) -> str | None:
    """Return the digits of a UUID, however it is spelled; None for any other id."""
    bare = text.casefold().strip("{}").removeprefix("urn:uuid:").replace("-", "")
    return bare if len(bare) == 32 and all(c in "0123456789abcdef" for c in bare) else None


def _begun(job: Job | None, seen: Observation, status: JobStatus) -> Job:
    """Nothing is known, or nothing of what is known counts any more."""
    is_dated = seen.updated_at is not None
    return Job(
        seen.job,
        status,
        seen.raw_status or status.value,
        seen.updated_at,
        seen.progress,
        seen.attempt,
        seen.error,
        seen.result,
        proven=is_dated or seen.source.is_read,
        dated=is_dated,
        verified=seen.source is not _STORE,
        revision=1 if job is None else job.revision + 1,
        source=seen.source,
        as_of=seen.received_at,
    )


def _applied(job: Job | None, seen: Observation, reason: Reason, order: int | None) -> Job:
    _, source, received_at, _, status, raw, _, attempt, at, progress, error, result, _, _, _ = seen
    status = status or JobStatus.UNKNOWN
    if job is None or reason in _RESTARTS or not job.verified:
        return _begun(job, seen, status)
    if reason not in _LOWERS:  # what it does not say stays as it was
        progress = job.progress if progress is None else progress
        error = job.error if error is None else error
        result = job.result if result is None else result
    floor = at if order == _NEWER else _newest(job, seen, order)
    return _new(
        Job,
        (
            job.id,
            status,
            raw or status.value,
            floor,
            progress,
            job.attempt if attempt is None else attempt,
            error,
            result,
            at is not None or source.is_read or (job.proven and status is job.status),
            at is not None and floor is not None and floor.unit == at.unit,
            True,
            job.revision + 1,
            source,
            received_at,
        ),
    )


def _newest(job: Job, seen: Observation, order: int | None) -> Timestamp | None:
    at, known_at = seen.updated_at, job.updated_at
    if at is None or known_at is None:
        return at or known_at
    return at.finer_of(known_at) if order == _SAME else at

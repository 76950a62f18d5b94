"""The clocks of one watch: lost contact, the deadline and the stall guard."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from jobctl.model import JobStatus
from jobctl.watching import endings
from jobctl.watching.events import FailureKind, Level

if TYPE_CHECKING:
    from jobctl.model import Job
    from jobctl.watching.claim import Claim
    from jobctl.watching.events import Failure, Finish
    from jobctl.watching.options import WatchOptions
    from jobctl.watching.read_state import ReadState

_MOVING: Final = ("status", "raw_status", "progress", "attempt")
_ANSWER_WITHIN: Final = 10.0
"""Seconds left to the read that a Retry-After, or its turn, made wait."""


class TimeLimits:
    """Remembers when what happened; says what is overdue, and when to look again. Monotonic seconds."""

    def __init__(self, options: WatchOptions, reads: ReadState) -> None:
        self._options, self._reads = options, reads
        self._started_at = self._good_at = 0.0
        self._just_submitted = False
        self._silent_since: float | None = None
        """When the first bad read after the last good word came back; one that waits its turn is not bad."""
        self.had_contact = False
        self.changed_at = 0.0

    def start(self, now: float, *, just_submitted: bool) -> None:
        """The watch begins."""
        self._started_at = self._good_at = self.changed_at = now
        self._just_submitted = just_submitted

    def good_word(self, now: float) -> None:
        """A readable word about this job."""
        self.had_contact, self._silent_since, self._good_at = True, None, now

    def applied(self, now: float, before: Job | None, after: Job) -> None:
        """Something was applied; what only brings a new time moves nothing."""
        if before is None or any(getattr(before, name) != getattr(after, name) for name in _MOVING):
            self.changed_at = now

    def bad_read(self, now: float) -> None:
        """A read that brought nothing."""
        if self._silent_since is None:
            self._silent_since = now

    def in_grace(self, now: float) -> bool:
        """Just submitted, or never seen so far: a replica that lags may not know the job yet."""
        options = self._options
        grace = options.not_found_grace if self._just_submitted else 0.0
        if not self.had_contact:
            grace = max(grace, options.unseen_grace)
        return now < self._started_at + grace

    def loudness(self, now: float) -> Level:
        """A failed read is what one expects right after a submit, and news otherwise."""
        expected = self._just_submitted and self.in_grace(now)
        return Level.DETAIL if expected else Level.WARNING

    def overdue(self, now: float, job: Job | None, claim: Claim) -> Finish | None:
        """Return how the watch ends now, None while there is time."""
        options, failure = self._options, self._reads.last_failure
        if options.timeout is not None and self.is_out_of_time(now):
            return endings.deadline(job, options.timeout, failure, options.until)
        if self._silent_since is not None and now >= self._lost_at(self._silent_since):
            return endings.lost(job, failure, claim.seen, after=now - self._good_at)
        if job is not None and _may_stall(job) and now >= self.changed_at + options.stall_after:
            return endings.stalled(job, options.stall_after)
        return None

    def ended_by(self, failure: Failure, now: float, job: Job | None) -> Finish | None:
        """Return how the watch ends because of this failed read, None where asking again may help."""
        if failure.kind is FailureKind.AUTH:
            return endings.auth_refused(job, failure)
        if self._reads.gone(now) and not self.in_grace(now):
            return endings.gone(job, failure)
        if self._reads.refused:
            return endings.refused(job, failure)
        if failure.kind is FailureKind.FATAL and not self.had_contact:
            return endings.unreachable(job, failure)
        return None

    def is_out_of_time(self, now: float) -> bool:
        """Has the caller's own time passed?"""
        return now >= self._out_of_time_at

    def next_wake(self, job: Job | None, record_until: float | None, retry_at: float | None) -> float:
        """Return when to look again; infinity when a read is under way and nothing else is waited for."""
        candidates = [self._out_of_time_at]
        if record_until is not None:  # the end is proven: the other clocks stand still
            candidates.append(record_until)
        else:
            if job is not None and _may_stall(job):
                candidates.append(self.changed_at + self._options.stall_after)
            if self._silent_since is not None:
                candidates.append(self._lost_at(self._silent_since))
            if retry_at is not None:
                candidates.append(retry_at)
        if (due := self._reads.next_due()) is not None:
            candidates.append(due)
        return min(candidates)

    @property
    def _out_of_time_at(self) -> float:
        return math.inf if self._options.timeout is None else self._started_at + self._options.timeout

    def _lost_at(self, silent_since: float) -> float:
        limit = self._options.lost_after
        if not self.had_contact:
            limit = min(limit, self._options.first_contact)
            if self._just_submitted:
                limit = max(limit, self._options.not_found_grace)
        failure = self._reads.last_failure
        if failure is not None and failure.retry_after is not None:
            # The server asked us to wait: that is contact of a kind, but not for ever.
            asked_again = self._reads.next_poll_at + _ANSWER_WITHIN - silent_since
            limit = max(limit, min(asked_again, self._options.patience + _ANSWER_WITHIN))
        lost_at = silent_since + limit
        if not (self._options.has_quota and self.had_contact):
            return lost_at
        answer_due = self._reads.answer_due(_ANSWER_WITHIN)
        # One bad read is no lost contact where the next one only waits for its turn.
        if answer_due is not None and answer_due - _ANSWER_WITHIN > lost_at:
            return answer_due
        return lost_at


def _may_stall(job: Job) -> bool:
    """A word nobody mapped may well mean the end, and must not make an endless wait."""
    return job.status is JobStatus.UNKNOWN

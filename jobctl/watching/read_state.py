"""Reads as the watch machine sees them: at most one under way, when the next is due, and what failed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jobctl.model import Source
from jobctl.watching.events import Failure, FailureKind
from jobctl.watching.pacing import AdaptivePace, backoff

if TYPE_CHECKING:
    from jobctl.watching.options import WatchOptions

_VERIFY_CAP = 5.0
_GONE_AFTER = 2
_REFUSED_AFTER = 3


class ReadState:
    """Schedules polls and verified reads, and keeps count of failures in a row."""

    def __init__(self, options: WatchOptions) -> None:
        self._options = options
        self.pace = AdaptivePace(options.fastest, options.slowest, options.interval)
        self.in_flight: Source | None = None
        """Asked for and not answered; it may still wait for its turn."""
        self._waits = False
        self._sent_at = float("-inf")
        self.next_poll_at = 0.0
        self.verify_at: float | None = None
        self._idle_verifies = 0
        """Verified reads in a row that changed nothing: whatever asks for them deserves fewer."""
        self._verified_at = self._prompted_at = float("-inf")
        self._prompted = False
        """Something happened while a read was under way: its answer may be from before."""
        self._not_before = float("-inf")
        """Until then the server asked to be left alone (Retry-After), whatever else asks for a read."""
        self.failures = 0
        self.last_failure: Failure | None = None
        self._same_kind = 0
        self._same_since = 0.0

    def due(self, now: float) -> Source | None:
        """Return what should be read now, if anything. A verified read takes the place of a waiting poll."""
        if self.in_flight is not None and not self._may_be_overtaken:
            return None
        if self.verify_at is not None and now >= self.verify_at:
            return Source.VERIFY
        return Source.POLL if self.in_flight is None and now >= self.next_poll_at else None

    def next_due(self) -> float | None:
        """Return when `due` will say something, None while a read is under way."""
        if self.in_flight is not None:
            return self.verify_at if self._may_be_overtaken else None
        return self.next_poll_at if self.verify_at is None else min(self.verify_at, self.next_poll_at)

    @property
    def _may_be_overtaken(self) -> bool:
        return self._waits and self.in_flight is Source.POLL

    def asked(self, source: Source) -> None:
        """A read is under way, or waits for its turn."""
        self.in_flight, self._waits = source, True
        if source is Source.VERIFY:
            self.verify_at = None

    def sent(self, now: float) -> None:
        """Its request has left."""
        self._waits, self._sent_at = False, now

    def answer_due(self, within: float) -> float | None:
        """Return when the read under way should be answered; infinity before it is sent, None without one."""
        if self.in_flight is None:
            return None
        return math.inf if self._waits else self._sent_at + within

    def waits(self) -> None:
        """It waits for its turn again."""
        self._waits = self.in_flight is not None

    def prompt(self, now: float) -> None:
        """Something happened that only a read explains: poll at once, but not more often than `fastest`."""
        if self.in_flight is not None:
            self._prompted = True
            return
        at = max(now, self._prompted_at + self._options.fastest, self._not_before)
        if at < self.next_poll_at:
            self._prompted_at = self.next_poll_at = at

    def want_verify(self, now: float, random: float, *, at_once: bool = False) -> None:
        """Ask for a verified read: soon, and backing off while such reads change nothing."""
        if at_once:
            self.verify_at = max(now, self._not_before)
        elif self.verify_at is None:
            gap = self._options.fastest / 2
            if self._idle_verifies:
                gap = backoff(self._idle_verifies - 1, 0.5 + random / 2, base=gap, cap=_VERIFY_CAP)
            self.verify_at = max(now, self._verified_at + gap, self._not_before)

    def want_assertion(self, now: float) -> None:
        """Ask for a verified read soon, however little such reads change: one for all that was said."""
        if self.verify_at is not None and self.failures:
            return  # it backs off already
        at = max(now, self._verified_at + self._options.fastest / 2, self._not_before)
        self.verify_at = at if self.verify_at is None else min(self.verify_at, at)

    def returned(self, now: float) -> bool:
        """A read was answered; tell whether it was a verified one.

        Until it is decided it counts as one that changed nothing: what it asks for is spaced as well.
        """
        if self.in_flight is not Source.VERIFY:
            return False
        self._verified_at = now
        self._idle_verifies += 1
        return True

    def verify_applied(self) -> None:
        """It did change something."""
        self._idle_verifies = 0

    def answered(self, now: float, delay: float) -> None:
        """A read succeeded; the next poll is `delay` seconds away."""
        self.in_flight = None
        self.failures = self._same_kind = 0
        self.last_failure = None
        self.next_poll_at = now + delay
        if self._prompted:
            self._prompted = False
            self.prompt(now)

    def failed(self, now: float, failure: Failure, random: float) -> None:
        """A read failed: back off, longer when the server says so."""
        if self.in_flight is Source.VERIFY:
            self.want_verify(now + backoff(self.failures, random, cap=_VERIFY_CAP), random)
        self.in_flight, self._prompted = None, False
        same = self.last_failure is not None and self.last_failure.kind is failure.kind
        self._same_kind = self._same_kind + 1 if same and self._same_kind else 1
        if self._same_kind == 1:
            self._same_since = now
        self.failures += 1
        self.last_failure = failure
        wait = backoff(self.failures - 1, 0.5 + random / 2, cap=self._options.slowest * 2)
        if failure.kind in {FailureKind.NOT_FOUND, FailureKind.REFUSED}:
            wait = self._options.fastest
        if failure.retry_after:
            self._not_before = now + min(failure.retry_after, self._options.patience)
        self.next_poll_at = max(now + wait, self._not_before)
        if self.verify_at is not None:
            self.verify_at = max(self.verify_at, self._not_before)

    def contradicted(self) -> None:
        """The stream says that the job is alive: count refusals from the start."""
        self._same_kind = 0

    def gone(self, now: float) -> bool:
        """Not found, again and again: a few 404 may come from a lagging replica."""
        apart = now - self._same_since >= self._options.unseen_grace
        return apart and self._is_repeated(FailureKind.NOT_FOUND, _GONE_AFTER)

    @property
    def refused(self) -> bool:
        """The API keeps refusing the read itself."""
        return self._is_repeated(FailureKind.REFUSED, _REFUSED_AFTER)

    def _is_repeated(self, kind: FailureKind, times: int) -> bool:
        return self.last_failure is not None and self.last_failure.kind is kind and self._same_kind >= times

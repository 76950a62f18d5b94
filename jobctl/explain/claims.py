"""Ends that were claimed and not taken over at once: whether they came, and who said otherwise. Pure.

An undated frame or the answer to a cancel says that the job has ended. Three things may follow: the end comes
(then nothing was wrong), nothing more is recorded (then nobody knows), or somebody asked after it says
otherwise, and a client that believes the last word takes the end back.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from jobctl.explain.explanation import Cause
from jobctl.model import Source
from jobctl.reasons import Action, Reason

if TYPE_CHECKING:
    from jobctl.explain.events import Stream
    from jobctl.explain.explanation import Moment
    from jobctl.explain.moments import Decided
    from jobctl.model import JobStatus

_MOST: Final = 8
"""Claims that are followed at the same time."""
_CLAIMING: Final = frozenset({Reason.UNCONFIRMED_TERMINAL, Reason.TERMINAL_CONFLICT, Reason.LATE_TERMINAL})
_CLAIMANTS: Final = {
    Source.CANCEL: Cause.CANCEL_RESPONSE,
    Source.POLL: Cause.CACHED_READS,
    Source.VERIFY: Cause.CACHED_READS,
}
_DENIERS: Final = {Source.STREAM: Cause.STREAM_STALE, Source.CANCEL: Cause.CANCEL_RESPONSE}


class Weight(IntEnum):
    """What a denial proves."""

    EXCUSED = 0
    """It came from a cache, or was asked for before the end was claimed."""
    OPEN = 1
    """No sign tells whether it was an old copy."""
    SURE = 2
    """It asked to be uncached, or said something new."""


class Denial(NamedTuple):
    """Somebody said otherwise."""

    moment: Moment
    stream: Stream | None
    weight: Weight
    overtaken: bool


class Claimed(NamedTuple):
    """An end that was claimed and that jobctl did not take over at once."""

    moment: Moment
    status: JobStatus
    stream: Stream | None
    denied: Denial | None = None
    came: Moment | None = None
    """When it came to be true."""

    @property
    def blamed(self) -> Cause | None:
        """Whose word took the end back: the claim's own, or that of who denied it; None: nobody's so far."""
        denied = self.denied
        if denied is None:
            return None
        # A cancel takes its time, so that a read which still says running need be no old copy.
        is_open = denied.weight is Weight.OPEN and (self.came is None or self.moment.source is Source.CANCEL)
        if denied.weight is Weight.SURE or is_open:
            return _CLAIMANTS.get(self.moment.source, Cause.STREAM_STALE)
        return _DENIERS.get(denied.moment.source, Cause.CACHED_READS)


def is_claim(decided: Decided) -> bool:
    """Tell whether an end is claimed and not taken over; of two ends that differ, reads make a step back."""
    decision = decided.decision
    if decision.observation.source.is_read:
        return decision.reason is Reason.LATE_TERMINAL
    return decision.reason in _CLAIMING


def follow(claims: list[Claimed], decided: Decided) -> None:
    """Take the next word about the job: claims that came true and that nobody denied are forgotten."""
    if not claims:
        return
    truth, moment = decided.true, None
    for place in range(len(claims) - 1, -1, -1):
        one = claims[place]
        if one.came is not None:
            continue
        if truth is not None and truth.status is one.status and decided.decision.action is Action.APPLY:
            if one.denied is None:
                del claims[place]
            else:
                claims[place] = one._replace(came=decided.moment())
            continue
        weight = _weight(one, decided)
        if weight is not None and (one.denied is None or weight > one.denied.weight):
            moment = moment or decided.moment()
            overtaken = decided.event.sent < one.moment.at
            claims[place] = one._replace(denied=Denial(moment, decided.event.stream, weight, overtaken))


def claim(claims: list[Claimed], decided: Decided, moment: Moment) -> None:
    """Remember an end that is claimed, while there is room."""
    status = decided.decision.observation.status
    if status is not None and len(claims) < _MOST:
        claims.append(Claimed(moment, status, decided.event.stream))


def _weight(one: Claimed, decided: Decided) -> Weight | None:
    """Return what a word proves against a claim; None for one that does not deny it."""
    decision, said = decided.decision, decided.event
    seen = decision.observation
    if seen.status is None or seen.status is one.status or seen.keepalive:
        return None
    if seen.source is Source.STORE or decision.reason is Reason.OTHER_JOB:
        return None
    if said.sent < one.moment.at or (seen.http is not None and seen.http.cached_by is not None):
        return Weight.EXCUSED
    is_news = decision.action is Action.APPLY
    return Weight.SURE if is_news or seen.source is Source.VERIFY else Weight.OPEN

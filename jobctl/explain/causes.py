"""Which causes hold of what was found, the one that answers first. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.explain.explanation import Cause
from jobctl.model import JobStatus, Source

if TYPE_CHECKING:
    from jobctl.explain.facts import Back, Claimed, Facts

_ENOUGH = 2
"""Words about the job that a comparison needs."""


def causes_of(facts: Facts) -> tuple[Cause, ...]:
    """Return the causes that hold; never none.

    What was said against a known end comes first, then what came first. Where nothing went back, an end that
    was claimed and never came, a refused cancel, or caches that kept the job from being seen to go on.
    """
    found = [back.cause for back in sorted(facts.backs, key=_weight)]
    found += [_CLAIMANT.get(one.moment.source, Cause.STREAM_STALE) for one in false_ends(facts)]
    if facts.refused and facts.ended is not None:
        found.append(Cause.CANCEL_RESPONSE)
    if facts.cached and (found or facts.ended is None):
        found.append(Cause.CACHED_READS)
    if not found:
        found = [Cause.CLIENT_STATE if facts.words >= _ENOUGH else Cause.NOT_ENOUGH]
        if facts.cached:
            found.append(Cause.CACHED_READS)
    return tuple(dict.fromkeys(found))


_CLAIMANT = {Source.CANCEL: Cause.CANCEL_RESPONSE, Source.POLL: Cause.CACHED_READS}


def _weight(back: Back) -> tuple[bool, float]:
    return not back.known.shown.status.terminal, back.moment.at


def false_ends(facts: Facts) -> list[Claimed]:
    """Return the ends that were claimed while the job, as far as it was recorded, never ended so."""
    last = facts.steps[-1].shown.status if facts.steps else None
    ends: list[Claimed] = []
    for one in facts.claimed:
        is_read = one.moment.source.is_read
        later = [step for step in facts.steps if step.moment.at > one.moment.at]
        was_contradicted = last is not one.status and (bool(later) or one.status is JobStatus.CANCELLED)
        if was_contradicted and not is_read:
            ends.append(one)
    return ends

"""Which causes hold of what was found, the one that answers first. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.explain.explanation import Cause

if TYPE_CHECKING:
    from jobctl.explain.claims import Claimed
    from jobctl.explain.facts import Back, Facts

_ENOUGH = 2
"""Words about the job that a comparison needs."""


def causes_of(facts: Facts) -> tuple[Cause, ...]:
    """Return the causes that hold; never none.

    What was said against a known end comes first, then what came first. Where nothing went back, an end that
    was claimed and never came, a refused cancel, or caches that kept the job from being seen to go on.
    """
    found = [back.cause for back in sorted(facts.backs, key=_weight)]
    found += [one.blamed for one in facts.claimed if one.blamed is not None]
    if facts.refused and facts.ended is not None:
        found.append(Cause.CANCEL_RESPONSE)
    if facts.cached and (found or facts.is_stuck):
        found.append(Cause.CACHED_READS)
    if not found:
        found = [Cause.CLIENT_STATE if facts.words >= _ENOUGH else Cause.NOT_ENOUGH]
        if facts.cached:
            found.append(Cause.CACHED_READS)
    return tuple(dict.fromkeys(found))


def _weight(back: Back) -> tuple[bool, float]:
    return not back.known.shown.status.terminal, back.moment.at


def taken_back(facts: Facts, cause: Cause) -> Claimed | None:
    """Return the first end that was claimed and taken back for that cause."""
    return next((one for one in facts.claimed if one.blamed is cause), None)

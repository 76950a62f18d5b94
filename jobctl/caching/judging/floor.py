"""What the experiment had the power to see: the shortest life of a stored answer that would have shown."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Final

from jobctl.caching.findings import Floor
from jobctl.caching.judging.uniques import has_common_place, told_apart
from jobctl.caching.versions import order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobctl.caching.judging.experiment import Experiment
    from jobctl.exchange import Exchange

LEAST_PAIRS: Final = 2
"""Pairs of plain reads that were told apart, before an experiment counts as able to see a cache."""
_COUNTED: Final = 4
BY_CHANGES: Final = "changes of the job"


def detection_floor(experiment: Experiment) -> Floor | None:
    """Return the floor, None when the experiment had no power.

    Take a plain answer that was new when it came, and the next plain answer that is not the same one. A cache
    that stored the first could not have kept it from the first request to the second answer. Several such
    pairs lie at or below the floor, where there are as many: with two nodes, one pair may be luck.
    """
    gaps, by_version = [], 0
    for first, second in _pairs(experiment):
        differs = order(first, second) not in {0, None}
        if differs or told_apart(first, second, experiment.uniques):
            by_version += differs
            gaps.append(second.received - first.sent)
    if len(gaps) < LEAST_PAIRS + (not experiment.has_direct):  # nothing else would show the answers' age
        return None
    # What came twice without convicting anybody may still have come from a store: no power below that.
    least = max(_repeated(experiment), default=0.0)
    by = BY_CHANGES if by_version == len(gaps) else "values unique to each answer"
    return Floor(max(least, sorted(gaps)[:_COUNTED][-1]), len(gaps), by)


def _repeated(experiment: Experiment) -> Iterator[float]:
    """Yield over what time two plain answers had one fingerprint, or one state with another in between."""
    plain, uniques = experiment.plain, experiment.uniques
    for first, last in combinations(range(len(plain)), 2):
        if _differ(plain[first], plain[last], experiment):
            continue
        between = any(_differ(plain[first], one, experiment) for one in plain[first + 1 : last])
        if between or has_common_place(plain[first], plain[last], uniques):
            yield plain[last].received - plain[first].sent


def _pairs(experiment: Experiment) -> list[tuple[Exchange, Exchange]]:
    """Pair each plain answer that was new with the one that first differed from it.

    Without fingerprints a run of equal answers may all come from one store: it counts from its first to the
    answer that ends it.
    """
    plain = experiment.plain
    found = []
    for index, first in enumerate(plain[:-1]):
        if index and not _differ(plain[index - 1], first, experiment):
            continue
        following = next((one for one in plain[index + 1 :] if _differ(first, one, experiment)), None)
        if following is not None:
            found.append((first, following))
    return found


def _differ(first: Exchange, second: Exchange, experiment: Experiment) -> bool:
    return order(first, second) not in {0, None} or told_apart(first, second, experiment.uniques)


def changes_seen(experiment: Experiment) -> int:
    """Count how often the job changed from one control answer to the next."""
    control = experiment.control
    return sum(order(first, second) == -1 for first, second in pairwise(control))

"""R4: the same older answer again and again while the origin moves on. The rule that convicts a silent cache.

Older state alone convicts nobody: 5 to 30 % of reads going to a lagging replica look the same, for one
request, for one connection, or while a replica stands still. What a replica does not do is to freeze the
answer we were given while it was fresh, on every connection, while unique URLs beside it are answered fresh.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from jobctl.caching.findings import Finding, Rule
from jobctl.caching.judging.staleness import Regression, regressions, splits
from jobctl.caching.judging.uniques import told_apart
from jobctl.caching.versions import is_older, order, same
from jobctl.exchange import Exchange, Path, before

if TYPE_CHECKING:
    from jobctl.caching.judging.experiment import Experiment

_ADVANCES: Final = 2
"""Versions the control must move on between two answers of one old version."""
_LEAST_CONTROL: Final = 5
"""Control answers, all in order, before a frozen version counts."""
_SPLITS: Final = 2
"""Unique URLs answered freshly, each right before the frozen answer on the same connection."""
_RUN: Final = 3
"""Older answers in a row, all the same, on two connections at least."""
_LUCK: Final = 0.001
"""What chance is left to a replica that stands still, before a frozen version counts."""


def frozen(experiment: Experiment) -> list[Finding]:
    """R4: one older answer on two P while the control advanced by two versions in between.

    It must have been fresh when it was first given to us, and be corroborated: by unique URLs, or by a run of
    the same answer on several connections.
    """
    if len(experiment.control) < _LEAST_CONTROL:
        return []
    stale = regressions(experiment)
    for first, last in combinations(stale, 2):
        if not (before(first.plain, last.plain) and _is_one_answer(first.plain, last.plain, experiment)):
            continue
        advances = _advances(experiment, first.plain, last.plain)
        if advances < _ADVANCES or not _was_planted(experiment, first.plain):
            continue
        is_split = _is_split(experiment, stale, last.plain)
        if not (is_split or _is_run(experiment, stale, last.plain)):
            continue
        if _may_be_a_replica(experiment, last.plain, by_connection=not is_split):
            continue
        if not (is_split or _outlives_itself(experiment, last.plain)):
            continue
        detail = (
            f"answers {first.plain.number} and {last.plain.number} show the same state, "
            f"while the control moved on {advances} times"
        )
        return [Finding(Rule.R4, (last.control.number, last.plain.number), detail, last.seconds)]
    return []


def _is_one_answer(first: Exchange, second: Exchange, experiment: Experiment) -> bool:
    """Same state, and no fingerprint that says they were made separately."""
    return same(first, second) and not told_apart(first, second, experiment.uniques)


def _advances(experiment: Experiment, first: Exchange, last: Exchange) -> int:
    """Count how often the control moved on between two plain answers."""
    known = experiment.newest_before(first)
    count = 0
    for one in experiment.control:
        if known is not None and before(one, last) and before(known, one) and order(known, one) == -1:
            count, known = count + 1, one
    return count


def _was_planted(experiment: Experiment, frozen_answer: Exchange) -> bool:
    """Did a proxied read bring this answer while it was still fresh? That is when a cache stored it."""
    stale = {one.plain.number for one in regressions(experiment)}
    for one in (*experiment.plain, *experiment.busted):
        if before(one, frozen_answer) and _is_one_answer(one, frozen_answer, experiment):
            control = experiment.newest_before(one)
            return one.number not in stale and (control is None or not is_older(one, control))
    return False


def _is_split(experiment: Experiment, stale: list[Regression], last: Exchange) -> bool:
    """Twice a unique URL was fresh and the plain one, next on the same connection, this old answer."""
    answers = {one.plain.number for one in stale if _is_one_answer(one.plain, last, experiment)}
    return sum(plain.number in answers for _, plain in splits(experiment)) >= _SPLITS


def _is_run(experiment: Experiment, stale: list[Regression], last: Exchange) -> bool:
    """The latest older answers are all this one, three at least, on two connections at least.

    B among them are either fresh (another key) or this same answer (no part of the key), never a third state.
    """
    numbers = {one.plain.number: one.plain for one in stale}
    run: list[Exchange] = []
    for one in reversed([plain for plain in experiment.plain if plain.received <= last.received]):
        if one.number not in numbers or not _is_one_answer(one, last, experiment):
            break
        run.append(one)
    if len(run) < _RUN or len({one.connection for one in run}) < 2:
        return False
    return all(
        control is None or not is_older(one, control) or _is_one_answer(one, last, experiment)
        for one in experiment.busted
        if before(run[-1], one)
        for control in (experiment.newest_before(one),)
    )


def _may_be_a_replica(experiment: Experiment, last: Exchange, *, by_connection: bool) -> bool:
    """Could one share of all reads, going to a replica that stands still, have made this pattern?

    Of the answers since this version was replaced, `old` ones showed it and `new` ones did not. With a share
    q of the reads going to the replica that has a chance of q^old (1-q)^new; the q that favours the replica
    most is taken. A replica may be chosen for a connection too (not where unique URLs next to the plain one,
    on its connection, are fresh): then connections count. A fresh plain answer in between is no store's.
    """
    known = next((one for one in experiment.control if is_older(last, one)), None)
    if known is None:
        return True
    reads = experiment.of(Path.DIRECT, Path.PLAIN, Path.BUSTED)
    asked = [one for one in reads if before(known, one) and one.sent <= last.sent]
    old = [one for one in asked if same(one, last)]
    new = [one for one in asked if is_older(last, one)]
    if any(one.path is Path.PLAIN and old and before(old[0], one) for one in new):
        return True
    luck = _LUCK if experiment.has_direct else _LUCK / 10  # the control may be of the same replica
    if _chance(len(old), len(new)) > luck:
        return True
    connections = [len({one.connection for one in some}) for some in (old, new)]
    return by_connection and _chance(*connections) > luck


def _outlives_itself(experiment: Experiment, last: Exchange) -> bool:
    """Was this version shown for longer than it was ever the newest one?

    A path that leads to a follower some seconds behind shows each version late, but only for as long as the
    leader had it; of a job that changes in bursts that looks frozen.
    """
    shown = next(one for one in experiment.of(Path.PLAIN, Path.BUSTED) if same(one, last))
    newer = [one for one in experiment.control if is_older(last, one)]
    older = [one for one in experiment.control if is_older(one, last)]
    lives = [newer[0].received - older[-1].sent] if newer and older else []
    began = last.seen.updated_at if last.seen is not None else None
    for one in newer:
        ended = one.seen.updated_at if one.seen is not None else None
        if began is not None and ended is not None:
            coarse = max(began.unit, ended.unit) / 1e9
            lives.append((ended.ns - began.ns) / 1e9 + coarse)
    return bool(lives) and last.sent - shown.received > min(lives)


def _chance(old: int, new: int) -> float:
    """The largest q^old (1-q)^new of any share q."""
    share = old / max(1, old + new)
    return float(share**old * (1 - share) ** new)

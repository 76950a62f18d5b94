"""Rules about older state: R3 regression, R5 key split; and C1, an origin out of order. R4 is in `frozen`."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from jobctl.caching.findings import Finding, Rule
from jobctl.caching.judging.uniques import is_own_echo
from jobctl.caching.versions import is_older
from jobctl.exchange import Exchange, before

if TYPE_CHECKING:
    from jobctl.caching.judging.experiment import Experiment


class Regression(NamedTuple):
    """A plain answer older than a control answer that was complete before it was asked for."""

    control: Exchange
    plain: Exchange
    seconds: float
    """For how long, at least, what it shows had been out of date: since the control first showed newer."""


def regressions(experiment: Experiment) -> list[Regression]:
    """Return every P that is older than an earlier control answer, with the newest such answer.

    A P that repeats its own request id was made by the origin: C1's business, not the path's.
    """
    found = []
    for one in experiment.plain:
        newer = [other for other in experiment.control if before(other, one) and is_older(one, other)]
        if newer and not is_own_echo(one, experiment.uniques):
            found.append(Regression(newer[-1], one, max(0.0, one.sent - newer[0].received)))
    return found


def _behind(control: Exchange, plain: Exchange) -> str:
    """How far its `updated_at` is behind, which with a busy job is how stale it is."""
    newer, older = control.seen, plain.seen
    if newer is None or older is None or newer.updated_at is None or older.updated_at is None:
        return ""
    return f"; its updated_at is {(newer.updated_at.ns - older.updated_at.ns) / 1e9:.3g} s behind"


def regression_findings(experiment: Experiment) -> list[Finding]:
    """R3."""
    return [
        Finding(
            Rule.R3,
            (one.control.number, one.plain.number),
            f"answer {one.plain.number} is older than answer {one.control.number}, which was complete before"
            + _behind(one.control, one.plain),
            one.seconds,
        )
        for one in regressions(experiment)
    ]


def splits(experiment: Experiment) -> list[tuple[Exchange, Exchange]]:
    """Return pairs of a fresh B and the older P right after it on the same connection."""
    found = []
    for fresh in experiment.busted:
        following = next((one for one in experiment.plain if before(fresh, one)), None)
        control = experiment.newest_before(fresh)
        is_fresh = control is None or control is fresh or not is_older(fresh, control)
        if following is None or not is_fresh or not is_older(following, fresh):
            continue
        if fresh.connection == following.connection and not is_own_echo(following, experiment.uniques):
            found.append((fresh, following))
    return found


def key_split(experiment: Experiment) -> list[Finding]:
    """R5: a unique URL was answered freshly, the plain one with older state right after, same connection."""
    return [
        Finding(
            Rule.R5,
            (fresh.number, plain.number),
            f"unique URL {fresh.number} was fresh, plain URL {plain.number} older right after",
        )
        for fresh, plain in splits(experiment)
    ]


def control_disorder(experiment: Experiment) -> list[Finding]:
    """C1: of two control answers the later one was older; or the origin itself made an older P."""
    for first, last in combinations(experiment.control, 2):
        if before(first, last) and is_older(last, first):
            kind = "direct" if experiment.has_direct else "unique-URL"
            detail = f"{kind} answer {last.number} is older than {kind} answer {first.number} before it"
            return [Finding(Rule.C1, (first.number, last.number), detail)]
    for one in experiment.plain:
        newer = [other for other in experiment.control if before(other, one) and is_older(one, other)]
        if newer and is_own_echo(one, experiment.uniques):
            detail = f"answer {one.number} was made by the origin for this very request, and is older"
            return [Finding(Rule.C1, (newer[-1].number, one.number), detail)]
    return []

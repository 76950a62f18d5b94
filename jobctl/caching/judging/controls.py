"""Was it an experiment at all? Set-ups that failed, controls that are none, reasons for having no power."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobctl.caching.findings import Finding, Inconclusive, Rule
from jobctl.caching.judging.policies import forbids
from jobctl.caching.judging.uniques import told_apart
from jobctl.caching.versions import is_older
from jobctl.exchange import Path, before

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobctl.caching.judging.experiment import Experiment
    from jobctl.exchange import Exchange

_OF_PROBLEM: Final = {
    "unreachable": Inconclusive.UNREACHABLE,
    "timeout": Inconclusive.UNREACHABLE,
    "tunnel-page": Inconclusive.TUNNEL_PAGE,
    "not-json": Inconclusive.NOT_JSON,
    "not-the-job": Inconclusive.NOT_JSON,
    "refused": Inconclusive.NOT_JSON,
    "redirect": Inconclusive.REDIRECTED,
    "auth": Inconclusive.AUTH_REFUSED,
    "not-found": Inconclusive.JOB_NOT_FOUND,
    "rate-limited": Inconclusive.RATE_LIMITED,
    "server-error": Inconclusive.SERVER_ERROR,
}
_OF_STOP: Final = {
    "budget": Inconclusive.BUDGET,
    "rate-limited": Inconclusive.RATE_LIMITED,
    "server-error": Inconclusive.SERVER_ERROR,
    "tunnel-page": Inconclusive.TUNNEL_PAGE,
}


def setup_problem(experiment: Experiment) -> Inconclusive | None:
    """Return why the two sides cannot be compared at all, None where they can."""
    sides = [[Path.PLAIN]]
    if experiment.has_direct:
        sides.append([Path.DIRECT])
    for paths in sides:
        asked = [one for one in experiment.exchanges if one.path in paths]
        if asked and not any(one.seen is not None for one in asked):
            return _problem_of_side(experiment, asked)
    return None


def _problem_of_side(experiment: Experiment, asked: Sequence[Exchange]) -> Inconclusive:
    """No read of one side gave the job: by the last problem, and by what the other side knows."""
    problem = next((one.problem for one in reversed(asked) if one.problem is not None), None)
    if problem is None:
        return Inconclusive.NOTHING_READ
    reason = _OF_PROBLEM[problem.kind]
    if reason is Inconclusive.JOB_NOT_FOUND and any(one.seen is not None for one in experiment.exchanges):
        return Inconclusive.DIFFERENT_BACKEND
    return reason


def why_no_power(experiment: Experiment, findings: Sequence[Finding]) -> Inconclusive:
    """Return why nothing can be concluded although both sides answered."""
    if experiment.stopped in _OF_STOP:
        return _OF_STOP[experiment.stopped]
    if any(one.rule is Rule.C1 for one in findings):
        return Inconclusive.ORIGIN_NOT_MONOTONE
    if not experiment.has_direct and not is_buster_verified(experiment):
        return Inconclusive.BUSTER_UNVERIFIED
    return Inconclusive.JOB_NOT_CHANGING


def is_buster_verified(experiment: Experiment) -> bool:
    """Tell whether unique URLs were answered anew, or more freshly than the plain one right after."""
    for one in experiment.busted:
        following = next((plain for plain in experiment.plain if before(one, plain)), None)
        if following is not None and is_older(following, one):
            return True
        others = [other for other in experiment.busted if other is not one]
        if any(told_apart(other, one, experiment.uniques) for other in others):
            return True
    return False


def buster_is_ineffective(experiment: Experiment, findings: Sequence[Finding]) -> bool:
    """Tell whether a unique URL was answered from memory: the query is no part of the cache's key."""
    busted = {one.number for one in experiment.busted}
    replays = [one for one in findings if one.rule in {Rule.R1, Rule.R2} and one.exchanges]
    if any(one.exchanges[-1] in busted for one in replays):
        return True
    held = {one.rule for one in findings}
    older = [
        one
        for one in experiment.busted
        if any(before(other, one) and is_older(one, other) for other in experiment.direct)
    ]
    return Rule.R4 in held and Rule.C1 not in held and bool(older)


def no_store_arrives(experiment: Experiment) -> bool:
    """Tell whether the origin says `no-store` and every plain answer says so too."""
    control = experiment.direct if experiment.has_direct else experiment.busted
    answers = [*control, *experiment.plain]
    return bool(control and experiment.plain) and all(forbids(one) == "no-store" for one in answers)

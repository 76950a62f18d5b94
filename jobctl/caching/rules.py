"""★ From exchanges to a verdict. Pure: the probe, the mitmproxy addon and recordings are judged by this file.

For whoever edits it:
* A rule is a function from an experiment to findings, and a line of `RULES`. It claims what its line of the
  registry in `findings.py` says it proves, and no more.
* `fold` is the only place where findings become a verdict. Worst first; first match wins.
* A clean path must never be blamed. Older state alone convicts nobody (a replica lags), nor does a header
  alone (the origin may send it). When in doubt, INCONCLUSIVE with the reason.
* A failed set-up is never a verdict: see `setup_problem`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobctl.caching.findings import Diagnosis, Finding, Flag, Floor, Inconclusive, Rule, Verdict
from jobctl.caching.judging import controls, floor, frozen, policies, staleness, stores, validators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jobctl.caching.judging.experiment import Experiment

RULES: Final[tuple[Callable[[Experiment], list[Finding]], ...]] = (
    stores.echo_replays,
    stores.nonce_replays,
    staleness.regression_findings,
    frozen.frozen,
    staleness.key_split,
    validators.stale_validators,
    stores.declared_ages,
    stores.declared_words,
    policies.rewritten,
    policies.cacheable,
    policies.auth_leaks,
    staleness.control_disorder,
    stores.origin_side,
)
"""In the order of the registry; R9 and C3 stand on the others' findings."""

_REPLAYS: Final = frozenset({Rule.R1, Rule.R2})
_DECLARED: Final = frozenset({Rule.R7, Rule.R8})
_CONVICTING: Final = frozenset({Rule.R1, Rule.R2, Rule.R4, Rule.R7, Rule.R8})


def judge(experiment: Experiment) -> Diagnosis:
    """Put all rules to an experiment and fold what holds into a verdict."""
    findings = [finding for rule in RULES for finding in rule(experiment)]
    findings += policies.contradictions(experiment, [one for one in findings if one.rule in _CONVICTING])
    seen_floor = floor.detection_floor(experiment)
    if seen_floor is not None and _is_shaken(seen_floor, findings, has_direct=experiment.has_direct):
        seen_floor = None
    verdict = fold(findings, has_power=seen_floor is not None)
    if seen_floor is None and verdict in {Verdict.CACHEABLE, Verdict.INCONCLUSIVE}:
        findings.append(Finding(Rule.C3, (), _no_power(experiment)))
    problem = controls.setup_problem(experiment)
    reason = None
    if verdict in {Verdict.NO_CACHE_SEEN, Verdict.INCONCLUSIVE, Verdict.CACHEABLE} and problem is not None:
        verdict, reason = Verdict.INCONCLUSIVE, problem
    elif verdict is Verdict.INCONCLUSIVE:
        reason = controls.why_no_power(experiment, findings)
    return Diagnosis(
        verdict,
        tuple(findings),
        flags(experiment, findings),
        reason,
        _staleness(findings),
        seen_floor,
        best_evidence(findings, verdict),
        verdict is Verdict.NO_CACHE_SEEN and controls.no_store_arrives(experiment),
        floor.changes_seen(experiment),
        len(experiment.plain),
    )


def _is_shaken(seen: Floor, findings: Sequence[Finding], *, has_direct: bool) -> bool:
    """Tell whether states alone no longer tell answers apart: the control itself is out of order."""
    held = {one.rule for one in findings}
    return seen.by == floor.BY_CHANGES and Rule.C1 in held and (Rule.R3 in held or not has_direct)


def fold(findings: Sequence[Finding], *, has_power: bool) -> Verdict:
    """Fold findings into a verdict; `has_power`: a cache would have shown."""
    held = {one.rule for one in findings}
    if _proves_stale(findings, held):
        return Verdict.PROVEN_STALE
    if held & _REPLAYS:
        return Verdict.SERVED_FROM_CACHE
    if held & _DECLARED:
        return Verdict.CACHE_DECLARED
    # Under C1 older answers alone mean nothing; a frozen one still does, only not who froze it.
    if held & {Rule.R4, Rule.R6} or (held & {Rule.R3, Rule.R5} and Rule.C1 not in held):
        return Verdict.SUSPECT_STALE
    is_doubtful = not has_power and {Rule.C1, Rule.R3} <= held
    if Rule.R11 in held and not is_doubtful:
        return Verdict.CACHEABLE
    return Verdict.NO_CACHE_SEEN if has_power else Verdict.INCONCLUSIVE


def _proves_stale(findings: Sequence[Finding], held: set[Rule]) -> bool:
    """R3 on an answer that R1 or R2 shows to be a replay; without C1 also R4, R6, or R3 beside R7 or R8.

    An answer that is older, and of which the cache itself says that it came from its store, needs no more.
    """
    older = _convicts(findings, {Rule.R3})
    if older & _convicts(findings, _REPLAYS):
        return True
    if Rule.C1 in held:
        return False
    return bool(held & {Rule.R4, Rule.R6} or older & _convicts(findings, _DECLARED))


def _convicts(findings: Iterable[Finding], rules: Iterable[Rule]) -> set[int]:
    """Return the numbers of the answers that these rules point at: the last of each finding."""
    wanted = frozenset(rules)
    return {one.exchanges[-1] for one in findings if one.rule in wanted and one.exchanges}


def _staleness(findings: Sequence[Finding]) -> float | None:
    """Return the longest measured staleness; older answers of a disordered origin measure nothing."""
    rules = {Rule.R4, Rule.R6}
    if all(one.rule is not Rule.C1 for one in findings):
        rules.add(Rule.R3)
    return max(
        (one.seconds for one in findings if one.rule in rules and one.seconds is not None), default=None
    )


_BEST: Final = {
    Verdict.PROVEN_STALE: (Rule.R3, Rule.R4, Rule.R6),
    Verdict.SERVED_FROM_CACHE: (Rule.R1, Rule.R2),
    Verdict.CACHE_DECLARED: (Rule.R7, Rule.R8),
    Verdict.SUSPECT_STALE: (Rule.R3, Rule.R5),
}


def best_evidence(findings: Sequence[Finding], verdict: Verdict) -> tuple[int, int] | None:
    """Return the pair (control, convicted answer) that shows the verdict best: of the longest duration."""
    strong = _convicts(findings, _REPLAYS | _DECLARED | {Rule.R4})
    candidates = [one for one in findings if one.rule in _BEST.get(verdict, ()) and len(one.exchanges) == 2]
    if not candidates:
        return None
    best = max(candidates, key=lambda one: (one.exchanges[-1] in strong, one.seconds or 0.0))
    return best.exchanges[0], best.exchanges[-1]


def flags(experiment: Experiment, findings: Sequence[Finding]) -> tuple[Flag, ...]:
    """Return what is to be said beside the verdict."""
    held = {one.rule for one in findings}
    by_rule = {
        Flag.REWRITTEN: Rule.R10,
        Flag.AUTH_UNSAFE: Rule.R12,
        Flag.ORIGIN_SIDE_CACHE: Rule.C2,
        Flag.CONTRADICTION: Rule.R9,
    }
    found = [flag for flag, rule in by_rule.items() if rule in held]
    if controls.buster_is_ineffective(experiment, findings):
        found.append(Flag.BUSTER_INEFFECTIVE)
    if policies.clock_skew(experiment) is not None:
        found.append(Flag.CLOCK_SKEW)
    return tuple(found)


def _no_power(experiment: Experiment) -> str:
    return (
        f"{floor.changes_seen(experiment)} changes of the job seen, "
        f"{len(experiment.plain)} plain reads, nothing unique in each answer to tell them apart by"
    )


def is_worst_case(diagnosis: Diagnosis) -> bool:
    """Tell whether more requests cannot make the verdict worse: time to stop."""
    return diagnosis.verdict is Verdict.PROVEN_STALE


def unknown(reason: Inconclusive) -> Diagnosis:
    """Return the diagnosis of an experiment that could not begin."""
    return Diagnosis(Verdict.INCONCLUSIVE, (), reason=reason)

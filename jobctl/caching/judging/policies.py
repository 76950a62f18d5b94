"""Rules about what fields say: R9 contradiction, R10 rewritten, R11 cacheable, R12 auth leak, clock skew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobctl.caching.fields import POLICY_FIELDS, cache_control, combined, http_date, normal
from jobctl.caching.findings import Finding, Rule
from jobctl.caching.rfc9111 import exposure
from jobctl.exchange import Path
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobctl.caching.judging.experiment import Experiment
    from jobctl.exchange import Exchange

_SKEW: Final = 5.0
"""Seconds between the origin's Date and our clock that are worth a word; Date itself may lag by two."""
_WIDTH: Final = 120


def forbids(exchange: Exchange) -> str | None:
    """Return the directive by which an answer forbids shared caches to store it, None where none does."""
    control = cache_control(exchange.headers)
    if "no-store" in control and "must-understand" not in control:
        return "no-store"
    return "private" if control.unqualified("private") else None


def contradictions(experiment: Experiment, convicted: Sequence[Finding]) -> list[Finding]:
    """R9: answers that rules R1, R2, R4, R7 or R8 show to be stored, although their policy forbids it."""
    forbidding = {one.number: why for one in experiment.exchanges if (why := forbids(one)) is not None}
    for finding in convicted:
        for number in reversed(finding.exchanges):
            if number in forbidding:
                detail = f"answer {number} says {forbidding[number]}, yet {finding.rule} holds"
                return [Finding(Rule.R9, (number,), detail)]
    return []


def rewritten(experiment: Experiment) -> list[Finding]:
    """R10: a cache field that never looks alike on both paths, after normalising."""
    if not experiment.has_direct or not experiment.direct:
        return []
    proxied = [*experiment.plain, *experiment.busted]
    found = []
    for name in POLICY_FIELDS:
        there, here = _forms(experiment.direct, name), _forms(proxied, name)
        # A validator belongs to one state of the job: both sides must have been seen in the same state.
        if not here or there & here or (name in {"ETag", "Last-Modified"} and None not in there | here):
            continue
        first = experiment.direct[0]
        detail = f"{name}: {_shown(experiment.direct, name)} direct, {_shown(proxied, name)} proxied"
        found.append(Finding(Rule.R10, (first.number, proxied[0].number), detail))
    return found


def _forms(exchanges: Sequence[Exchange], name: str) -> set[str | None]:
    return {normal(one.headers, name) for one in exchanges}


def _shown(exchanges: Sequence[Exchange], name: str) -> str:
    text = combined(exchanges[0].headers, name)
    return "absent" if text is None else visible(text, _WIDTH)


def cacheable(experiment: Experiment) -> list[Finding]:
    """R11: a shared cache may keep the origin's answer to this request; on P's own fields as well."""
    found = []
    for side in (experiment.direct, experiment.plain or experiment.busted):
        worst = None
        for one in side:
            ground = exposure(
                one.method,
                one.status,
                one.headers,
                authorized=one.asked("authorization") is not None,
                received=one.at or None,
            )
            if ground is not None and (worst is None or ground > worst[0]):
                worst = ground, one
        if worst is not None:
            ground, one = worst
            detail = (
                f"for up to {ground.seconds:g} s: {visible(ground.ground, 160)} ({_section(ground.section)})"
            )
            found.append(Finding(Rule.R11, (one.number,), detail, ground.seconds))
    # One word for both sides where they say the same.
    return found[:1] if len({finding.detail for finding in found}) == 1 else found


def _section(section: str) -> str:
    return f"RFC 9111 section {section}" if section[:1].isdigit() else section


def auth_leaks(experiment: Experiment) -> list[Finding]:
    """R12: without credentials, P gave the job's record, and the origin does not."""
    refused = [one for one in experiment.of(Path.ANONYMOUS_DIRECT) if one.status in {401, 403}]
    if experiment.has_direct and not refused:
        return []
    for one in experiment.of(Path.ANONYMOUS):
        if one.status == 200 and one.seen is not None:
            numbers = (*(other.number for other in refused[:1]), one.number)
            detail = f"answer {one.number} to a request without credentials holds the job's record"
            return [Finding(Rule.R12, numbers, detail)]
    return []


def clock_skew(experiment: Experiment) -> float | None:
    """Return the origin's clock less ours in seconds, where they differ by more than a few; else None."""
    skews = []
    for one in experiment.direct:
        date = http_date(one.header("date"))
        if date is not None and one.at:
            skews.append(date - one.at)
    if not skews:
        return None
    middle = sorted(skews)[len(skews) // 2]
    return middle if abs(middle) > _SKEW else None

"""Rules about older state on P: R3 regression, R4 frozen, R5 key split, R6 a replaced validator confirmed.

Age alone convicts nobody: 5 to 30 % of reads going to a lagging replica look the same. What a replica with a
constant lag cannot do is to show *one* old version while the origin moves on by two.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final, NamedTuple

from jobctl.caching.fields import etag, strong_match
from jobctl.caching.findings import Finding, Rule
from jobctl.caching.versions import is_older, order, same
from jobctl.exchange import Path, before

if TYPE_CHECKING:
    from jobctl.caching.judging.experiment import Experiment
    from jobctl.exchange import Exchange

_ADVANCES: Final = 2
"""Versions the control must move on between two answers of one old version."""
_LEAST_CONTROL: Final = 5
"""Control answers, all in order, before a frozen version counts."""
_LEAST_CONFIRMED: Final = 2
"""304 answers to one replaced ETag."""


class Regression(NamedTuple):
    """A plain answer older than a control answer that was complete before it was asked for."""

    control: Exchange
    plain: Exchange
    seconds: float
    """For how long, at least, what it shows had been out of date: since the control first showed newer."""


def regressions(experiment: Experiment) -> list[Regression]:
    """Return every P that is older than an earlier control answer, with the newest such answer."""
    found = []
    for one in experiment.plain:
        newer = [other for other in experiment.control if before(other, one) and is_older(one, other)]
        if newer:
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


def frozen(experiment: Experiment) -> list[Finding]:
    """R4: one older version on two P while the control advanced by two versions in between."""
    if len(experiment.control) < _LEAST_CONTROL:
        return []
    stale = regressions(experiment)
    for first, last in combinations(stale, 2):
        if not (before(first.plain, last.plain) and same(first.plain, last.plain)):
            continue
        advances = _advances(experiment, first.plain, last.plain)
        if advances >= _ADVANCES:
            detail = (
                f"answers {first.plain.number} and {last.plain.number} show the same state, "
                f"while the control moved on {advances} times"
            )
            return [Finding(Rule.R4, (last.control.number, last.plain.number), detail, last.seconds)]
    return []


def _advances(experiment: Experiment, first: Exchange, last: Exchange) -> int:
    """Count how often the control moved on between two plain answers."""
    known = experiment.newest_before(first)
    count = 0
    for one in experiment.control:
        if known is not None and before(one, last) and before(known, one) and order(known, one) == -1:
            count, known = count + 1, one
    return count


def key_split(experiment: Experiment) -> list[Finding]:
    """R5: a unique URL was answered freshly, and the plain one right after it with older state."""
    found = []
    for fresh in experiment.busted:
        following = [one for one in experiment.plain if before(fresh, one)]
        control = experiment.newest_before(fresh)
        is_fresh = control is None or not is_older(fresh, control)
        if following and is_fresh and is_older(following[0], fresh):
            detail = f"unique URL {fresh.number} was fresh, plain URL {following[0].number} older right after"
            found.append(Finding(Rule.R5, (fresh.number, following[0].number), detail))
    return found


def stale_validators(experiment: Experiment) -> list[Finding]:
    """R6: `If-None-Match` with a strong ETag that the origin has replaced twice is answered 304, each time.

    It is asked more than once, and the origin, asked the same, must not say 304: a lagging replica confirms
    an old tag as well, but not always.
    """
    asked: dict[str, list[Exchange]] = {}
    for one in experiment.of(Path.VALIDATOR, Path.VALIDATOR_DIRECT):
        asked.setdefault(one.asked("if-none-match") or "", []).append(one)
    found = []
    for text, answers in asked.items():
        proxied = [one for one in answers if one.path is Path.VALIDATOR]
        direct = [one for one in answers if one.path is Path.VALIDATOR_DIRECT]
        tag = etag(text)
        if tag is None or tag.weak or not tag.is_valid or len(proxied) < _LEAST_CONFIRMED:
            continue
        if {one.status for one in direct} != {200} or {one.status for one in proxied} != {304}:
            continue
        replacements = _replacements(experiment, proxied[0])
        if len(replacements) >= _ADVANCES:
            seconds = max(0.0, proxied[-1].sent - replacements[0].received)
            detail = f"304 for {text}, which the origin had replaced {len(replacements)} times"
            numbers = (replacements[-1].number, proxied[-1].number)
            found.append(Finding(Rule.R6, numbers, detail, seconds))
    return found


def _replacements(experiment: Experiment, question: Exchange) -> list[Exchange]:
    """Return the control answers with a new strong ETag and a newer job, since the tag asked about.

    A tag that changes while the job does not (made anew for each answer) says nothing about the job.
    """
    tag = etag(question.asked("if-none-match"))
    found: list[Exchange] = []
    last: Exchange | None = None
    for one in experiment.control:
        current = etag(one.header("etag"))
        if not before(one, question) or current is None or tag is None:
            continue
        if strong_match(current, tag):
            found = []
            last = one
        elif last is not None and not current.weak and order(last, one) == -1:
            found.append(one)
            last = one
    return found


def control_disorder(experiment: Experiment) -> list[Finding]:
    """C1: of two control answers, the later one was older."""
    for first, last in combinations(experiment.control, 2):
        if before(first, last) and is_older(last, first):
            kind = "direct" if experiment.has_direct else "unique-URL"
            detail = f"{kind} answer {last.number} is older than {kind} answer {first.number} before it"
            return [Finding(Rule.C1, (first.number, last.number), detail)]
    return []

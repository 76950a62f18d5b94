"""R6: an ETag that the origin has replaced is still confirmed as current."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobctl.caching.fields import etag, strong_match
from jobctl.caching.findings import Finding, Rule
from jobctl.caching.versions import order
from jobctl.exchange import Exchange, Path, before
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.caching.judging.experiment import Experiment

_REPLACED: Final = 2
"""Times the origin must have replaced the tag: a lagging replica still has the last one."""
_CONFIRMED: Final = 2
"""Connections on which the plain URL says 304, and a unique URL next to it does not."""


def stale_validators(experiment: Experiment) -> list[Finding]:
    """R6: on two connections the plain URL confirms a replaced strong ETag, and a unique URL does not.

    The unique URL goes over the same connection right before: a replica chosen for the connection would say
    304 to both. The origin, asked the same, must not say 304 either.
    """
    asked: dict[str, list[Exchange]] = {}
    for one in experiment.of(Path.VALIDATOR, Path.VALIDATOR_BUSTED, Path.VALIDATOR_DIRECT):
        asked.setdefault(one.asked("if-none-match") or "", []).append(one)
    found = []
    for text, answers in asked.items():
        tag = etag(text)
        if tag is None or tag.weak or not tag.is_valid:
            continue
        confirmed = _confirmed(answers)
        replacements = _replacements(experiment, answers[0])
        if len(confirmed) >= _CONFIRMED and len(replacements) >= _REPLACED:
            seconds = max(0.0, confirmed[-1].sent - replacements[0].received)
            detail = f"304 for {visible(text, 80)}, which the origin had replaced {len(replacements)} times"
            numbers = (replacements[-1].number, confirmed[-1].number)
            found.append(Finding(Rule.R6, numbers, detail, seconds))
    return found


def _confirmed(answers: list[Exchange]) -> list[Exchange]:
    """Return the 304 answers of the plain URL, or nothing where anything contradicts them."""
    by_path = {path: [one for one in answers if one.path is path] for path in Path}
    direct, unique = by_path[Path.VALIDATOR_DIRECT], by_path[Path.VALIDATOR_BUSTED]
    plain = by_path[Path.VALIDATOR]
    if not direct or any(one.status != 200 for one in (*direct, *unique)):
        return []
    if any(one.status != 304 for one in plain):
        return []
    connections = {one.connection for one in unique}
    return [one for one in plain if one.connection in connections]


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

"""Rules that show a store at work, whatever it says: R1 and R2 by fingerprints, R7 and R8 by its own word."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from jobctl.caching.fields import cache_status
from jobctl.caching.findings import Finding, Rule
from jobctl.caching.judging.uniques import constants, echo_of, names_requests, replay_of
from jobctl.evidence import VENDOR_WORDS, CacheClass, classify, parse_age
from jobctl.exchange import Path, before
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobctl.caching.judging.experiment import Experiment
    from jobctl.exchange import Exchange

_DECLARING: Final = (*VENDOR_WORDS, "X-Cache-Hits", "X-Varnish", "Server-Timing")
_LEAST_CONTROL: Final = 3
"""Control answers without Age, or without a vendor's word, before P's counts."""


def echo_replays(experiment: Experiment) -> list[Finding]:
    """R1: an answer carries the id of another request of ours."""
    found = []
    for one in _cacheable_answers(experiment):
        other = echo_of(one, experiment.uniques, experiment.sent_ids)
        if other is not None:
            place = visible(", ".join(sorted(experiment.uniques.echoes)), 80)
            detail = f"{place} names request {other.number}, sent {one.sent - other.sent:.1f} s earlier"
            found.append(Finding(Rule.R1, (other.number, one.number), detail))
    return found


def nonce_replays(experiment: Experiment) -> list[Finding]:
    """R2: a value that differs on every control answer is the same on two through the proxy.

    A request id may come twice; anything else (an ETag, a time in the body) may be a lagging replica's state
    and has to come three times.
    """
    uniques = experiment.uniques
    if not uniques.values or len(experiment.plain) + len(experiment.busted) < 2:
        return []
    answers = _cacheable_answers(experiment)
    constant = constants([*experiment.plain, *experiment.busted], uniques.values)
    replays = [
        (other, one)
        for index, one in enumerate(answers)
        if (other := replay_of(one, answers[:index], uniques, constant)) is not None
    ]
    times = Counter(other.number for other, _ in replays)
    names = sorted(uniques.values - constant)
    least = 1 if names_requests(names) else 2
    place = visible(", ".join(names[:3]), 80)
    return [
        Finding(
            Rule.R2,
            (other.number, one.number),
            f"{place} repeats answer {other.number}, {one.sent - other.sent:.1f} s old",
        )
        for other, one in replays
        if times[other.number] >= least
    ]


def _cacheable_answers(experiment: Experiment) -> list[Exchange]:
    """P, B and C in order: where the query is no part of the key, B is answered from memory too."""
    paths = (Path.PLAIN, Path.BUSTED, Path.CONFESSION)
    return [one for one in experiment.of(*paths) if one.body]


def declared_ages(experiment: Experiment) -> list[Finding]:
    """R7: `Age` of a second or more on P, no `Age` at all on the control; of several lines the first."""
    # Unique URLs come through the same cache: their `Age: 0` is its word for a miss, not the origin's.
    is_foreign = shows_age if experiment.has_direct else declares_age
    if len(experiment.control) < _LEAST_CONTROL or any(map(is_foreign, experiment.control)):
        return []
    found = []
    for one in experiment.suspects:
        age = parse_age(one.headers)
        if age:
            control = experiment.newest_before(one)
            numbers = (control.number, one.number) if control else (one.number,)
            found.append(Finding(Rule.R7, numbers, f"Age: {age}, the control has none", float(age)))
    return found


def shows_age(exchange: Exchange) -> bool:
    """Tell whether an answer carries an `Age`, be it 0: whoever made it counts ages."""
    return exchange.header("age") is not None


def declares_age(exchange: Exchange) -> bool:
    """Tell whether an answer says that it is a second old, or more."""
    return bool(parse_age(exchange.headers))


def declared_words(experiment: Experiment) -> list[Finding]:
    """R8: a vendor's word of class SERVED on P, never in the same field on the control."""
    if len(experiment.control) < _LEAST_CONTROL:
        return []
    spoken = {name for one in experiment.control for name, _ in served_words(one)}
    found = []
    for one in experiment.suspects:
        words = [(name, value) for name, value in served_words(one) if name not in spoken]
        if words:
            text = "; ".join(f"{name}: {visible(value, 80)}" for name, value in words)
            control = experiment.newest_before(one)
            numbers = (control.number, one.number) if control else (one.number,)
            found.append(Finding(Rule.R8, numbers, text))
    return found


def served_words(exchange: Exchange) -> Iterable[tuple[str, str]]:
    """Return the fields, lower case, in which a cache says that it answered from its store."""
    for one in cache_status(exchange.headers):
        if one.hit:
            stale = f", stale by {-one.ttl} s" if one.ttl is not None and one.ttl < 0 else ""
            yield "cache-status", f"{one.cache}; hit{stale}"
    for name in _DECLARING:
        for value in exchange.values(name):
            if CacheClass.SERVED in classify(name, value):
                yield name.lower(), value


def origin_side(experiment: Experiment) -> list[Finding]:
    """C2: a direct answer carries an Age of a second or more, a SERVED word, or another request's id."""
    if not experiment.has_direct:
        return []
    found = []
    for one in experiment.direct:
        why = None
        if age := parse_age(one.headers):
            why = f"Age: {age}"
        elif words := list(served_words(one)):
            why = f"{words[0][0]}: {visible(words[0][1], 80)}"
        elif (other := _foreign_id(one, experiment)) is not None:
            why = f"it carries the id of request {other.number}"
        if why is not None:
            found.append(Finding(Rule.C2, (one.number,), f"direct answer {one.number}: {why}"))
    return found


def _foreign_id(exchange: Exchange, experiment: Experiment) -> Exchange | None:
    for _, value in exchange.headers:
        other = experiment.sent_ids.get(value)
        if other is not None and other is not exchange and before(other, exchange):
            return other
    return None

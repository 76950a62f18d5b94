"""What an origin makes anew for every answer: an echoed request id, a generated one, a time in the body.

Such a value is a fingerprint of one answer. When it comes a second time, the second answer was not made by
the origin. It must be unique on *every* control answer, two of the same job state among them, so that the
job's own fields are never taken for it.
"""

from __future__ import annotations

import json
import re
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from jobctl.caching.versions import same
from jobctl.exchange import json_leaves

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jobctl.exchange import Exchange

_NO_FINGERPRINT: Final = frozenset({"age", "content-length", "connection", "keep-alive", "date", "expires"})
"""Clocks of a second, and what belongs to the connection. `Date` is made anew by some caches on a hit."""
REQUEST_IDS: Final = frozenset(
    {
        "x-request-id",
        "request-id",
        "x-correlation-id",
        "x-trace-id",
        "traceparent",
        "x-b3-traceid",
        "x-amzn-requestid",
        "x-amz-request-id",
        "x-amzn-trace-id",
        "x-cloud-trace-context",
        "x-ms-request-id",
    }
)
"""Response fields that name one request by custom."""
_LUCK: Final = 0.001
"""What chance is left to a clock before a repeated value counts as a replay."""
_LEAST: Final = 3
_WEAK_LEAST: Final = 8
"""Control answers needed before a short value (a queue length, a counter) counts as unique."""
_STRONG_LENGTH: Final = 8
_LARGEST_BODY: Final = 262_144


class Uniques(NamedTuple):
    """Places (`x-request-id`, `$.server_time`) whose values tell answers apart.

    `echoes`: the answer repeats the request's own id there. `values`: unlike on each answer. `gaps`: the
    seconds between neighbouring control answers, all of which were told apart.
    """

    echoes: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()
    gaps: tuple[float, ...] = ()

    def may_be_a_clock(self, seconds: float) -> bool:
        """Could a value that ticks, as slowly as once in so many seconds, have differed on all the control?

        An ETag or a time in the body changes with the job or the clock, not with the answer. If it ticks once
        in q seconds, two answers with a gap g between them differ with probability g/q.
        """
        chance = 1.0
        for gap in self.gaps:
            chance *= min(1.0, gap / seconds) if seconds > 0 else 1.0
        return chance > _LUCK


def places(exchange: Exchange) -> dict[str, str]:
    """Return every place of an answer that could hold a fingerprint: header names, paths of JSON leaves."""
    found = {key.lower(): value for key, value in exchange.headers if key.lower() not in _NO_FINGERPRINT}
    if exchange.body and len(exchange.body) <= _LARGEST_BODY:
        try:
            found |= json_leaves(json.loads(exchange.body))
        except (ValueError, RecursionError):
            return found
    return found


def learn(control: Sequence[Exchange], everything: Sequence[Exchange] = (), *, has_direct: bool) -> Uniques:
    """Find what is unique in each control answer; few of them prove nothing.

    `everything` are all answers, of any path. An echo needs only one of them that repeats its own id, as our
    ids are unique in the world; direct answers must all do so.
    """
    all_places = [places(one) for one in control]
    echoes = _echoes(everything or control)
    if has_direct:
        own: list[set[str]] = [
            {name for name, value in found.items() if value == one.nonce}
            for one, found in zip(control, all_places, strict=True)
        ]
        for names in own:
            echoes &= names
        if not own:
            echoes = set()
    values: set[str] = set()
    if len(control) >= _LEAST and _apart_in_one_state(control):
        common = set(all_places[0]).intersection(*all_places[1:]) - echoes
        values = {name for name in common if _is_unique([found[name] for found in all_places])}
    gaps = tuple(second.received - first.sent for first, second in pairwise(control))
    return Uniques(frozenset(echoes), frozenset(values), gaps)


def overwritten(control: Sequence[Exchange], proxied: Sequence[Exchange], names: Iterable[str]) -> set[str]:
    """Return the places that hold no fingerprint of the origin on the proxied side.

    Something on the way writes a name of its own there: of its process, of a connection. One value then
    stands on two different bodies, or no value looks like any of the origin's.
    """
    answers = [(places(one), one.body) for one in proxied if one.body]
    found = set()
    for name in names:
        bodies: dict[str, bytes] = {}
        values = [(here[name], body) for here, body in answers if name in here]
        is_shared = any(bodies.setdefault(value, body) != body for value, body in values)
        origins = [text for one in control if (text := places(one).get(name)) is not None]
        if is_shared or (values and not any(_is_alike(value, origins) for value, _ in values)):
            found.add(name)
    return found


def _is_alike(value: str, others: Sequence[str]) -> bool:
    """Tell whether a value has the length (give or take one) and the punctuation of some of these."""
    marks = re.sub(r"[^\W_]", "", value)
    return any(abs(len(value) - len(one)) <= 1 and marks == re.sub(r"[^\W_]", "", one) for one in others)


def _echoes(exchanges: Iterable[Exchange]) -> set[str]:
    return {
        name for one in exchanges if one.nonce for name, value in places(one).items() if value == one.nonce
    }


def _is_unique(values: Sequence[str]) -> bool:
    if len(set(values)) < len(values):
        return False
    is_strong = all(len(value) >= _STRONG_LENGTH and re.search(r"\d|[A-F]|[a-f]", value) for value in values)
    return is_strong or len(values) >= _WEAK_LEAST


def _apart_in_one_state(control: Sequence[Exchange]) -> bool:
    """Two answers of one job state were there: what differs between them is not the job."""
    return any(same(first, second) for first, second in combinations(control, 2))


def echo_of(exchange: Exchange, uniques: Uniques, sent_ids: dict[str, Exchange]) -> Exchange | None:
    """Return the other request whose id this answer carries, None when it carries its own or none of ours."""
    if not uniques.echoes:
        return None
    found = places(exchange)
    for name in uniques.echoes:
        other = sent_ids.get(found.get(name, ""))
        if other is not None and other is not exchange and other.nonce != exchange.nonce:
            return other
    return None


def replay_of(
    exchange: Exchange, earlier: Iterable[Exchange], uniques: Uniques, constant: frozenset[str] = frozenset()
) -> Exchange | None:
    """Return the first earlier answer that this one repeats: every unique value of both is the same.

    `constant` places do not count: something on the path writes the same value into every answer.
    """
    found = places(exchange)
    mine = {name: found[name] for name in uniques.values - constant if name in found}
    for other in earlier:
        if not mine or other.received > exchange.sent:
            continue
        theirs = places(other)
        shared = [name for name in mine if name in theirs]
        if not shared or any(theirs[name] != mine[name] for name in shared):
            continue
        if names_requests(shared) or not uniques.may_be_a_clock(exchange.sent - other.received):
            return other
    return None


def names_requests(names: Iterable[str]) -> bool:
    """Tell whether a request id is among the places: nobody takes one from a clock or the job's state."""
    return any(name in REQUEST_IDS for name in names)


def constants(exchanges: Sequence[Exchange], names: Iterable[str]) -> frozenset[str]:
    """Return header places with one value on all answers: written by something on the way, no replay.

    Nobody writes one request id into every answer: those stay.
    """
    all_places = [places(one) for one in exchanges]
    return frozenset(
        name
        for name in names
        if not name.startswith("$")
        and name not in REQUEST_IDS
        and len({found[name] for found in all_places if name in found}) == 1
    )


def told_apart(first: Exchange, second: Exchange, uniques: Uniques) -> bool:
    """Tell whether a fingerprint shows that two answers were made separately."""
    one, other = places(first), places(second)
    return any(
        name in one and name in other and one[name] != other[name] for name in uniques.echoes | uniques.values
    )


def has_common_place(first: Exchange, second: Exchange, uniques: Uniques) -> bool:
    """Tell whether both answers carry a fingerprint in one place, so that they could be told apart."""
    one, other = places(first), places(second)
    return any(name in one and name in other for name in uniques.echoes | uniques.values)


def is_own_echo(exchange: Exchange, uniques: Uniques) -> bool:
    """Tell whether an answer repeats its own request's id, so that it was made for this very request."""
    if not exchange.nonce or not uniques.echoes:
        return False
    found = places(exchange)
    return any(found.get(name) == exchange.nonce for name in uniques.echoes)

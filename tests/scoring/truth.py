"""What really happened on a path, from the origin's own log: clean, cached, or stale.

A plain read whose id never reached the origin was answered from memory. So was one whose id did reach it, but
which was given another body than the origin then made: caches fetch in the background with the id of the
request they have just answered.
"""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from support.behaviour import digest

from jobctl.exchange import Path

_PAST_THE_PROXY = frozenset({Path.DIRECT, Path.VALIDATOR_DIRECT, Path.ANONYMOUS_DIRECT})


class Kind(StrEnum):
    CLEAN = "clean"
    CACHED = "cached"
    STALE = "stale"


class Truth(NamedTuple):
    """One path in one experiment. `oldest` is the age of the oldest copy served, `worst` how long it had been
    out of date, both in seconds. `validated` counts the 304s that were given from memory."""

    plain: int
    from_memory: int
    stale: int
    validated: int
    oldest: float
    worst: float

    @property
    def kind(self):
        if self.stale or self.validated:
            return Kind.STALE
        return Kind.CACHED if self.from_memory else Kind.CLEAN


def truth(exchanges, job, *, query_in_key=True):
    """Compare what a client got with what the origin did. Both must have used the same clock."""
    by_id = defaultdict(list)
    for hit in job.hits:
        by_id[hit.request_id].append(hit)
    plain = [one for one in exchanges if one.path is Path.PLAIN and one.status == 200]
    remembered = [one for one in plain if _from_memory(one, by_id[one.nonce])]
    behind = [_seconds_behind(one, job) for one in remembered]
    asked = [one for one in exchanges if one.path is Path.VALIDATOR and one.method == "GET"]
    fetched = _fetched(exchanges, by_id)
    return Truth(
        plain=len(plain),
        from_memory=len(remembered),
        stale=sum(seconds > 0 for seconds in behind),
        validated=sum(one.status == 304 and not by_id[one.nonce] for one in asked),
        oldest=max((_age(one, fetched, query_in_key) for one in remembered), default=0.0),
        worst=max(behind, default=0.0),
    )


def _from_memory(exchange, hits):
    # A 304 to the cache means that the origin was asked and said that the copy is still right.
    return not any(hit.status == 304 or hit.digest == digest(exchange.body) for hit in hits)


def _seconds_behind(exchange, job):
    """Return for how long the state told had been replaced when the read was sent."""
    ticks = [hit.tick for hit in job.hits if hit.digest == digest(exchange.body)]
    if not ticks or max(ticks) >= job.tick_at(exchange.sent):
        return 0.0
    return exchange.sent - job.began(max(ticks) + 1)


def _fetched(exchanges, by_id):
    """Return what the proxy fetched: the hits of requests that were sent through it."""
    through = [one for one in exchanges if one.path not in _PAST_THE_PROXY]
    return [hit for one in through for hit in by_id[one.nonce] if hit.status == 200]


def _age(exchange, fetched, query_in_key):
    """Return the age of the copy: since the last fetch that could have made it."""
    target = _key(_target(exchange.url), query_in_key)
    moments = [
        hit.at
        for hit in fetched
        if hit.at <= exchange.sent
        and hit.digest == digest(exchange.body)
        and _key(hit.target, query_in_key) == target
    ]
    return exchange.sent - max(moments) if moments else 0.0


def _target(url):
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _key(target, query_in_key):
    return target if query_in_key else target.partition("?")[0]

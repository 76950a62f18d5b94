"""The exchanges of one experiment, sorted by the part they play. Pure; built anew whenever one is added."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from jobctl.caching.judging.uniques import Uniques, learn, overwritten
from jobctl.caching.versions import is_version
from jobctl.exchange import Path

if TYPE_CHECKING:
    from jobctl.exchange import Exchange


@dataclass(frozen=True)
class Experiment:
    """What was asked and answered, in order of sending.

    `has_direct`: there is an address past the proxy. Without one, busted reads are the control.
    `authorized`: requests carry credentials. `stopped` says why it ended before its plan did, if it did.
    """

    exchanges: tuple[Exchange, ...]
    has_direct: bool = True
    authorized: bool = False
    stopped: str | None = None

    def of(self, *paths: Path) -> list[Exchange]:
        """Return all completed exchanges of these paths, in order."""
        return [one for one in self.exchanges if one.path in paths and one.completed]

    @cached_property
    def direct(self) -> list[Exchange]:
        """D: direct answers about the job."""
        return [one for one in self.of(Path.DIRECT) if is_version(one)]

    @cached_property
    def plain(self) -> list[Exchange]:
        """P: plain answers through the proxy about the job.

        A 404 says something about the job only where a unique URL on the same way finds it.
        """
        known = any(one.seen is not None for one in self.busted)
        return [one for one in self.of(Path.PLAIN) if one.seen is not None or (known and is_version(one))]

    @cached_property
    def busted(self) -> list[Exchange]:
        """B: answers to unique URLs through the proxy."""
        return [one for one in self.of(Path.BUSTED) if is_version(one)]

    @cached_property
    def control(self) -> list[Exchange]:
        """What P is measured against: D, or B where there is no direct address."""
        return self.direct if self.has_direct else self.busted

    @cached_property
    def suspects(self) -> list[Exchange]:
        """Answers that a cache on the path could have given for the plain URL: P, and C."""
        confessions = [one for one in self.of(Path.CONFESSION) if one.seen is not None]
        return [*self.plain, *confessions]

    @cached_property
    def uniques(self) -> Uniques:
        """What is unique in each answer of the control, and not written over on the way."""
        answers = [one for one in self.exchanges if one.completed]
        found = learn(self.control, answers, has_direct=self.has_direct)
        if not self.has_direct:
            return found
        proxied = self.of(Path.PLAIN, Path.BUSTED, Path.CONFESSION)
        foreign = overwritten(self.control, proxied, found.echoes | found.values)
        return found._replace(echoes=found.echoes - foreign, values=found.values - foreign)

    @cached_property
    def sent_ids(self) -> dict[str, Exchange]:
        """Every request id we sent, and the request that carried it."""
        return {one.nonce: one for one in self.exchanges if one.nonce}

    def newest_before(self, exchange: Exchange) -> Exchange | None:
        """Return the last control answer that was complete before this request was sent."""
        earlier = [one for one in self.control if one.received <= exchange.sent]
        return earlier[-1] if earlier else None

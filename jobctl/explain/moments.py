"""The decisions of one job that are kept to be shown: all of them, or the first and the last. Pure."""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from jobctl.explain.explanation import Moment
from jobctl.redact import redact
from jobctl.secret_scan import redact_text
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobctl.explain.events import Said
    from jobctl.explain.explanation import Shown
    from jobctl.model import Decision, Observation

EVERYTHING: Final = -1
_LONGEST_PAYLOAD: Final = 2000
_LONGEST_WORD: Final = 200


class Decided(NamedTuple):
    """What a moment is made of. Most are never shown, so that it is made late."""

    event: Said
    decision: Decision
    true: Shown | None
    naive: Shown | None

    def moment(self, *, in_full: bool = False) -> Moment:
        """Return it without secrets and control characters; with its payload where `in_full`."""
        event, decision = self.event, self.decision
        seen, stream = decision.observation, event.stream
        return Moment(
            event.entry,
            event.at,
            event.sent,
            seen.source,
            decision.action,
            decision.reason,
            None if seen.raw_status is None else visible(redact_text(seen.raw_status), 60),
            seen.progress,
            visible(seen.updated_at.text, 40) if seen.updated_at is not None else None,
            self.true,
            self.naive,
            stream.connection if stream is not None else 0,
            stream.frame if stream is not None else 0,
            _cached_by(seen),
            _payload(seen) if in_full else "",
        )


class Moments:
    """Keeps `limit` decisions, half of them the first and half the last; `EVERYTHING` keeps all."""

    def __init__(self, limit: int) -> None:
        self.keeps_all = limit == EVERYTHING
        self._all: list[Moment] = []
        self._room = limit - limit // 2
        self._first: list[Decided] = []
        self._last: deque[Decided] = deque(maxlen=max(0, limit // 2))

    def add(self, decided: Decided) -> None:
        """Keep one more."""
        if self.keeps_all:
            self._all.append(decided.moment(in_full=True))  # now: its payload may be large
        elif len(self._first) < self._room:
            self._first.append(decided)
        else:
            self._last.append(decided)

    def __iter__(self) -> Iterator[Moment]:
        yield from self._all
        for decided in (*self._first, *self._last):
            yield decided.moment(in_full=True)


def _cached_by(seen: Observation) -> str | None:
    said = None if seen.http is None else seen.http.cached_by
    return None if said is None else visible(redact_text(said), _LONGEST_WORD)


def _payload(seen: Observation) -> str:
    try:
        text = json.dumps(redact(seen.payload), ensure_ascii=False, default=repr)
    except (RecursionError, ValueError, TypeError):
        return ""
    return visible(text, _LONGEST_PAYLOAD)

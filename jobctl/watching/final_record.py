"""The record of an end that a frame has proven: how long it is asked for, and what kept it away. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobctl.reasons import Action, Reason
from jobctl.watching.events import FailureKind

if TYPE_CHECKING:
    from jobctl.model import Decision
    from jobctl.watching.events import Failure

_WITHIN: Final = 5.0
"""Seconds from the first read that was sent for it: the end itself is known, nobody should wait for long."""
_TURN_WITHIN: Final = 60.0
"""Seconds until that read is sent: many jobs that end together share one poll budget."""
_NOTHING_CAME: Final = "no read came back in time"
_PASSING: Final = frozenset({FailureKind.TRANSIENT, FailureKind.NOT_JSON, FailureKind.TUNNEL_PAGE})


class FinalRecord:
    """A frame has ended the watch but for one thing: result and error, which only a read brings whole."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._sent_at: float | None = None
        self.problem = _NOTHING_CAME
        """Why it has not come so far."""

    @property
    def wanted(self) -> bool:
        """Is the end proven, and its record still missing?"""
        return self._since is not None

    @property
    def wanted_until(self) -> float | None:
        """When to go without it; monotonic seconds, None while it is not wanted."""
        if self._since is None:
            return None
        return self._since + _TURN_WITHIN if self._sent_at is None else self._sent_at + _WITHIN

    def want(self, now: float) -> None:
        """A frame proved the end."""
        if self._since is None:
            self._since, self._sent_at, self.problem = now, None, _NOTHING_CAME

    def drop(self) -> None:
        """The job goes on after all: a later attempt began."""
        self._since = None

    def asked(self, now: float) -> None:
        """A read was sent."""
        if self._since is not None and self._sent_at is None:
            self._sent_at = now

    def is_late(self, now: float) -> bool:
        """Is it time to go without it?"""
        return self.wanted_until is not None and now >= self.wanted_until

    def is_in(self, read: Decision) -> bool:
        """Is this the record, or word that there will be none (the server has begun the job anew)?"""
        status = read.observation.status
        if read.reason is Reason.REOPENED or (status is not None and status.terminal and _is_taken(read)):
            return True
        self.problem = f"reads still say {status.value}" if status is not None else "reads say nothing"
        return False

    def may_still_come(self, failure: Failure) -> bool:
        """Is it worth asking again after this failure?"""
        self.problem = failure.message
        return failure.kind in _PASSING


def _is_taken(read: Decision) -> bool:
    return read.action is Action.APPLY or read.reason is Reason.DUPLICATE

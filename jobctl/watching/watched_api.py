"""One API that jobs of a watch are read from: its client, its poll budget, and its list of many jobs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from jobctl.durations import format_duration
from jobctl.watching.batches import BatchReads
from jobctl.watching.events import Notice

if TYPE_CHECKING:
    from jobctl.api import JobClient
    from jobctl.watching.budget import BudgetGate

MOST_STREAMS: Final = 200
"""Streams of one API, where many jobs can be read by one request."""
_HELD: Final = 2.0
"""Seconds that the hourly quota holds a read back before that is worth telling."""


class WatchedApi:
    """What the jobs of one API share. `jobs` counts those that were added."""

    def __init__(self, client: JobClient, gate: BudgetGate) -> None:
        self.client, self.gate = client, gate
        self.jobs = 0
        profile = client.profile
        self.batches = (
            BatchReads(client, gate, profile.read_many_most) if profile.read_many is not None else None
        )
        self._told_held = False

    def may_stream(self) -> bool:
        """Tell whether one more job may have a stream: beyond some, polls that share requests cost less."""
        if self.client.profile.stream is None:
            return False
        return self.batches is None or self.jobs <= MOST_STREAMS

    def held(self, *, urgent: bool) -> Notice | None:
        """Return, once, that the hourly quota holds such a read back."""
        now, hourly = asyncio.get_running_loop().time(), self.gate.budget.hourly
        wait = self.gate.budget.held_for(now, urgent=urgent)
        if hourly is None or wait < _HELD or self._told_held:
            return None
        self._told_held = True
        every, wait = format_duration(round(hourly.spacing)), round(wait)
        text = (
            f"the quota of {hourly.limit:,} an hour: the next read in {format_duration(wait)}, "
            f"then one every {every} for all jobs together"
        )
        return Notice("hourly-quota", text)

    def stop(self) -> None:
        """Send nothing more together."""
        if self.batches is not None:
            self.batches.stop()

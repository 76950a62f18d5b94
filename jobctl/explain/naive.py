"""The client of both incidents: it believes the last word, whoever said it, and locks nothing. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.explain.explanation import Shown

if TYPE_CHECKING:
    from jobctl.model import Observation


def believe(shown: Shown | None, seen: Observation) -> Shown | None:
    """Return what such a client shows after `seen`. Keep-alives and what has no status change nothing."""
    if seen.status is None or seen.keepalive:
        return shown
    progress = seen.progress
    if progress is None and shown is not None and shown.status is seen.status:
        progress = shown.progress
    return Shown(seen.status, progress)


def is_back(before: Shown | None, after: Shown | None) -> bool:
    """Tell whether a person would see the job go backwards."""
    if before is None or after is None or before == after:
        return False
    if after.status.rank != before.status.rank:
        return after.status.rank < before.status.rank
    if before.status.terminal:
        return after.status is not before.status
    return before.progress is not None and after.progress is not None and after.progress < before.progress

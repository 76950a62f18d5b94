"""Which of two answers about one job is older, on the origin's own clock.

Order: the attempt, then `updated_at` at the coarser of two precisions, then status rank and progress. A job
that is not there (404) is older than any job. Our clock takes no part, so that skew cannot either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobctl.exchange import Exchange
    from jobctl.model import Observation


def compare(first: Observation, second: Observation) -> int:
    """Return -1, 0 or 1: the first is older than, as old as, or newer than the second."""
    if first.attempt is not None and second.attempt is not None and first.attempt != second.attempt:
        return -1 if first.attempt < second.attempt else 1
    if first.updated_at is not None and second.updated_at is not None:
        order = first.updated_at.compare(second.updated_at)
        if order:
            return order
    return _by_stage(first, second)


def _by_stage(first: Observation, second: Observation) -> int:
    if first.status is None or second.status is None:
        return 0
    if first.status.rank != second.status.rank:
        return -1 if first.status.rank < second.status.rank else 1
    if first.progress is None or second.progress is None or first.progress == second.progress:
        return 0
    return -1 if first.progress < second.progress else 1


def is_absent(exchange: Exchange) -> bool:
    """Tell whether the answer says that there is no such job (yet)."""
    return exchange.problem is not None and exchange.problem.kind == "not-found"


def is_version(exchange: Exchange) -> bool:
    """Tell whether the answer says anything about the job: its state, or that it is not there."""
    return exchange.seen is not None or is_absent(exchange)


def order(first: Exchange, second: Exchange) -> int | None:
    """Compare two answers: -1, 0, 1, or None where one says nothing about the job."""
    if first.seen is not None and second.seen is not None:
        return compare(first.seen, second.seen)
    if not (is_version(first) and is_version(second)):
        return None
    return 0 if is_absent(first) and is_absent(second) else -1 if is_absent(first) else 1


def is_older(first: Exchange, second: Exchange) -> bool:
    """Tell whether the first answer shows an older state than the second."""
    return order(first, second) == -1


def same(first: Exchange, second: Exchange) -> bool:
    """Tell whether two answers show the same state of the job."""
    return order(first, second) == 0

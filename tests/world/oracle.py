"""The decision table of DESIGN section 3, said a second time: by construction, not by comparing anything.

A `Case` states in words what the two sides are to each other ("same time", "fresh", "lower progress"); the
table below reads those words only. `records` turns a case into the records `reconcile` is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

from world.make import CACHED, at, known, seen

from jobctl.model import Job, JobStatus, Observation, Source

STATUSES = tuple(JobStatus)
READS = ("poll", "verify")
ORDERS = ("older", "same", "newer", "no time on O", "no time on S", "no time at all")
ENDS = ("completed", "failed", "cancelled")
RANK = {"pending": 0, "running": 1, "unknown": 1, "completed": 2, "failed": 2, "cancelled": 2}


class Case(NamedTuple):
    """`s` and `o` are status words; `s` None means that nothing is known."""

    s: str | None
    o: str | None
    source: str = "poll"
    order: str = "newer"
    fresh: str = "no"  # only for verify: fresh, stale (something was applied since), cached, no (no basis)
    proven: bool = True
    dated: bool = True  # the whole of S came with its updated_at
    hint: bool = False  # S is only what the store said
    progress: str = "absent"  # of O, against S: lower, same, higher, absent (S has one), first (S has none)
    attempt: str = "absent"  # of O, against S: absent, same, earlier, later
    other_job: bool = False
    keepalive: bool = False

    def is_read(self) -> bool:
        return self.source in READS

    def is_fresh(self) -> bool:
        return self.source == "verify" and self.fresh == "fresh"

    def o_ends(self) -> bool:
        return self.o in ENDS

    def s_ended(self) -> bool:
        return self.s in ENDS

    def o_timed(self) -> bool:
        return self.order in {"older", "same", "newer", "no time on S"}

    def lower_rank(self) -> bool:
        return self.s is not None and self.o is not None and RANK[self.o] < RANK[self.s]

    def same_rank(self) -> bool:
        return self.s is not None and self.o is not None and RANK[self.o] == RANK[self.s]

    def lowers(self) -> bool:
        return self.lower_rank() or (self.same_rank() and not self.s_ended() and self.progress == "lower")

    def newer_than_shown(self) -> bool:
        """Newer than the floor says it only where the shown state came with the floor."""
        return self.order == "newer" and self.dated

    def other_end(self) -> bool:
        return self.s_ended() and self.o_ends() and self.s != self.o

    def brings_news(self) -> bool:
        """Same rank: newer, or something a person would see change."""
        if self.order == "newer" or self.progress == "first":
            return True
        return not self.s_ended() and (self.progress == "higher" or self.s != self.o)


Rule = tuple[str, str, Callable[[Case], bool]]

# reason, action, when. First match wins.
TABLE: tuple[Rule, ...] = (
    ("keepalive", "ignore", lambda c: c.keepalive),
    ("other-job", "ignore", lambda c: c.other_job),
    ("unreadable", "verify", lambda c: c.o is None),
    ("stored-hint", "ignore", lambda c: c.s is not None and c.source == "store"),
    (
        "unconfirmed-terminal",
        "verify",
        lambda c: (
            c.o_ends()
            and (not c.o_timed() or c.source == "cancel")  # what a cancel answers is what was asked for
            and not c.is_read()
            and c.source != "store"
            and (not c.s_ended() or c.hint or c.attempt == "later")
        ),
    ),
    ("first-seen", "apply", lambda c: c.s is None),
    ("confirmed", "apply", lambda c: c.hint and c.is_read() and c.s == c.o),
    ("first-seen", "apply", lambda c: c.hint and c.is_read()),
    ("older-attempt", "ignore", lambda c: c.attempt == "earlier"),
    ("new-attempt", "apply", lambda c: c.attempt == "later"),
    (
        "reopened",
        "ignore",
        lambda c: (
            c.s_ended() and not c.o_ends() and (c.newer_than_shown() or (c.order == "newer" and c.is_fresh()))
        ),
    ),
    ("terminal-lock", "ignore", lambda c: c.s_ended() and not c.o_ends()),
    ("late-terminal", "verify", lambda c: c.o_ends() and not c.s_ended() and c.order == "older"),
    ("older-update", "ignore", lambda c: c.order == "older"),
    (
        "terminal-corrected",
        "apply",
        lambda c: c.other_end() and ((c.is_read() and c.newer_than_shown()) or c.is_fresh()),
    ),
    ("terminal-conflict", "verify", lambda c: c.other_end()),
    ("requeued", "apply", lambda c: c.newer_than_shown() and c.lower_rank()),
    ("progressed", "apply", lambda c: c.newer_than_shown() and c.lowers()),
    ("corrected", "apply", lambda c: c.lowers() and c.is_fresh()),
    ("same-time-regression", "ignore", lambda c: c.order == "same" and c.lowers() and c.proven),
    ("same-time-regression", "verify", lambda c: c.order == "same" and c.lowers()),
    ("unversioned-regression", "verify", lambda c: c.lowers()),
    ("advanced", "apply", lambda c: not c.same_rank()),
    ("confirmed", "apply", lambda c: c.s == c.o and c.is_read() and not c.proven),
    ("progressed", "apply", lambda c: c.brings_news()),
    ("duplicate", "ignore", lambda _: True),
)


def expected(case: Case) -> tuple[str, str]:
    """Return (reason, action)."""
    return next((reason, action) for reason, action, when in TABLE if when(case))


_KNOWN_AT, _KNOWN_PROGRESS, _KNOWN_ATTEMPT, _REVISION = 100.0, 50.0, 3, 7
_TIMES = {"older": 99.0, "same": 100.0, "newer": 101.0, "no time on S": 100.0}
_PROGRESS = {"lower": 40.0, "same": 50.0, "higher": 60.0, "absent": None, "first": 40.0}
_ATTEMPTS = {"absent": None, "same": 3, "earlier": 2, "later": 4}
_BASIS = {"fresh": _REVISION, "cached": _REVISION, "stale": _REVISION - 1, "no": None}


def records(case: Case) -> tuple[Job | None, Observation]:
    """Build what `reconcile` is given for a case."""
    observation = seen(
        case.o,
        Source(case.source),
        updated_at=at(_TIMES[case.order]) if case.o_timed() else None,
        progress=_PROGRESS[case.progress],
        attempt=_ATTEMPTS[case.attempt],
        basis=_BASIS[case.fresh],
        http=CACHED if case.fresh == "cached" else None,
        said_id="another" if case.other_job else None,
        keepalive=case.keepalive,
    )
    if case.s is None:
        return None, observation
    job = known(
        case.s,
        updated_at=None if case.order in {"no time on S", "no time at all"} else at(_KNOWN_AT),
        progress=None if case.progress == "first" else _KNOWN_PROGRESS,
        attempt=_KNOWN_ATTEMPT,
        proven=case.proven,
        dated=case.dated,
        verified=not case.hint,
        revision=_REVISION,
        source=Source.STORE if case.hint else Source.POLL,
    )
    return job, observation


def grid(s: str | None, o: str | None) -> Iterator[Case]:
    """Go through every case of a pair of statuses."""
    sources = [(source.value, "no") for source in Source if source is not Source.VERIFY]
    sources += [("verify", fresh) for fresh in ("fresh", "stale", "cached", "no")]
    progresses = ("lower", "same", "higher", "absent", "first") if s is not None else ("absent", "first")
    attempts = ("absent", "same", "earlier", "later") if s is not None else ("absent",)
    sides = [
        (True, True, False),
        (True, False, False),
        (False, False, False),
        (True, True, True),
        (False, False, True),
    ]
    for (source, fresh), order, progress, attempt, side in product(
        sources, ORDERS, progresses, attempts, sides if s is not None else sides[:1]
    ):
        proven, dated, hint = side
        if not (dated and order in {"no time on S", "no time at all"} and s is not None):
            yield Case(s, o, source, order, fresh, proven, dated, hint, progress, attempt)

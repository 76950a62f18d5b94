"""Decisions as records that may leave the process: without secrets, and decided again as they stand.

What is recorded is decided from the *redacted* payload, so that replaying a log gives the log itself. Where a
secret made the difference (a signed URL that is new in each answer), `decided` keeps what was really done.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from jobctl.reconcile import reconcile
from jobctl.redact import redact, redact_headers
from jobctl.story import decision_record

if TYPE_CHECKING:
    from jobctl.model import Decision, Job, Observation
    from jobctl.observe import Reader

_NEVER_FRESH = -1


class Recorder:
    """Turns decisions into records, one after the other.

    Several places (log, memory, JSON output) share one: a decision handed in again gives the same record.
    """

    def __init__(self, reader: Reader, *, follow_restarts: bool = False) -> None:
        self._reader, self._follow = reader, follow_restarts
        self._known: dict[str, Job | None] = {}
        self._seq = 0
        self._last: tuple[Decision, dict[str, Any]] | None = None
        # A file may hold the records of several processes, each of which began with nothing known.
        self._run = f"{time.time_ns():x}-{os.getpid():x}"

    def record(self, decision: Decision) -> dict[str, Any]:
        """Return the record of the next decision; nobody may change it."""
        if self._last is not None and self._last[0] is decision:
            return self._last[1]
        job = decision.observation.job
        known = self._known.get(job)
        shadow = reconcile(known, self._redacted(decision, known), follow_restarts=self._follow)
        self._known[job] = shadow.after
        self._seq += 1
        name = self._reader.profile.name
        record = decision_record(shadow, seq=self._seq, profile=name, follow_restarts=self._follow)
        if (shadow.action, shadow.reason) != (decision.action, decision.reason):
            record["decided"] = {"action": decision.action.value, "reason": decision.reason.value}
        record["run"] = self._run
        self._last = decision, record
        return record

    def _redacted(self, decision: Decision, known: Job | None) -> Observation:
        seen, before = decision.observation, decision.before
        http = seen.http
        if http is not None:
            http = http._replace(headers=redact_headers(http.headers))
        basis = seen.basis
        if basis is not None:
            # Revisions count applied decisions, and the two stories may have applied a different number.
            is_fresh = before is not None and basis == before.revision
            basis = known.revision if is_fresh and known is not None else _NEVER_FRESH
        return self._reader.observe(
            redact(seen.payload), seen.source, seen.job, seen.received_at, basis=basis, http=http
        )

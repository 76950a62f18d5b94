"""Which source a step back is blamed on. Pure, and the only place of this judgement.

Rules for whoever edits this file:
 1. A read that says where it came from (Age, a vendor's word) is blamed on the cache, whatever it says.
 2. What the rules applied, or would apply on request (`reopened`), is the server's own doing.
 3. A read with an older `updated_at` is an old copy, by whomever it was kept: no server un-writes a time.
 4. A read that asked to be uncached, was sent after the newer state was known and is not older, is the
    server's.
 5. What no sign tells from a cache is not blamed on the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.explain.explanation import Cause
from jobctl.model import Source
from jobctl.reasons import Action, Reason

if TYPE_CHECKING:
    from jobctl.model import Decision


def blame(decision: Decision) -> Cause:
    """Return whose word took the status back."""
    seen = decision.observation
    if seen.http is not None and seen.http.cached_by is not None:
        return Cause.CACHED_READS
    if seen.source is Source.STORE:
        return Cause.CLIENT_STATE
    if decision.action is Action.APPLY or decision.reason is Reason.REOPENED:
        return Cause.SERVER_REGRESSED
    if seen.source is Source.STREAM:
        return Cause.STREAM_STALE
    if seen.source is Source.CANCEL:
        return Cause.CANCEL_RESPONSE
    return Cause.SERVER_REGRESSED if _is_the_servers_own(decision) else Cause.CACHED_READS


def _is_the_servers_own(decision: Decision) -> bool:
    seen, known = decision.observation, decision.before
    if seen.source is not Source.VERIFY or known is None or seen.basis != known.revision:
        return False
    times = seen.updated_at, known.updated_at
    return times[0] is None or times[1] is None or times[0].compare(times[1]) >= 0

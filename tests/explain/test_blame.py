from __future__ import annotations

import pytest
from world.make import CACHED, at, known, seen

from jobctl.explain.blame import blame
from jobctl.explain.explanation import Cause
from jobctl.model import Source
from jobctl.reconcile import reconcile

DONE = known("completed", updated_at=at(9), proven=True, dated=True)


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ({"source": Source.STREAM}, Cause.STREAM_STALE),
        ({"source": Source.STREAM, "updated_at": at(3)}, Cause.STREAM_STALE),
        ({"source": Source.STREAM, "updated_at": at(10)}, Cause.SERVER_REGRESSED),
        ({"source": Source.POLL, "http": CACHED}, Cause.CACHED_READS),
        ({"source": Source.POLL, "updated_at": at(3)}, Cause.CACHED_READS),
        ({"source": Source.POLL}, Cause.CACHED_READS),
        ({"source": Source.POLL, "updated_at": at(10)}, Cause.SERVER_REGRESSED),
        ({"source": Source.VERIFY, "updated_at": at(3), "basis": 7}, Cause.CACHED_READS),
        ({"source": Source.VERIFY, "basis": 6}, Cause.CACHED_READS),
        ({"source": Source.VERIFY, "basis": 7}, Cause.SERVER_REGRESSED),
        ({"source": Source.VERIFY, "updated_at": at(9), "basis": 7}, Cause.SERVER_REGRESSED),
        ({"source": Source.VERIFY, "basis": 7, "http": CACHED}, Cause.CACHED_READS),
        ({"source": Source.CANCEL}, Cause.CANCEL_RESPONSE),
        ({"source": Source.STORE}, Cause.CLIENT_STATE),
    ],
)
def test_who_is_blamed_for_pending_after_completed(words, cause):
    source = words.pop("source")
    assert blame(reconcile(DONE, seen("pending", source, **words))) is cause


def test_what_the_rules_applied_is_the_servers_doing():
    running = known("running", updated_at=at(5), proven=True, dated=True)
    assert (
        blame(reconcile(running, seen("pending", Source.STREAM, updated_at=at(6)))) is Cause.SERVER_REGRESSED
    )

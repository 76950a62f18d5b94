from __future__ import annotations

import pytest

from jobctl.sandbox import Place
from jobctl.sandbox.database import Job
from jobctl.sandbox.lives import STATES, Script
from jobctl.sandbox.plan import FaultPlan
from jobctl.sandbox.shapes import WORDS, Shaper, statuses_called

JOB = Job(1, "1193930", 1193930, "generation", {"prompt": "p"}, Script(), 0, 1760047990609405)


def shaper(*faults):
    return Shaper(FaultPlan(Place.SERVER, faults))


def test_the_incident_record():
    job = JOB.changed("completed", 100.0, JOB.updated_at)
    record = shaper().record("generation", job)
    assert record["updated_at"] == "2025-10-09 22:13:10.609406"
    assert (record["content_id"], record["progress"], type(record["progress"])) == (65018, 100, int)
    assert '"updated_at":"2025-10-09T22:13:10.609Z"' in shaper().frame(job)


@pytest.mark.parametrize("api", WORDS)
@pytest.mark.parametrize("status", STATES)
def test_every_word_is_found_again(api, status):
    assert status in statuses_called(api, WORDS[api][status].upper())
    assert shaper("unknown-status=odd").word(api, JOB.changed(status, None, 0)) == (
        "odd" if STATES[status] == "running" else WORDS[api][status]
    )


def test_pending_frames():
    job = JOB.changed("completed", 100.0, JOB.updated_at)
    assert "updated_at" not in shaper().pending_frame(job, dated=False)
    assert '"1970-01-01T00:00:00.000Z"' in shaper().pending_frame(job, dated=True)

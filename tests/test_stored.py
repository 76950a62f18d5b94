"""Our own words read back: the same job, from whatever stands there."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from support.histories import jobs

from jobctl.model import JobStatus, Source
from jobctl.observe import Reader
from jobctl.profile.load import Profiles
from jobctl.reasons import Action, Reason
from jobctl.reconcile import reconcile
from jobctl.stored import job_of, observe_stored, stored_payload, stored_record
from jobctl.story import job_record

READERS = [Reader(Profiles().get(name)) for name in ("generation", "v1")]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = ("status", "raw_status", "updated_at", "progress", "attempt", "error", "result", "revision")


def through_json(record):
    return json.loads(json.dumps(record))


@given(jobs())
def test_a_job_written_and_read_back_is_the_same_job(job):
    assert job_of(through_json(job_record(job)), job.id, job.source.value, job.as_of) == job


@given(jobs(), st.sampled_from(READERS))
def test_every_profile_reads_what_we_stored_in_our_words(job, reader):
    payload = stored_payload(through_json(job_record(job)))
    seen = reader.observe(payload, Source.STORE, job.id, 5.0)
    assert seen == observe_stored(payload["stored"], payload, job.id, 5.0)
    assert (seen.status, seen.raw_status, seen.updated_at) == (job.status, job.raw_status, job.updated_at)
    decision = reconcile(None, seen)
    assert (decision.action, decision.reason) == (Action.APPLY, Reason.FIRST_SEEN)
    assert not decision.after.verified, "a hint stays unverified"


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_whatever_stands_there_is_a_decision_and_no_exception(record):
    seen = observe_stored(record, stored_payload(record), "7", 1.0)
    assert seen.progress is None or 0 <= seen.progress <= 100
    assert (seen.status is None) == (seen.raw_status is None)
    reconcile(None, seen)
    job_of(record, "7", "poll", 1.0)


def test_only_what_the_store_says_is_in_our_words():
    payload = stored_payload({"status": "completed", "raw_status": "ready"})
    said = {source: READERS[0].observe(payload, source, "7", 1.0).status for source in Source}
    assert said == dict.fromkeys(Source) | {Source.STORE: JobStatus.COMPLETED}


def test_a_payload_of_the_api_is_none_of_ours():
    for payload in ({"stored": 1}, {"stored": {}, "id": 7}, {"status": "running"}, [], "stored", None):
        assert stored_record(payload) is None
    seen = READERS[0].observe({"status": "processing", "id": "7"}, Source.STORE, "7", 1.0)
    assert seen.status is JobStatus.RUNNING, "a snapshot in the API's own shape is read as before"


def test_an_unknown_source_is_the_store_itself():
    assert job_of({"status": "running", "raw_status": "x"}, "7", "gossip", 1.0).source is Source.STORE

"""The built-in profiles against records: as the services document them, as Flower and Ray were heard."""

from __future__ import annotations

import pytest

from jobctl.model import JobStatus, Source
from jobctl.observe import Reader
from jobctl.profile.builtin import BUILTIN, NOT_TRIED
from jobctl.profile.parse import parse_profile

PREDICTION = {"id": "gm3qorzdhgbfurvjtvhg6dckhu", "version": "5c7d5dc6", "input": {"text": "Alice"}}
BATCH = {
    "id": "batch_abc123",
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "created_at": 1714508499,
}
MESSAGES = {"id": "msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d", "type": "message_batch", "cancel_initiated_at": None}
TASK = {"uuid": "c3cd", "retries": 0, "timestamp": 1795857882.45, "result": None, "exception": None}
JOB = {
    "type": "SUBMISSION",
    "job_id": None,
    "submission_id": "raysubmit_1",
    "error_type": None,
    "message": "x",
}


def also(state, **more):
    return {"also": {"task-id": "c3cd", "state": state} | more}


ROWS = [
    ("replicate", PREDICTION | {"status": "starting"}, "pending", None, None),
    ("replicate", PREDICTION | {"status": "processing", "output": None}, "running", None, None),
    ("replicate", PREDICTION | {"status": "succeeded", "output": ["hi"]}, "completed", ["hi"], None),
    (
        "replicate",
        PREDICTION | {"status": "failed", "error": "CUDA out of memory"},
        "failed",
        None,
        "CUDA out of memory",
    ),
    ("replicate", PREDICTION | {"status": "canceled"}, "cancelled", None, None),
    ("replicate", PREDICTION | {"status": "aborted"}, "cancelled", None, None),
    ("openai-batch", BATCH | {"status": "validating", "errors": None}, "pending", None, None),
    ("openai-batch", BATCH | {"status": "in_progress"}, "running", None, None),
    ("openai-batch", BATCH | {"status": "finalizing"}, "running", None, None),
    (
        "openai-batch",
        BATCH | {"status": "completed", "output_file_id": "file-1"},
        "completed",
        "file-1",
        None,
    ),
    (
        "openai-batch",
        BATCH | {"status": "failed", "errors": {"data": [{"message": "bad"}]}},
        "failed",
        None,
        "bad",
    ),
    ("openai-batch", BATCH | {"status": "expired"}, "failed", None, None),
    ("openai-batch", BATCH | {"status": "cancelling"}, "running", None, None),
    ("openai-batch", BATCH | {"status": "cancelled"}, "cancelled", None, None),
    ("anthropic-batch", MESSAGES | {"processing_status": "in_progress"}, "running", None, None),
    ("anthropic-batch", MESSAGES | {"processing_status": "canceling"}, "running", None, None),
    (
        "anthropic-batch",
        MESSAGES | {"processing_status": "ended", "results_url": "u"},
        "completed",
        "u",
        None,
    ),
    (
        "anthropic-batch",
        MESSAGES | {"processing_status": "ended", "cancel_initiated_at": "2024-08-20T18:37:24Z"},
        "cancelled",
        None,
        None,
    ),
    ("flower", TASK | {"state": "RECEIVED"} | also("PENDING"), "pending", None, None),
    ("flower", TASK | {"state": "STARTED"} | also("PROGRESS"), "running", None, None),
    ("flower", TASK | {"state": "STARTED"} | also("PENDING"), "running", None, None),
    (
        "flower",
        TASK | {"state": "SUCCESS", "result": "'a'"} | also("SUCCESS", result="a"),
        "completed",
        "a",
        None,
    ),
    # A task whose results are ignored: only Flower's own list knows.
    ("flower", TASK | {"state": "SUCCESS", "result": "'a'"} | also("PENDING"), "completed", "'a'", None),
    (
        "flower",
        TASK | {"state": "SUCCESS", "exception": "E()"} | also("SUCCESS", result=0),
        "completed",
        0,
        None,
    ),
    (
        "flower",
        TASK | {"state": "FAILURE", "exception": "E()"} | also("FAILURE", result="E()"),
        "failed",
        None,
        "E()",
    ),
    ("flower", TASK | {"state": "RECEIVED"} | also("REVOKED", result="T()"), "cancelled", None, None),
    ("flower", TASK | {"state": "RETRY", "exception": "E()"} | also("RETRY"), "running", None, None),
    ("flower", also("SUCCESS", result="a"), "completed", "a", None),
    ("flower", also("FAILURE", result="E()", traceback="T"), "failed", None, "E()"),
    ("flower", {"task-id": "c3cd", "state": "PENDING"}, "pending", None, None),
    ("flower", TASK | {"state": "STARTED"}, "running", None, None),
    ("ray", JOB | {"status": "PENDING"}, "pending", None, None),
    ("ray", JOB | {"status": "RUNNING", "driver_exit_code": None}, "running", None, None),
    ("ray", JOB | {"status": "SUCCEEDED", "driver_exit_code": 0}, "completed", 0, None),
    ("ray", JOB | {"status": "FAILED", "driver_exit_code": 3, "error_type": "E"}, "failed", 3, "x"),
    ("ray", JOB | {"status": "STOPPED", "driver_exit_code": -15}, "cancelled", -15, None),
]


@pytest.mark.parametrize(("name", "record", "status", "result", "error"), ROWS)
def test_a_record_is_read_as_it_is_meant(name, record, status, result, error):
    seen = Reader(parse_profile(name, BUILTIN[name])).observe(record, Source.POLL, "x", 1.0)
    assert (seen.status, seen.result, seen.error) == (JobStatus(status), result, error)
    assert seen.said_id in {record.get("id"), record.get("submission_id"), "c3cd"} - {None}
    assert (seen.updated_at is not None) == (name == "flower" and "timestamp" in record)


@pytest.mark.parametrize("name", BUILTIN)
def test_each_parses_without_a_word(name):
    profile = parse_profile(name, BUILTIN[name])
    assert (profile.warnings, profile.auth.headers != ()) == ((), True)
    for verb in ("submit", "cancel", "list"):
        assert getattr(profile, verb) is not None, verb


@pytest.mark.parametrize("name", sorted(NOT_TRIED))
def test_nobodys_token_goes_to_a_hosted_service(name):
    # JOBCTL_TOKEN is for one's own API.
    profile = parse_profile(name, BUILTIN[name])
    assert [variable for _header, variable in profile.auth.variables] != ["JOBCTL_TOKEN"]
    assert profile.auth.optional is False


def test_what_a_prediction_is_made_of():
    profile = parse_profile("replicate", BUILTIN["replicate"])
    _, url, body = profile.submit_request({"version": "5c7d", "text": "Alice"})
    assert url == "https://api.replicate.com/v1/predictions"
    assert body == {"version": "5c7d", "input": {"text": "Alice"}}

"""Profiles that `jobctl init` drafts, used on a server that speaks like those APIs."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from support.job_api import JobApi
from support.program import Starter, check_message

DOCUMENTS = Path(__file__).parents[1] / "openapi" / "documents"


@pytest.fixture
def api():
    with JobApi() as running:
        yield running


def starter(tmp_path, api, document):
    """`jobctl` with the one profile that the document gives, at our server."""
    runs = Starter(tmp_path, OPERATIONS_TOKEN="t", SCANS_TOKEN="t")
    shutil.copy(DOCUMENTS / document, tmp_path)
    done = runs.run("init", "--openapi", document, "--base-url", api.url, "--name", "mine")
    assert done.code == 0, done
    (tmp_path / "jobctl.toml").write_text(
        'profile = "mine"\n\n' + (tmp_path / "jobctl.toml").read_text("utf-8"), "utf-8"
    )
    runs.environ |= {"MINE_TOKEN": "t"}
    return runs


def told(done):
    (job,) = done.document["jobs"]
    return job["status"], job.get("error"), job.get("result")


def test_operations_that_say_done(tmp_path, api):
    runs = starter(tmp_path, api, "google_speech.yaml")
    good, bad = (runs.run("submit", "audio=x").out.strip() for _ in range(2))
    assert told(runs.run("status", good, "--json")) == ("running", None, None)
    watching = runs.start("watch", good, bad, "--json")
    watching.until("decision")
    api.records[f"/v1/operations/{good}"] |= {"done": True, "response": {"text": "hello"}}
    api.records[f"/v1/operations/{bad}"] |= {"done": True, "error": {"code": 3, "message": "no audio"}}
    done = watching.finish()
    assert done.code == 3
    ended = {job["job"]: job for job in done.result["jobs"]}
    assert (ended[good]["status"], ended[good]["result"]) == ("completed", {"text": "hello"})
    assert (ended[bad]["status"], ended[bad]["error"]) == ("failed", "no audio")
    listed = {job["job"]: job["status"] for job in runs.run("list", "--json").document["jobs"]}
    assert listed == {good: "completed", bad: "failed"}


def test_an_operation_with_an_empty_response_is_completed(tmp_path, api):
    runs = starter(tmp_path, api, "google_speech.yaml")
    job = runs.run("submit", "audio=x").out.strip()
    api.records[f"/v1/operations/{job}"] |= {"done": True, "response": {}, "error": None}
    assert told(runs.run("status", job, "--json"))[:2] == ("completed", None)


def test_a_scan_is_cancelled_by_a_patch(tmp_path, api):
    runs = starter(tmp_path, api, "checkmarx_scans.yaml")
    job = runs.run("submit", "project=x").out.strip()
    done = runs.run("cancel", job)
    check_message(done, 0, "cancel confirmed")
    assert ("PATCH", f"/api/scans/{job}", {"status": "Canceled"}) in api.requests
    assert api.records[f"/api/scans/{job}"]["status"] == "Canceled"
    late = runs.run("cancel", job)
    check_message(late, 0, "already cancelled")
    ended = runs.run("submit", "project=x").out.strip()
    api.records[f"/api/scans/{ended}"]["status"] = "Completed"
    check_message(runs.run("cancel", ended), 9, "the scan is Completed")


def test_without_its_body_that_cancel_is_refused(tmp_path, api):
    runs = starter(tmp_path, api, "checkmarx_scans.yaml")
    file = tmp_path / "jobctl.toml"
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("cancel_body")]
    file.write_text("\n".join(lines), "utf-8")
    job = runs.run("submit", "project=x").out.strip()
    check_message(runs.run("cancel", job), 9, "the one change that can be asked for")


def test_instances_are_listed_by_a_search(tmp_path, api):
    runs = starter(tmp_path, api, "camunda.yaml")
    jobs = [runs.run("submit", "processDefinitionId=x").out.strip() for _ in range(2)]
    done = runs.run("list", "--json")
    assert [job["job"] for job in done.document["jobs"]] == jobs
    assert ("POST", "/v2/process-instances/search", {}) in api.requests
    check_message(runs.run("cancel", jobs[0]), 0, "cancel confirmed")
    states = {
        job["job"]: job["status"] for job in runs.run("list", "--json", "--limit", "9").document["jobs"]
    }
    assert states == {jobs[0]: "cancelled", jobs[1]: "running"}


def test_a_finished_and_an_unfinished_sample(tmp_path, api):
    runs = Starter(tmp_path)
    _, record = api.answer("POST", "/v1/speech:longrunningrecognize", {})
    url = f"{api.url}/v1/operations/{record['name']}"
    for more in ({"done": False}, {"done": True, "error": {"code": 3, "message": "no audio"}}):
        record |= more
        done = runs.run(
            "init", "--sample", url, "--name", "mine", "--force", "--check", record["name"], "--json"
        )
        assert done.code == 0, done
        lines = {one["field"]: one for one in done.document["check"]["fields"]}
        assert lines["status"]["read"] == ("failed" if more["done"] else "running")
        assert (lines["id"]["read"], lines["error"]["read"]) == (
            record["name"],
            "no audio" if more["done"] else "",
        )
        assert {one["remark"] for one in lines.values()} == {""}
    (profile,) = tomllib.loads((tmp_path / "jobctl.toml").read_text("utf-8"))["profiles"].values()
    assert profile["read"] == "GET /v1/operations/{id}"


def test_what_a_cancel_needs_and_nobody_can_tell_is_a_comment(tmp_path):
    document = {
        "openapi": "3.1.0",
        "paths": {
            "/jobs/{id}": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {
                "properties": {"id": {"type": "string"}, "status": {"enum": ["queued", "running", "done"]}}
            }}}}}}},
            "/jobs/{id}/cancel": {"post": {"requestBody": {"required": True, "content": {"application/json": {
                "schema": {"required": ["reason"], "properties": {"reason": {"type": "string"}}}
            }}}}},
        },
    }  # fmt: skip
    (tmp_path / "api.json").write_text(json.dumps(document))
    done = Starter(tmp_path).run("init", "--openapi", "api.json", "-u", "http://127.0.0.1:9", "--dry-run")
    assert done.code == 0
    lines = [line for line in done.out.splitlines() if "cancel" in line]
    assert lines[0].startswith('cancel = "POST /jobs/{id}/cancel"  # ? ')
    assert lines[1].startswith("# ? cancel_body: could not tell: its body needs reason; write cancel_body")
    found = {one["field"]: one for one in
             Starter(tmp_path).run("init", "--openapi", "api.json", "-u", "http://127.0.0.1:9", "--json")
             .document["findings"]}  # fmt: skip
    assert (found["cancel"]["confidence"], found["cancel_body"]["found"]) == ("low", None)

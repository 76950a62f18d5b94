"""How `jobctl init` ends: shown, written or not, tried."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from support.documents import document, served
from support.program import check_message

DOCUMENTS = Path(__file__).parents[1] / "openapi" / "documents"


def test_findings_come_with_confidence_and_reasons(jobctl):
    done = jobctl.run("init", "--name", "generation", "--json")
    found = {one["field"]: one for one in done.document["findings"]}
    assert (done.code, done.document["exit_code"], done.document["written"]) == (0, 0, "jobctl.toml")
    assert found["fields.status"]["confidence"] == "high"
    assert found["fields.result"] | {"reasons": []} == {
        "field": "fields.result",
        "found": "content_id",
        "confidence": "medium",
        "reasons": [],
        "by_hand": None,
    }
    assert found["stream"]["found"] is None
    assert "by hand" in found["stream"]["by_hand"]
    assert all(one["reasons"] for one in found.values())
    assert [line.split()[0] for line in done.document["others"]] == ["jobs"]
    assert tomllib.loads(done.document["toml"])["profiles"].keys() == {"generation"}


@pytest.mark.parametrize("flag", [["--dry-run"], ["--out", "-"]])
def test_a_dry_run_writes_nothing_but_the_profile_to_stdout(jobctl, flag):
    done = jobctl.run("init", "--name", "v1", *flag)
    assert tomllib.loads(done.out)["profiles"].keys() == {"v1"}
    assert "confidence" in done.err
    assert list(jobctl.cwd.glob("*.toml")) == []


def test_what_the_paths_leave_open_is_shown_and_not_written(alone):
    shutil.copy(DOCUMENTS / "runpod.yaml", alone.cwd)
    done = alone.run("init", "--openapi", "runpod.yaml", "--name", "x")
    check_message(done, 12, "not written (endpoint_id to fill in)")
    assert "--param endpoint_id=" in done.out
    assert not (alone.cwd / "jobctl.toml").exists()


BEARER = {"securitySchemes": {"b": {"type": "http", "scheme": "bearer"}}}


def test_a_file_that_cannot_be_written_is_the_result(alone, serve):
    url = serve(served({"/openapi.json": document()})).url
    assert alone.run("init", "-u", url).code == 0
    before = (alone.cwd / "jobctl.toml").read_bytes()
    again = alone.run("init", "-u", url, "--json")
    assert again.code == again.document["exit_code"] == 2
    assert "there already" in again.document["problem"]["message"]
    assert "--force" in again.document["problem"]["hint"]
    assert (alone.cwd / "jobctl.toml").read_bytes() == before


def test_what_is_still_to_do_is_said(alone, serve):
    root = document(components=BEARER, security=[{"b": []}])
    url = serve(served({"/openapi.json": root})).url
    done = alone.run("init", "-u", url, "--name", "mine")
    check_message(done, 0, "it takes the credentials from the environment: set MINE_TOKEN")
    assert "set MINE_TOKEN" not in alone.run("init", "-u", url, "--name", "mine", "--force",
                                             env={"MINE_TOKEN": "x"}).err  # fmt: skip
    (alone.cwd / "spec.json").write_text(json.dumps(document()))
    check_message(alone.run("init", "--openapi", "spec.json", "--name", "x"), 0, "it has no base_url")


@pytest.mark.parametrize(
    ("page", "code", "said"),
    [
        (404, 8, "HTTP 404"),
        (401, 6, "HTTP 401"),
        (503, 7, "HTTP 503"),
        ("<html>", 7, "HTML page"),
        ({"id": "7"}, 12, ""),
        ({"id": "7", "status": "failed"}, 0, ""),
    ],
)
def test_the_profile_stays_written_whatever_the_check_finds(alone, serve, page, code, said):
    url = serve(served({"/openapi.json": document(), "/jobs/7": page})).url
    done = alone.run("init", "-u", url, "--check", "7", "--json")
    assert (done.code, done.document["exit_code"], done.document["written"]) == (code, code, "jobctl.toml")
    assert said in done.document.get("problem", {}).get("message", "")
    assert (done.document["check"] is None) is bool(said)
    assert (alone.cwd / "jobctl.toml").exists()


def test_without_a_read_nothing_is_checked(alone):
    (alone.cwd / "answer.json").write_text('{"id": "7", "status": "running"}')
    done = alone.run("init", "--sample", "answer.json", "--check", "7")
    check_message(done, 12, "not written (read or status unknown)", "nothing was checked")
    assert "# ? read: could not tell" in done.out
    document = alone.run("init", "--sample", "answer.json", "--json").document
    assert (document["written"], document["exit_code"], document["check"]) == (None, 12, None)

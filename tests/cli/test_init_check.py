"""One answer beside what the profile expects and the document promised."""

from __future__ import annotations

import pytest
from support.documents import document, served
from support.drafts import make_draft

from jobctl.cli.init_check import compare
from jobctl.model import Source
from jobctl.observe import Reader
from jobctl.profile.parse import parse_profile


def remarks(payload, promised, job="7"):
    profile = parse_profile("p", {"read": "GET /x/{id}", "fields": {"id": "id", "status": "status"}})
    seen = Reader(profile).observe(payload, Source.VERIFY, job, 0.0)
    lines = compare(make_draft(promised=promised), profile, seen)
    return {one.field: one.remark for one in lines}


GOOD = {"id": "7", "status": "done", "updated_at": "2025-10-09 22:13:10", "progress": 50}


@pytest.mark.parametrize(
    ("changes", "promised", "field", "said"),
    [
        ({}, {"id": "string"}, "id", ""),
        ({"id": 7}, {"id": "string"}, "id", "promises string, the server sends integer"),
        ({"progress": 50}, {"progress": "number"}, "progress", ""),
        ({"progress": 0.5}, {"progress": "any type"}, "progress", ""),
        ({"updated_at": None}, {"updated_at": "string"}, "updated_at", "does not send it"),
        ({"updated_at": None}, {}, "updated_at", ""),
        ({"updated_at": "soon"}, {}, "updated_at", "cannot be read as that"),
        ({"id": "8"}, {}, "id", "asked for 7"),
        ({"status": "odd"}, {}, "status", "nobody mapped"),
        ({"status": None, "phase": "running"}, {}, "status", "not in this answer; the answer has phase"),
    ],
)
def test_each_lie_is_told(changes, promised, field, said):
    remark = remarks(GOOD | changes, promised)[field]
    assert said in remark
    assert bool(remark) == bool(said)


@pytest.mark.parametrize("payload", [None, [], "text", 7, {"status": {"a": 1}, "id": [1]}])
def test_any_answer_is_compared(payload):
    assert remarks(payload, {"status": "string"})["status"]


def test_check_shows_each_field_as_read(jobctl, box):
    job = box.submit(duration=60)
    done = jobctl.run("init", "--name", "generation", "--check", job, "--json")
    lines = {one["field"]: one for one in done.document["check"]["fields"]}
    assert done.code == 0
    assert (lines["id"]["sent"], lines["id"]["read"], lines["id"]["remark"]) == (job, job, "")
    assert lines["status"]["read"] in {"pending", "running"}
    assert lines["updated_at"]["read"].endswith("Z")
    assert lines["progress"]["read"].endswith("%")
    shown = jobctl.run("init", "--name", "generation", "--check", job, "--force")
    assert "as read" in shown.out


def test_a_document_that_lies_is_found_out(alone, serve):
    sent = {"id": "other", "status": "odd", "state": "running"}
    url = serve(served({"/openapi.json": document(), "/jobs/7": sent})).url
    done = alone.run("init", "-u", url, "--check", "7", "--json")
    remarks = {one["field"]: one["remark"] for one in done.document["check"]["fields"]}
    assert "the document promises it (string), the server does not send it" in remarks["updated_at"]
    assert "asked for 7" in remarks["id"]
    assert "nobody mapped" in remarks["status"]
    assert done.code == 0


def test_a_status_that_is_not_there_could_not_be_told(alone, serve):
    url = serve(served({"/openapi.json": document(), "/jobs/7": {"id": "7", "state": "running"}})).url
    done = alone.run("init", "-u", url, "--check", "7")
    assert done.code == 12
    assert "the answer has state" in " ".join(done.out.split())

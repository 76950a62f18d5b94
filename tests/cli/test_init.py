"""`jobctl init` as a process: on the sandbox, and on servers that lie, redirect and send rubbish."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from support.program import check_message
from support.servers import reply

DOCUMENTS = Path(__file__).parents[1] / "openapi" / "documents"
LIFE = {"type": "string", "enum": ["queued", "running", "done", "failed"]}


def document(schema=None, **more):
    schema = schema or {
        "type": "object",
        "required": ["id", "status", "updated_at"],
        "properties": {"id": {"type": "string"}, "status": LIFE, "updated_at": {"type": "string"}},
    }
    answer = {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}
    return {"openapi": "3.1.0", "paths": {"/jobs/{id}": {"get": answer}}, **more}


def served(pages):
    """Answer each path with its page: data as JSON, text as it is, a number as a status."""

    def answer(head):
        path = head.split(" ")[1].partition("?")[0]
        page = pages.get(path, 404)
        if isinstance(page, int):
            return reply(page, b'{"detail": "no"}')
        if isinstance(page, str) and page.startswith("Location:"):
            return reply(302, b"", page)
        return reply(200, page.encode() if isinstance(page, str) else json.dumps(page).encode())

    return answer


def profiles(folder):
    return tomllib.loads((folder / "jobctl.toml").read_text("utf-8"))["profiles"]


def test_both_apis_of_the_sandbox_are_offered(jobctl):
    done = jobctl.run("init", "--yes")
    check_message(done, 2, "2 kinds of jobs", "/api/v1/generation-jobs/{id}", "/v1/jobs/{id}", "--name NAME")
    assert not (jobctl.cwd / "jobctl.toml").exists()


V1, GENERATION = "GET /v1/jobs/{id}", "GET /api/v1/generation-jobs/{id}"


@pytest.mark.parametrize(
    ("pick", "name", "read"),
    [
        (["--name", "generation"], "generation", GENERATION),
        (["--name", "v1"], "v1", V1),
        (["--path", "/v1"], "jobs", V1),
        (["--path", "/api", "--name", "mine"], "mine", GENERATION),
    ],
)
def test_each_api_of_the_sandbox_is_found_and_works(alone, box, pick, name, read):
    done = alone.run("init", "--openapi", box.url, *pick)
    check_message(done, 0, f"profile {name} written to jobctl.toml", "described there too")
    (found,) = profiles(alone.cwd).values()
    assert (found["read"], found["base_url"]) == (read, box.url)
    assert found["fields"]["status"] == ("job.status || status" if read == V1 else "status")
    assert set(found["fields"]) == {"id", "status", "progress", "updated_at", "error", "result"}
    # The profile does what it says: submit, list, read, cancel.
    job = alone.run("submit", "prompt=x", 'sandbox:={"duration": 60}').out.strip()
    assert alone.run("status", job, "--json").document["jobs"][0]["job"] == job
    assert job in {one["job"] for one in alone.run("list", "--json").document["jobs"]}
    assert "cancel confirmed" in alone.run("cancel", job).err


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


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["--name", "generation", "--check", "99"], 8, "HTTP 404"),
        (["--name", "generation", "--openapi", "http://127.0.0.1:1"], 7, "127.0.0.1:1"),
        (["--path", "/nowhere"], 2, "no job is read below /nowhere"),
        (["--openapi", "nowhere.json"], 2, "nowhere.json: cannot be read"),
        (["--openapi", "x", "--sample", "y"], 2, "give one of them"),
        (["--read", "GET /x/{id}"], 2, "--read goes with --sample"),
        (["--param", "x"], 2, "NAME=VALUE"),
    ],
)
def test_what_goes_wrong_has_its_code(jobctl, argv, code, said):
    done = jobctl.run("init", *argv)
    check_message(done, code, said)
    document = jobctl.run("init", *argv, "--json", "--force").document
    assert document["exit_code"] == code
    assert said in json.dumps(document)


def test_nothing_to_read(alone):
    check_message(alone.run("init"), 2, "nothing to read", "--openapi URL|FILE")


def test_what_is_there_is_not_touched(jobctl):
    before = '# mine\nprofile = "old"\n\n[profiles.old]\nread = "GET /x/{id}"\n'
    file = jobctl.cwd / "jobctl.toml"
    file.write_text(before)
    file.chmod(0o640)
    assert jobctl.run("init", "--name", "v1").code == 0
    after = file.read_text()
    assert after.startswith(before)
    assert file.stat().st_mode & 0o777 == 0o640
    check_message(jobctl.run("init", "--name", "v1"), 2, "a profile 'v1' is there already", "--force")
    assert file.read_text() == after
    assert jobctl.run("init", "--name", "v1", "--force").code == 0
    assert profiles(jobctl.cwd).keys() == {"old", "v1"}
    assert [path.name for path in jobctl.cwd.glob(".jobctl*")] == []


def test_a_broken_file_is_left_alone(jobctl):
    file = jobctl.cwd / "jobctl.toml"
    file.write_bytes(b"[profiles")
    check_message(jobctl.run("init", "--name", "v1"), 2, "jobctl.toml: not valid TOML")
    file.write_bytes(b"\xff")
    check_message(jobctl.run("init", "--name", "v1"), 2, "jobctl.toml: not UTF-8")
    assert file.read_bytes() == b"\xff"
    check_message(jobctl.run("init", "--name", "v1", "--out", "no/such/folder.toml"), 2, "cannot be written")


@pytest.mark.parametrize("flag", [["--dry-run"], ["--out", "-"]])
def test_a_dry_run_writes_nothing_but_the_profile_to_stdout(jobctl, flag):
    done = jobctl.run("init", "--name", "v1", *flag)
    assert tomllib.loads(done.out)["profiles"].keys() == {"v1"}
    assert "confidence" in done.err
    assert list(jobctl.cwd.glob("*.toml")) == []


@pytest.mark.parametrize("path", sorted(DOCUMENTS.glob("*.toml")), ids=lambda path: path.stem)
def test_public_apis_from_files(alone, path):
    told = tomllib.loads(path.read_text("utf-8"))["init"]
    (source,) = (one for one in DOCUMENTS.glob(f"{path.stem}.*") if one.suffix != ".toml")
    shutil.copy(source, alone.cwd)
    given = told.get("parameters", {}).items()
    argv = [word for pair in given for word in ("--param", "=".join(pair))]
    argv += ["--base-url", told["base_url"]] if "base_url" in told else []
    done = alone.run("init", "--openapi", source.name, "--name", path.stem, *argv)
    assert done.code == 0
    assert done.out.count("could not tell") == len(told["could_not_tell"])
    assert alone.run("profiles", path.stem).code == 0


def test_a_document_without_jobs_could_not_tell(alone):
    shutil.copy(DOCUMENTS / "pets.yaml", alone.cwd)
    done = alone.run("init", "--openapi", "pets.yaml")
    check_message(done, 12, "none of its 2 calls", "--sample")
    assert alone.run("init", "--openapi", "pets.yaml", "--json").document["exit_code"] == 12


def test_what_the_paths_leave_open_is_shown_and_not_written(alone):
    shutil.copy(DOCUMENTS / "runpod.yaml", alone.cwd)
    done = alone.run("init", "--openapi", "runpod.yaml", "--name", "x")
    check_message(done, 12, "not written (endpoint_id to fill in)")
    assert "--param endpoint_id=" in done.out
    assert not (alone.cwd / "jobctl.toml").exists()


def test_the_usual_places_are_tried(alone, serve):
    url = serve(served({"/openapi.json": "<html>all</html>", "/v3/api-docs": document()})).url
    assert alone.run("init", "-u", url).code == 0
    assert profiles(alone.cwd)["jobs"]["base_url"] == url
    nowhere = serve(served({"/openapi.json": "<html>"})).url
    done = alone.run("init", "-u", nowhere)
    check_message(done, 2, "no OpenAPI document at", "/openapi.json: ", "/v3/api-docs: HTTP 404", "--sample")


def test_a_refused_document_is_a_matter_of_credentials(alone, serve):
    check_message(alone.run("init", "-u", serve(served({"/openapi.json": 401})).url), 6, "HTTP 401")


def test_an_endless_document_is_cut(alone, serve):
    url = serve(lambda _head: reply(200, b"x" * (10 * 1024 * 1024 + 1))).url
    check_message(alone.run("init", "--openapi", f"{url}/spec.json"), 2, "larger than 10 MB")


def test_other_hosts_are_asked_only_when_allowed(alone, serve):
    far = serve(served({"/schemas.json": {"Job": document()["paths"]["/jobs/{id}"]}}))
    near = serve(
        served(
            {
                "/openapi.json": {
                    "openapi": "3.0.0",
                    "paths": {"/jobs/{id}": {"$ref": f"{far.url}/schemas.json#/Job"}},
                }
            }
        )
    )
    done = alone.run("init", "-u", near.url)
    check_message(done, 12, "1 documents that $refs lead to were not read", "--allow-remote")
    assert far.heads == []
    assert alone.run("init", "-u", near.url, "--allow-remote").code == 0
    assert len(far.heads) >= 1


def test_a_redirect_is_no_way_round_that(alone, serve):
    far = serve(served({"/schemas.json": {"Job": document()["paths"]["/jobs/{id}"]}}))
    near = serve(
        served(
            {
                "/openapi.json": {"openapi": "3.0.0", "paths": {"/jobs/{id}": {"$ref": "schemas.json#/Job"}}},
                "/schemas.json": f"Location: {far.url}/schemas.json",
            }
        )
    )
    check_message(alone.run("init", "-u", near.url), 7, "redirected")
    assert far.heads == []


def test_documents_beside_a_file_are_read_and_those_elsewhere_are_not(alone):
    inner = alone.cwd / "api"
    inner.mkdir()
    (inner / "job.yaml").write_text(json.dumps({"Job": {"properties": {"id": {}, "status": LIFE}}}))
    (alone.cwd / "outside.yaml").write_text(json.dumps({"Job": {"properties": {"id": {}, "status": LIFE}}}))
    for place, code in (("job.yaml", 0), ("../outside.yaml", 12), ("file:///etc/hostname", 12)):
        (inner / "openapi.json").write_text(json.dumps(document({"$ref": f"{place}#/Job"})))
        done = alone.run("init", "--openapi", "api/openapi.json", "-u", "http://127.0.0.1:9", "--force")
        assert done.code == code, (place, done)


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


def test_secrets_and_control_characters_of_the_server_are_not_shown(alone, serve):
    schema = {"properties": {"id": {}, "status": {"enum": [*LIFE["enum"], "odd\x1b[31m"]}, "result": {}}}
    secret = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlc2lnbmF0dXJl"
    job = {"id": "7", "status": "done\x1b]0;x\x07", "result": f"https://x/y?token={secret}"}
    url = serve(served({"/openapi.json": document(schema), "/jobs/7": job})).url
    done = alone.run("init", "-u", url, "--check", "7")
    check_message(done, 0)
    assert secret not in done.out + done.err
    assert "odd\\x1b[31m" in done.out


def test_the_token_goes_where_a_sample_is_and_never_to_a_document(alone, serve):
    job = {"id": "7", "status": "done", "updated_at": 1}
    server = serve(served({"/openapi.json": document(), "/jobs/7": job}))
    token = {"JOBCTL_TOKEN": "abc"}
    assert alone.run("init", "-u", server.url, env=token).code == 0
    assert all("abc" not in head for head in server.heads)
    done = alone.run("init", "--sample", f"{server.url}/jobs/7", "--name", "s", "--check", "7", env=token)
    assert done.code == 0
    assert "Bearer abc" in server.heads[-1]
    assert profiles(alone.cwd)["s"]["read"] == "GET /jobs/{id}"


def test_a_sample_file_needs_its_read(alone):
    (alone.cwd / "answer.json").write_text('{"task": {"id": "a", "state": "IN_QUEUE"}}')
    done = alone.run("init", "--sample", "answer.json")
    check_message(done, 12, "read or status unknown")
    assert "--read" in done.out
    argv = ["--sample", "answer.json", "--read", "GET /tasks/{id}", "-u", "http://127.0.0.1:9"]
    assert alone.run("init", *argv).code == 0
    assert profiles(alone.cwd)["tasks"]["status"] == {"pending": ["IN_QUEUE"]}

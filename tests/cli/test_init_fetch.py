"""What `jobctl init` reads: bounded, and never another host's without being told."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest
from support.documents import LIFE, document, served
from support.program import check_message
from support.servers import reply

from jobctl.cli.init_fetch import read_file
from jobctl.errors import ConfigError
from jobctl.openapi.parsing import LARGEST


def profiles(folder):
    return tomllib.loads((folder / "jobctl.toml").read_text("utf-8"))["profiles"]


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
    check_message(done, 12, "one document that a $ref leads to: not read", "--allow-remote")
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
    check_message(alone.run("init", "-u", near.url), 12, "cannot be read: ", "redirected")
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


@pytest.mark.parametrize(
    ("page", "code", "said"),
    [
        (401, 6, "no credentials are sent for a document: download it"),
        (403, 6, "no credentials are sent for a document: download it"),
        (404, 8, "check the address"),
        (410, 8, "check the address"),
        (500, 7, "an error inside the API"),
        ("<!doctype html><title>Sign in</title>", 2, "an HTML page where JSON or YAML belongs"),
        ("Location: /spec.json", 7, "more than 5 redirects"),
        ("Location: file:///etc/hostname", 7, "redirected"),
        ("Location: https://127.0.0.1:1/spec.json", 7, "redirects http to https"),
        ("", 2, "empty"),
    ],
)
def test_what_is_no_document_says_what_to_do(alone, serve, page, code, said):
    url = serve(served({"/spec.json": page})).url
    check_message(alone.run("init", "--openapi", f"{url}/spec.json"), code, said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([], "the server or something in between hung up"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"], "broke"),
        ([b"\x00garbage\r\n\r\n"], "does that port speak http"),
    ],
)
def test_half_an_answer_or_none(alone, serve, answer, said):
    url = serve(lambda _head: answer).url
    check_message(alone.run("init", "--openapi", f"{url}/spec.json"), 7, said)


def test_nobody_there(alone):
    check_message(alone.run("init", "--openapi", "http://127.0.0.1:1/spec.json"), 7, "127.0.0.1:1")


def test_a_protected_sample_wants_the_token(alone, serve):
    url = serve(served({"/jobs/7": 401})).url
    check_message(alone.run("init", "--sample", f"{url}/jobs/7"), 6, "set JOBCTL_TOKEN")


def test_a_document_of_a_redirect_is_one_of_where_it_ended(alone, serve):
    far = serve(served({"/v2/spec.json": document({"$ref": "job.json"}), "/v2/job.json": JOB}))
    near = serve(served({"/spec.json": f"Location: {far.url}/v2/spec.json"}))
    done = alone.run("init", "--openapi", f"{near.url}/spec.json", env={"JOBCTL_TOKEN": "secret-4711"})
    assert done.code == 0, done
    assert profiles(alone.cwd)["jobs"]["base_url"] == far.url
    assert all("secret-4711" not in head for head in near.heads + far.heads)


JOB = {"properties": {"id": {"type": "string"}, "status": LIFE}}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "no file and no address is given"),
        (" ", "no file and no address is given"),
        (".", "cannot be read: Is a directory"),
        ("nowhere.yaml", "cannot be read: No such file"),
        ("a" * 300, "cannot be read: File name too long"),
        ("a\0b", "cannot be read: embedded null"),
    ],
)
def test_files_that_are_none(tmp_path, monkeypatch, name, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=said):
        read_file(name)


def test_a_file_is_read_no_further_than_a_byte_too_many():
    if not Path("/dev/zero").exists():
        pytest.skip("no endless file here")
    assert len(read_file("/dev/zero")) == LARGEST + 1


def test_the_largest_document_is_read_and_a_larger_one_is_not(alone):
    text = json.dumps(document(servers=[{"url": "http://127.0.0.1:9"}]))
    file = alone.cwd / "spec.json"
    file.write_text(text + " " * (LARGEST - len(text)))
    assert alone.run("init", "--openapi", "spec.json").code == 0
    file.write_text(text + " " * (LARGEST - len(text) + 1))
    check_message(alone.run("init", "--openapi", "spec.json", "--force"), 2, "spec.json: larger than 10 MB")


@pytest.mark.parametrize(
    "reference", ["ftp://127.0.0.1:1/x.json", "data:,{}", "//[::1", "http://h:99999999/x", "//h:x/"]
)
def test_an_address_that_nobody_follows(alone, reference):
    (alone.cwd / "spec.json").write_text(json.dumps(document({"$ref": f"{reference}#/Job"})))
    for more in ([], ["--allow-remote"]):
        check_message(alone.run("init", "--openapi", "spec.json", *more), 12)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_to_elsewhere_is_elsewhere(alone):
    (alone.cwd / "api").mkdir()
    (alone.cwd / "secret.json").write_text(json.dumps({"Job": JOB}))
    (alone.cwd / "api" / "job.json").symlink_to(alone.cwd / "secret.json")
    (alone.cwd / "api" / "loop.json").symlink_to(alone.cwd / "api" / "loop.json")
    for name, code, said in (("job", 12, "not read"), ("loop", 12, "one document that a $ref leads to")):
        spec = alone.cwd / "api" / "spec.json"
        spec.write_text(json.dumps(document({"$ref": f"{name}.json#/Job"})))
        check_message(alone.run("init", "--openapi", "api/spec.json", "-u", "http://127.0.0.1:9"), code, said)
    spec.write_text(json.dumps(document({"$ref": "job.json#/Job"})))
    allowed = ("--openapi", "api/spec.json", "-u", "http://127.0.0.1:9", "--allow-remote")
    assert alone.run("init", *allowed).code == 0

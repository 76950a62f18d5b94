"""`jobctl init` as a process: on the sandbox, and on servers that lie, redirect and send rubbish."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from support.program import check_message

DOCUMENTS = Path(__file__).parents[1] / "openapi" / "documents"


def profiles(folder):
    return tomllib.loads((folder / "jobctl.toml").read_text("utf-8"))["profiles"]


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


def test_a_sample_file_needs_its_read(alone):
    (alone.cwd / "answer.json").write_text('{"task": {"id": "a", "state": "IN_QUEUE"}}')
    done = alone.run("init", "--sample", "answer.json")
    check_message(done, 12, "read or status unknown")
    assert "--read" in done.out
    argv = ["--sample", "answer.json", "--read", "GET /tasks/{id}", "-u", "http://127.0.0.1:9"]
    assert alone.run("init", *argv).code == 0
    assert profiles(alone.cwd)["tasks"]["status"] == {"pending": ["IN_QUEUE"]}

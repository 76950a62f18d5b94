"""Which of the kinds of job in a document is meant."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest
from support.program import check_message

from jobctl.cli.init_choice import UnlikelyDocument, choose, drafted, others
from jobctl.cli.init_source import Loaded
from jobctl.errors import ConfigError
from jobctl.openapi.document import Document
from jobctl.openapi.drafting import Wishes, find_kinds

DOCUMENTS = Path(__file__).parents[1] / "openapi" / "documents"


def profiles(folder):
    return tomllib.loads((folder / "jobctl.toml").read_text("utf-8"))["profiles"]


V1, GENERATION = "GET /v1/jobs/{id}", "GET /api/v1/generation-jobs/{id}"


def test_both_apis_of_the_sandbox_are_offered(jobctl):
    done = jobctl.run("init", "--yes")
    check_message(done, 2, "2 kinds of jobs", "/api/v1/generation-jobs/{id}", "/v1/jobs/{id}", "--name NAME")
    assert not (jobctl.cwd / "jobctl.toml").exists()


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


def test_a_document_without_jobs_could_not_tell(alone):
    shutil.copy(DOCUMENTS / "pets.yaml", alone.cwd)
    done = alone.run("init", "--openapi", "pets.yaml")
    check_message(done, 12, "none of its 2 calls", "--sample")
    assert alone.run("init", "--openapi", "pets.yaml", "--json").document["exit_code"] == 12


def loaded(*paths, words=("queued", "done", "failed")):
    schema = {"properties": {"id": {"type": "string"}, "status": {"enum": list(words)}}}
    answer = {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}
    document = Document(
        {"openapi": "3.1.0", "paths": {path: {"get": answer} for path in paths}}, "http://h/x"
    )
    return Loaded(document, find_kinds(document), "x\x1b[2J")


def test_the_one_kind_there_is_is_taken_whatever_its_name():
    only = loaded("/v1/jobs/{id}")
    assert choose(only, None, None, asking=False) == 0
    assert choose(only, None, "anything", asking=False) == 0
    assert choose(only, "/v1", None, asking=False) == 0


@pytest.mark.parametrize(
    ("path", "name", "said"),
    [
        (None, None, "2 kinds of jobs, told apart by the path"),
        (None, "neither", "2 kinds of jobs, told apart by the path"),
        ("/v3", None, "no job is read below /v3"),
        ("/v1/task", None, "no job is read below /v1/task"),
        ("/v1", None, "2 kinds of jobs are read below /v1"),
        ("/v1\x1b[2J", None, "no job is read below /v1\\\\x1b"),
    ],
)
def test_where_it_is_not_clear_nothing_is_chosen(path, name, said):
    with pytest.raises(ConfigError, match=said) as caught:
        choose(loaded("/v1/jobs/{id}", "/v1/tasks/{id}"), path, name, asking=False)
    assert "GET /v1/jobs/{id}" in caught.value.message
    assert "--path" in caught.value.hint
    assert "\x1b" not in caught.value.message


def test_of_very_many_some_are_listed():
    many = loaded(*(f"/v1/kind{number}-jobs/{{id}}" for number in range(50)))
    with pytest.raises(ConfigError) as caught:
        choose(many, None, None, asking=False)
    assert "50 kinds of jobs" in caught.value.message
    assert "… and 30 more" in caught.value.message
    assert caught.value.message.count("\n") == 21
    assert choose(many, "/v1/kind7-jobs", None, asking=False) == kinds_at(many, "/v1/kind7-jobs/{id}")
    assert choose(many, None, "kind7-jobs", asking=False) == kinds_at(many, "/v1/kind7-jobs/{id}")


def kinds_at(which, path):
    (number,) = [n for n, one in enumerate(which.kinds.families) if one.read.call.path == path]
    return number


def test_no_kind_at_all_is_no_mistake_of_the_callers():
    with pytest.raises(UnlikelyDocument, match=r"x\\x1b\[2J: none of its 1 calls") as caught:
        choose(loaded("/v1/users/{id}", words=("on", "off")), None, None, asking=False)
    assert "--sample" in caught.value.hint


def test_the_others_are_told_and_not_chosen(capsys):
    two = loaded("/v1/jobs/{id}", "/v1/tasks/{id}")
    draft = drafted(two, 1, Wishes(name="mine"), asking=False)
    assert (draft.name, draft.source) == ("mine", "x\x1b[2J")
    assert len(others(two, 1)) == 1
    err = capsys.readouterr().err
    assert f"described there too: {others(two, 1)[0]}" in err

"""The questions of `jobctl init`, in a pseudo-terminal."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest
from support.terminals import finish

DOCUMENTS = Path(__file__).parents[1] / "openapi" / "documents"


def written(jobctl):
    return tomllib.loads((jobctl.cwd / "jobctl.toml").read_text("utf-8"))["profiles"]


def test_which_kind_of_job_is_asked(jobctl, terminal):
    child = terminal("init", columns=200)
    child.expect("told apart by the path that reads them")
    child.expect(r"2  (\S+)  GET")
    name = child.match[1]
    child.expect(r"Which one\? \[1-2\]")
    child.sendline("2")
    child.expect(r"Write profile .* to jobctl.toml\? \[Y/n\]")
    child.sendline("")
    assert finish(child) == 0
    assert list(written(jobctl)) == [name]


@pytest.mark.parametrize("answer", ["", "3", "x", "9" * 50])
def test_no_answer_chooses_nothing(jobctl, terminal, answer):
    child = terminal("init", columns=200)
    child.expect("Which one")
    child.sendline(answer)
    child.expect("none was chosen")
    assert finish(child) == 2
    assert list(jobctl.cwd.glob("*.toml")) == []


def test_words_and_parameters_are_asked_and_a_no_writes_nothing(jobctl, terminal):
    shutil.copy(DOCUMENTS / "github_runs.yaml", jobctl.cwd)
    argv = ("--openapi", "github_runs.yaml")
    for agrees in ("n", "y"):
        child = terminal("init", *argv, columns=200)
        for question, answer in (
            ("What is owner in", "octo"),
            ("What is repo in", "hello"),
            ("What does the status 'neutral' mean", "c"),
            ("Write profile", agrees),
        ):
            child.expect(question)
            child.sendline(answer)
        assert finish(child) == 0
        assert (jobctl.cwd / "jobctl.toml").exists() is (agrees == "y")
    (profile,) = written(jobctl).values()
    assert profile["read"] == "GET /repos/octo/hello/actions/runs/{id}"
    assert profile["status"] == {"completed": ["neutral"]}


def test_yes_asks_nothing(jobctl, terminal):
    shutil.copy(DOCUMENTS / "prefect.json", jobctl.cwd)
    child = terminal("init", "--openapi", "prefect.json", "-u", "http://127.0.0.1:4200", "--yes")
    assert finish(child) == 0
    assert written(jobctl)["flow-runs"]["status"]["unknown"] == ["PAUSED"]

"""examples/README.md names every example, and every example says in its head what a reader has to know."""

from __future__ import annotations

import re
import subprocess

import pytest
from support.components import require_program

from jobctl.model import JobStatus
from jobctl.profile.load import load_profiles

LINK = re.compile(r"\]\(([^)]+)\)")


def scripts(examples):
    return sorted([*examples.glob("*.sh"), *examples.glob("*/*.sh")])


def test_the_index_is_complete(examples):
    named = {examples / link for link in LINK.findall((examples / "README.md").read_text("utf-8"))}
    assert [path for path in named if not path.exists()] == []
    for path in examples.iterdir():
        if path.name in {"README.md", "__pycache__"}:
            continue
        files = [path] if path.is_file() or path / "README.md" in named or path in named else path.iterdir()
        missing = [one for one in files if not {one, one / "README.md"} & named]
        assert missing == [], "not in the index"


@pytest.mark.parametrize(
    "name",
    [
        "triage.sh",
        "watch_batch.sh",
        "notify_webhook.py",
        "submit_and_wait.py",
        "ci/submit_and_wait.sh",
        "ci/submit_and_wait.yml",
        "ci/route_gate.yml",
    ],
)
def test_the_head_says_what_it_needs_and_how_it_exits(examples, name):
    head = (examples / name).read_text("utf-8")[:2000]
    assert re.search(r"\bNeeds ", head)
    assert re.search(r"\b[Ee]xits?\b", head)


def test_scripts_can_be_run(examples):
    for path in scripts(examples):
        assert path.read_text("utf-8").startswith("#!/usr/bin/env bash\n")
        assert path.stat().st_mode & 0o111, path


def test_scripts_are_clean(examples):
    program = require_program("shellcheck")
    done = subprocess.run([program, *scripts(examples)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_profile_is_valid(examples):
    profile = load_profiles([examples / "jobctl.toml"]).get("video")
    assert profile.status_of("ready") is JobStatus.COMPLETED
    assert profile.status_of("encoding") is JobStatus.RUNNING
    assert profile.read_url("a/b") == "https://video.example.com/v2/renders/a%2Fb"

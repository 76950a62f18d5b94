"""Every example runs as it stands, against the sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobctl.model import JobStatus
from jobctl.profile.load import load_profiles
from jobctl.sandbox import Sandbox, Script

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture(scope="module")
def box():
    with Sandbox(defaults=Script(duration=0.2, steps=2, pending=0.0)) as running:
        yield running


def run(box, tmp_path, *command):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = os.environ | {"PATH": path, "BASE_URL": box.url}
    return subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_submit_and_wait(box, tmp_path):
    done = run(box, tmp_path, sys.executable, EXAMPLES / "submit_and_wait.py", box.url, "a lighthouse")
    assert (done.returncode, done.stdout.strip().isdigit()) == (0, True), done.stderr


def test_submit_and_wait_when_nobody_answers(box, tmp_path):
    box.set_faults(["submit-error=100%"])
    try:
        done = run(box, tmp_path, sys.executable, EXAMPLES / "submit_and_wait.py", box.url, "a lighthouse")
    finally:
        box.set_faults([])
    assert done.returncode == 7
    assert "503" in done.stderr


def test_submit_and_wait_without_arguments_says_how_it_is_used(box, tmp_path):
    done = run(box, tmp_path, sys.executable, EXAMPLES / "submit_and_wait.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_watch_batch(box, tmp_path):
    (tmp_path / "prompts.txt").write_text("a lighthouse\na harbour; with 'quotes'\n")
    done = run(box, tmp_path, EXAMPLES / "watch_batch.sh", "prompts.txt")
    assert done.returncode == 0, done.stderr
    finals = [line for line in done.stdout.splitlines() if "result" in line and line[:1].isdigit()]
    assert len({line.split()[0] for line in finals if ":" not in line.split()[0]}) == 2
    assert (tmp_path / "decisions.jsonl").read_text().count('"schema":"jobctl.decision/1"') >= 2


def test_the_profile_is_valid():
    profile = load_profiles([EXAMPLES / "jobctl.toml"]).get("video")
    assert profile.status_of("ready") is JobStatus.COMPLETED
    assert profile.status_of("encoding") is JobStatus.RUNNING
    assert profile.read_url("a/b") == "https://video.example.com/v2/renders/a%2Fb"

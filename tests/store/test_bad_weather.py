"""Kills, crowds and folders that cannot be written, with real processes on a real file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
KILLS = int(os.environ.get("JOBCTL_KILLS", "300"))
"""`JOBCTL_KILLS=20000 pytest tests/store/test_bad_weather.py` goes on for as long as one likes."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


def storm(what, folder, count=0):
    script = TESTS / "support" / "storm.py"
    environ = os.environ | {"PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"}
    command = [sys.executable, str(script), what, str(folder), str(count)]
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=60 + KILLS, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_kill_9_at_any_moment(tmp_path):
    """No damage, nothing older over newer, and all that was acknowledged is there."""
    found = storm("kills", tmp_path, KILLS)
    assert found["findings"] == []
    assert 0 < found["acknowledged"] <= found["stored"]


def test_two_hundred_processes_at_once(tmp_path):
    found = storm("crowd", tmp_path, 200)
    assert (found["failed"], found["warned"], found["integrity"]) == (0, [], "ok")
    assert (found["stored"], found["jobs"]) == (200 * 20, 200 + 1)
    assert found["latest"] == "2026-01-01T00:33:19Z", "the newest word of all of them"


def test_a_folder_that_may_not_be_written_is_one_warning(tmp_path):
    found = storm("read-only", tmp_path)
    for warned in found.values():
        assert len(warned) == 1, found
        assert "going on without" in warned[0]
        assert "JOBCTL_STATE_DIR=FOLDER" in warned[0]

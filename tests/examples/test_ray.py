"""examples/ray: the walk-through is run as it stands, on a cluster of the tests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "examples" / "ray" / "README.md"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell script")


def test_the_walk_through(walk, ray):
    check_options_of_start()
    walk("ray", 120, JOBCTL_BASE_URL=ray.url)


def check_options_of_start():
    """The one block that is not run: its options are such that Ray knows them."""
    (line,) = re.findall(r"^ray start .*$", README.read_text("utf-8"), re.MULTILINE)
    program = Path(sys.executable).with_name("ray")
    told = subprocess.run(
        [program, "start", "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    known = set(re.findall(r"--[a-z-]+", told.stdout))
    assert set(re.findall(r"--[a-z-]+", line)) <= known

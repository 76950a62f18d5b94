"""What the shell offers behind an option."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def offered(starter, *words):
    # The installed program: under `python -m` it has another name, which the shell never completes.
    program = Path(sys.executable).parent / "jobctl"
    line = " ".join(("jobctl", *words))
    env = {"_JOBCTL_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words))}
    done = subprocess.run(
        [program], env=starter.environ | env, cwd=starter.cwd, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("watch", "-p", "gen"), ["generation"]),
        (("status", "--profile", "m"), ["mine"]),
        (("profiles", "v"), ["v1"]),
        (("sandbox", "--fault", "ws-acc"), ["ws-accept-close"]),
        (("sandbox", "--fault", "cache"), []),
        (("sandbox", "--tunnel-fault", "cache-h"), ["cache-honest"]),
        (("sandbox", "--end", "c"), ["completed", "cancelled"]),
        (("watch", "--until", "r"), ["running"]),
    ],
)
def test_values(alone, tmp_path, words, expected):
    (tmp_path / "jobctl.toml").write_text('[profiles.mine]\nread = "GET /jobs/{id}"\n')
    assert offered(alone, *words) == expected


def test_settings_that_are_wrong_offer_nothing(alone, tmp_path):
    (tmp_path / "jobctl.toml").write_text("[profiles")
    assert offered(alone, "watch", "-p", "gen") == []

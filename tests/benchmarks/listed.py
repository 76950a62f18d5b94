"""Ten thousand jobs of one sandbox, their ids on stdin, read by list requests: memory, requests, delay."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from startup import program

from jobctl.sandbox import Sandbox
from jobctl.watching.options import WatchOptions

JOBS = 10_000
INTERVAL = WatchOptions().slowest
RATE = JOBS / 100


def run() -> list[tuple[str, str, str, bool]]:
    with Sandbox() as box, tempfile.TemporaryDirectory() as folder:
        ids = _submit(box)
        box.reset_requests()
        began = time.monotonic()
        peak, said = _watch(box.url, ids, Path(folder))
        seconds = time.monotonic() - began
        requests = box.requests()["total"]
        ends = {job: box.history(job)[-1] for job in ids}
    right = sum(said.get(job, ("", 0.0))[0] == end["status"] for job, end in ends.items())
    late = [said[job][1] - _epoch(end["updated_at"]) for job, end in ends.items() if job in said]
    latest, a_second = max(late, default=float("inf")), requests / seconds
    return [
        (f"{JOBS:,} jobs by list requests", "≤ 200 MB", f"{peak:.0f} MB", peak <= 200),
        ("… requests", "≤ 1 a second per 100 jobs", f"{a_second:.1f} a second", a_second <= RATE),
        (
            "… every end seen",
            f"within 2 polls ({2 * INTERVAL:.0f} s)",
            f"{right:,} of {JOBS:,}, the last after {latest:.1f} s",
            right == JOBS and latest <= 2 * INTERVAL,
        ),
    ]


def _submit(box: Sandbox) -> list[str]:
    chance = random.Random(7)
    return [
        box.submit(
            "generation",
            duration=chance.uniform(20.0, 45.0),
            steps=4,
            pending=1.0,
            end=("failed", "completed")[number % 2],
        )
        for number in range(JOBS)
    ]


def _watch(url: str, ids: list[str], folder: Path) -> tuple[float, dict[str, tuple[str, float]]]:
    """Return the peak memory in MB, and of each job the status shown last, with when it was."""
    command = [program(), "watch", "-", "--json", "-u", url, "--timeout", "3m"]
    (folder / "ids").write_text("\n".join(ids))
    with (folder / "ids").open() as given, (folder / "out").open("w") as out:
        environ = os.environ | {"JOBCTL_STATE_DIR": str(folder)}
        process = subprocess.Popen(command, stdin=given, stdout=out, stderr=subprocess.DEVNULL, env=environ)
        _, _, usage = os.wait4(process.pid, 0)
    said = {}
    for line in map(json.loads, (folder / "out").open()):
        if line["type"] == "decision" and line["action"] == "apply":
            said[line["job"]] = line["after"]["status"], _epoch(line["at"])
    return usage.ru_maxrss / 1024, said


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


if __name__ == "__main__":
    print(run(), file=sys.stderr)

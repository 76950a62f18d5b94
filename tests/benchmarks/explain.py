"""`jobctl explain` of a long decision log: lines per second and memory, beside `json.loads` of the lines."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path

from decide import frame, record
from startup import program

from jobctl.model import Source
from jobctl.observe import Reader
from jobctl.profile.load import Profiles
from jobctl.reconcile import reconcile
from jobctl.story import decision_record

LINES = int(os.environ.get("JOBCTL_BENCHMARK_LINES", "1000000"))
JOBS = 1000


def write_log(path: Path) -> None:
    """Write a truthful log: records and frames of many jobs, interleaved."""
    reader = Reader(Profiles().get("generation"))
    jobs: dict[str, object] = {}
    with path.open("w") as file:
        for seq in range(1, LINES + 1):
            job = str(1193930 + seq % JOBS)
            is_read = seq // JOBS % 3 == 0
            payload = record(seq // JOBS) if is_read else frame(seq // JOBS)
            payload["id" if is_read else "job_id"] = job
            source = Source.POLL if is_read else Source.STREAM
            decision = reconcile(
                jobs.get(job), reader.observe(payload, source, job, 1760047990.0 + seq / 1000)
            )
            jobs[job] = decision.after
            line = decision_record(decision, seq=seq, profile="generation")
            file.write(json.dumps(line, separators=(",", ":")) + "\n")


def run() -> list[tuple[str, str, str, bool]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "decisions.jsonl")
        write_log(path)
        size = path.stat().st_size
        started = time.perf_counter()
        with path.open("rb") as file:
            for line in file:
                json.loads(line)
        parsed = time.perf_counter() - started
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        started = time.perf_counter()
        process = subprocess.Popen([program(), "explain", str(path), "--json"], stdout=subprocess.PIPE)
        out = process.communicate()[0]
        took = time.perf_counter() - started
        peak = max(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, before) / 1024
        summary = json.loads(out.splitlines()[-1])
    assert summary["decisions"] == LINES, summary
    assert summary["differing"] == 0, summary
    rate = LINES / took
    return [
        (f"explain {LINES:,} decisions ({size / 1e6:.0f} MB)", "≤ 100 MB", f"{peak:.0f} MB", peak <= 100),
        (
            "… lines a second",
            "100,000 or near",
            f"{rate:,.0f} ({took / parsed:.1f} × json.loads alone)",
            rate >= 1e5,
        ),
    ]

"""Judging a large recording: seconds and peak resident memory of `jobctl diagnose --from`, HAR and flows."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow, tutils
from startup import program

MEGABYTES = int(os.environ.get("JOBCTL_BENCHMARK_MEGABYTES", "500"))
START = 1_760_047_990
JOBS = 1000


def record(number: int, size: int) -> str:
    """Return a job's record of about `size` bytes."""
    progress = {
        "id": number % JOBS,
        "status": "running",
        "updated_at": f"2025-10-09T22:13:{number % 60:02d}Z",
    }
    return json.dumps(progress | {"log": 'line "é" of\noutput ' * (size // 20)}, ensure_ascii=False)


def job_path(number: int) -> str:
    """A read of one of many jobs, as the profile `generation` spells it."""
    return f"/api/v1/generation-jobs/{number % JOBS}"


def entry(number: int, size: int) -> dict[str, object]:
    """Return an entry as Chrome writes it; every 50th is a socket with messages."""
    headers = [{"name": f"x-header-{index}", "value": f"some value {index}"} for index in range(15)]
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + number)) + ".125Z"
    messages = [
        {"type": "receive", "time": START + number + index / 10, "opcode": 1, "data": record(index, 300)}
        for index in range(20)
    ]
    return {
        "_initiator": {"type": "script", "stack": {"callFrames": [{"url": "https://a.test/x.js"}] * 5}},
        "startedDateTime": at,
        "time": 81.25,
        "request": {
            "method": "GET",
            "url": f"https://api.test{job_path(number)}",
            "headers": headers,
            "cookies": [],
        },
        "response": {
            "status": 200,
            "headers": headers,
            "content": {"size": size, "mimeType": "application/json", "text": record(number, size)},
        },
        "timings": {"send": 1, "wait": 80, "receive": 0.25},
    } | ({"_webSocketMessages": messages} if number % 50 == 0 else {})


def sizes(rng: random.Random) -> int:
    """Return a body size: mostly small records, now and then a script or a picture."""
    return rng.choices([300, 3_000, 30_000, 3_000_000], [60, 25, 14, 1])[0]


def write_har(path: Path, wanted: int) -> None:
    rng = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '{"log": {"version": "1.2", "creator": {"name": "WebInspector"}, "pages": [], "entries": ['
        )
        number = 0
        while file.tell() < wanted:
            file.write(("," if number else "") + json.dumps(entry(number, sizes(rng)), indent=2))
            number += 1
        file.write("]}}")


def write_flows(path: Path, wanted: int) -> None:
    rng = random.Random(1)
    with path.open("wb") as file:
        writer = FlowWriter(file)
        number = 0
        while file.tell() < wanted:
            content = record(number, sizes(rng)).encode()
            is_socket = number % 50 == 0
            flow = tflow.twebsocketflow() if is_socket else tflow.tflow(resp=tutils.tresp(content=content))
            flow.request.path = job_path(number)
            writer.add(flow)
            number += 1


def run() -> list[tuple[str, str, str, bool]]:
    """Rows for the one table: `jobctl diagnose --from` of a large recording, as a process of its own."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (("HAR", write_har), ("flows", write_flows)):
            path = Path(folder, name)
            write(path, MEGABYTES * 1_000_000)
            size = path.stat().st_size / 1e6
            started = time.perf_counter()
            # Measured by a small process between: a child begins with its parent's peak.
            code = (
                "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL);"
                "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
            )
            command = [program(), "diagnose", "--from", str(path), "-q"]
            done = subprocess.run(
                [sys.executable, "-c", code, *command], check=True, capture_output=True, text=True
            )
            assert "no read of a job" not in done.stderr, done.stderr
            peak = int(done.stdout) / 1024
            told = f"{peak:.0f} MB, {time.perf_counter() - started:.0f} s"
            rows.append((f"diagnose --from, {size:.0f} MB of {name}", "≤ 150 MB", told, peak <= 150))
            path.unlink()
    return rows


if __name__ == "__main__":
    for row in run():
        print(*row, sep=" | ")

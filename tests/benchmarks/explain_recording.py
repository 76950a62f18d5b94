"""`jobctl explain` of a HAR of 100,000 entries: seconds, peak memory, and when the first answer came."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from startup import program

ENTRIES = int(os.environ.get("JOBCTL_BENCHMARK_ENTRIES", "100000"))
START = 1_760_047_990
JOBS = 100
FILLER = "line of output 0123456789 " * 60
HEADERS = [{"name": f"x-header-{index}", "value": f"some value of a header {index}"} for index in range(20)]
MEASURED = (
    "import resource, subprocess, sys, time; begun = time.perf_counter();"
    "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL);"
    "child.stdout.readline(); first = time.perf_counter() - begun; child.stdout.read(); child.wait();"
    "took = time.perf_counter() - begun;"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, first, took)"
)


def answer(number: int) -> str:
    """A record that goes on, and of one job in ten an old copy now and then."""
    job, turn = number % JOBS, number // JOBS
    is_old = job % 10 == 0 and turn % 7 == 6
    minute, second = divmod(max(0, turn - (5 if is_old else 0)), 60)
    record = {
        "id": str(job),
        "status": "processing",
        "progress": min(99, turn // 10),
        "updated_at": f"2025-10-09 22:{minute:02d}:{second:02d}.000000",
    }
    return json.dumps(record | {"log": FILLER})


def entry(number: int) -> dict[str, object]:
    """An entry as Chrome writes it: three reads in four, the rest of the web, now and then a socket."""
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + number // 10)) + f".{number % 10}00Z"
    is_read = number % 4 != 3
    url = f"/api/v1/generation-jobs/{number % JOBS}" if is_read else f"/static/part-{number}.js"
    made: dict[str, object] = {
        "_initiator": {"type": "script", "stack": {"callFrames": [{"url": "https://a.test/x.js"}] * 3}},
        "startedDateTime": at,
        "time": 81.25,
        "request": {"method": "GET", "url": f"https://api.test{url}", "headers": HEADERS, "cookies": []},
        "response": {
            "status": 200,
            "headers": HEADERS,
            "content": {"size": 1700, "mimeType": "application/json", "text": answer(number)},
        },
        "timings": {"send": 1, "wait": 80, "receive": 0.25},
    }
    if number % 1000 == 3:
        job = number // 1000 % JOBS
        made["request"] = {"method": "GET", "url": f"wss://api.test/ws/jobs/{job}", "headers": HEADERS}
        made["response"] = {"status": 101, "headers": HEADERS, "content": {"size": 0}}
        made["_webSocketMessages"] = [
            {
                "type": "receive",
                "time": START + number / 10 + index,
                "opcode": 1,
                "data": json.dumps({"type": "status", "status": "pending" if index == 19 else "processing"}),
            }
            for index in range(20)
        ]
    return made


def write_har(path: Path) -> None:
    """Write it in the order of sending, as browsers do."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{"log": {"version": "1.2", "creator": {"name": "WebInspector"}, "entries": [')
        for number in range(ENTRIES):
            file.write(("," if number else "") + json.dumps(entry(number)))
        file.write("]}}")


def run() -> list[tuple[str, str, str, bool]]:
    """Rows for the one table: a process of its own, measured by a small one between."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "long.har")
        write_har(path)
        size = path.stat().st_size / 1e6
        command = [sys.executable, "-c", MEASURED, program(), "explain", str(path), "--json"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        peak, first, took = (float(word) for word in done.stdout.split())
        started = time.perf_counter()
        with path.open("rb") as file:
            json.load(file)
        parsed = time.perf_counter() - started
    what = f"explain a HAR of {ENTRIES:,} entries ({size:.0f} MB)"
    return [
        (what, "≤ 20 s", f"{took:.1f} s ({took / parsed:.1f} × json.load of it)", took <= 20),
        ("… its peak memory", "≤ 150 MB", f"{peak / 1024:.0f} MB", peak / 1024 <= 150),
        ("… its first answer", "before the last byte", f"after {first:.1f} s", first < took / 2),
    ]


if __name__ == "__main__":
    for row in run():
        print(*row, sep=" | ")

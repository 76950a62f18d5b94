"""Reading a large recording: seconds and peak resident memory of `open_recording`, for a HAR and for flows.

`python tests/benchmarks/offline.py [--mb 500]`
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow, tutils

from jobctl.captures.recordings import open_recording

MOST_MIB = 150
START = 1_760_047_990


def record(number: int, size: int) -> str:
    """Return a job's record of about `size` bytes."""
    progress = {"id": 7, "status": "running", "updated_at": f"2025-10-09T22:13:{number % 60:02d}Z"}
    return json.dumps(progress | {"log": 'line "é" of\noutput ' * (size // 20)}, ensure_ascii=False)


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
        "request": {"method": "GET", "url": "https://api.test/jobs/7", "headers": headers, "cookies": []},
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
            writer.add(
                tflow.twebsocketflow() if is_socket else tflow.tflow(resp=tutils.tresp(content=content))
            )
            number += 1


def child(path: str) -> None:
    """Read a recording, and print what that took."""
    started = time.perf_counter()
    recording = open_recording(Path(path), lambda _read, _size: None)
    exchanges = sum(1 for _ in recording)
    took = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"exchanges": exchanges, "seconds": took, "MiB": peak, "problems": recording.problems}))


def run(megabytes: int) -> bool:
    is_small = True
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (("HAR", write_har), ("flows", write_flows)):
            path = Path(folder, name)
            write(path, megabytes * 1_000_000)
            size = path.stat().st_size / 1e6
            # A child of a large process begins with its parent's peak, so it is started anew by exec.
            done = subprocess.run(
                [sys.executable, __file__, "--child", str(path)], check=True, capture_output=True, text=True
            )
            told = json.loads(done.stdout)
            is_small &= told["MiB"] <= MOST_MIB
            print(
                f"{name}: {size:.0f} MB, {told['exchanges']:,} exchanges, {told['seconds']:.1f} s, "
                f"{told['MiB']:.0f} MiB peak resident (at most {MOST_MIB} wanted), "
                f"problems {told['problems']}"
            )
            path.unlink()
    return is_small


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=500)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child)
    else:
        sys.exit(not run(arguments.mb))

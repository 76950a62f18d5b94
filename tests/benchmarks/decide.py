"""One decision, its observation read from the payload, against `json.loads` of the same message."""

from __future__ import annotations

import json
import time

from jobctl.model import Source
from jobctl.observe import Reader
from jobctl.profile.load import Profiles
from jobctl.reconcile import reconcile

MESSAGES = 3000
ROUNDS = 15


def record(number: int) -> dict:
    """What the sandbox (and incident 1's API) answers to a read."""
    return {
        "id": 1193930,
        "status": "processing",
        "progress": 62.0,
        "created_at": "2025-10-09 22:12:00.101010",
        "updated_at": f"2025-10-09 22:{number // 600 % 60:02d}:{number // 10 % 60:02d}.{number:06d}",
        "started_at": "2025-10-09 22:12:01.202020",
        "job_type": "image",
        "prompt": "a lighthouse in a storm, oil on canvas",
        "error_message": None,
        "content_id": None,
        "params": {"width": 1024, "height": 1024, "steps": 30, "seed": 42, "model": "sdxl"},
        "worker": "gpu-3",
    }


def frame(number: int) -> dict:
    """The smallest thing a stream says."""
    return {
        "type": "status",
        "job_id": "1193930",
        "status": "processing",
        "progress": 62.0,
        "updated_at": f"2025-10-09T22:{number // 600 % 60:02d}:{number // 10 % 60:02d}.{number % 1000:03d}Z",
    }


def measure(make, profile: str, source: Source) -> tuple[float, int]:
    """Return the best ratio's median over rounds, and the size of a message in bytes."""
    texts = [json.dumps(make(number)) for number in range(MESSAGES)]
    reader = Reader(Profiles().get(profile))
    ratios = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        payloads = [json.loads(text) for text in texts]
        parsed = time.perf_counter()
        job = None
        for payload in payloads:
            job = reconcile(job, reader.observe(payload, source, "1193930", 1.0)).after
        decided = time.perf_counter()
        ratios.append((decided - parsed) / (parsed - started))
    return sorted(ratios)[len(ratios) // 2], len(texts[0])


def run() -> list[tuple[str, str, str, bool]]:
    rows = []
    for what, make, profile, source in (
        ("a job record, read", record, "generation", Source.POLL),
        ("a record in an envelope", lambda number: {"job": record(number)}, "v1", Source.POLL),
        ("the smallest frame", frame, "generation", Source.STREAM),
    ):
        ratio, size = measure(make, profile, source)
        rows.append((f"decide {what} ({size} bytes)", "≤ 2 × json.loads", f"{ratio:.2f} ×", ratio <= 2))
    return rows

"""From the terminal frame on the socket to the process having printed and exited, beside a bare client."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from startup import program

from jobctl.sandbox import Sandbox

RUNS = 15

BARE = """
import asyncio, json, sys
import httpx
from websockets.asyncio.client import connect
async def main(socket, url):
    async with httpx.AsyncClient() as http, connect(socket) as frames:
        await http.get(url)
        async for frame in frames:
            if json.loads(frame).get("status") in ("completed", "failed", "cancelled"):
                break
        print((await http.get(url)).json()["status"])
asyncio.run(main(*sys.argv[1:]))
"""


def after_the_end(box: Sandbox, command: list[str], job: str) -> float:
    """Run a client until it exits; return the seconds since the job ended on the server."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ended = datetime.fromisoformat(box.history(job)[-1]["updated_at"]).replace(tzinfo=UTC).timestamp()
    return time.time() - ended


def run() -> list[tuple[str, str, str, bool]]:
    differences, ours, theirs = [], [], []
    with tempfile.TemporaryDirectory() as folder, Sandbox() as box:
        script = Path(folder, "bare.py")
        script.write_text(BARE)
        for turn in range(RUNS + 1):
            one = box.submit("generation", duration=1.2, steps=3, pending=0.1)
            mine = after_the_end(box, [program(), "watch", one, "-u", box.url, "--quiet"], one)
            two = box.submit("generation", duration=1.2, steps=3, pending=0.1)
            url = f"{box.url}/api/v1/generation-jobs/{two}"
            bare = after_the_end(box, [sys.executable, str(script), f"{box.ws_url}/ws/jobs/{two}", url], two)
            if turn:
                ours.append(mine), theirs.append(bare)
                differences.append(mine - bare)
    extra = statistics.median(differences) * 1000
    both = (statistics.median(times) * 1000 for times in (ours, theirs))
    shown = f"{extra:+.0f} ms ({' and '.join(f'{ms:.0f}' for ms in both)} ms)"
    return [("terminal frame → exited", "≤ 30 ms over a bare client", shown, extra <= 30)]

"""Whole processes: `jobctl --version` and `jobctl status` against scripts that do as little as possible."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jobctl.sandbox import Sandbox

RUNS = 25

BARE_TYPER = """
import typer
app = typer.Typer()
@app.command()
def main(version: bool = False):
    if version:
        print("bare 0.1.0")
app()
"""

BARE_GET = """
import typer, httpx
app = typer.Typer()
@app.command()
def main(url: str):
    print(httpx.get(url).json()["status"])
app()
"""


def paired(one: list[str], other: list[str], runs: int = RUNS) -> tuple[float, float, float]:
    """Run two commands in turn; return the median ratio one/other and both medians in ms."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(runs + 2):
        for command, into in zip((one, other), times, strict=True):
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if turn >= 2:
                into.append(time.perf_counter() - started)
    ratio = statistics.median(a / b for a, b in zip(*times, strict=True))
    return ratio, statistics.median(times[0]) * 1000, statistics.median(times[1]) * 1000


def program() -> str:
    """The installed `jobctl`, beside the interpreter that runs this."""
    return str(Path(sys.executable).parent / "jobctl")


def run() -> list[tuple[str, str, str, bool]]:
    rows = []
    with tempfile.TemporaryDirectory() as folder, Sandbox() as box:
        typer, get = Path(folder, "bare_typer.py"), Path(folder, "bare_get.py")
        typer.write_text(BARE_TYPER)
        get.write_text(BARE_GET)
        job = box.submit("generation", duration=0.0, pending=0.0)
        url = f"{box.url}/api/v1/generation-jobs/{job}"
        for what, target, limit, ours, bare in (
            (
                "jobctl --version",
                "≤ 1.15 × a bare Typer app",
                1.15,
                [program(), "--version"],
                [sys.executable, str(typer), "--version"],
            ),
            (
                "jobctl status",
                "≤ 1.3 × bare typer + httpx GET",
                1.3,
                [program(), "status", job, "-u", box.url],
                [sys.executable, str(get), url],
            ),
        ):
            ratio, our_ms, bare_ms = paired(ours, bare)
            rows.append((what, target, f"{ratio:.2f} × ({our_ms:.0f} and {bare_ms:.0f} ms)", ratio <= limit))
    return rows

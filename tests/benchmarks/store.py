"""The memory: decisions a second, how soon they survive `kill -9`, and what it costs a watch of one job."""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from decide import record
from startup import program

from jobctl.captures.recorder import Recorder
from jobctl.model import Source
from jobctl.observe import Reader
from jobctl.profile.load import Profiles
from jobctl.reconcile import reconcile
from jobctl.sandbox import Sandbox
from jobctl.store.memory import Memory

DECISIONS = 200_000
PACE = 20_000
KILLS = 20
WATCHED = 20.0
PAIRS = 3


def made(count: int):
    """Decisions with their records, as a watch hands them over."""
    profile = Profiles().get("generation").with_base_url("http://127.0.0.1:1")
    reader, job = Reader(profile), None
    recorder = Recorder(reader)
    found = []
    for number in range(count):
        decision = reconcile(job, reader.observe(record(number), Source.POLL, "1193930", float(number)))
        job = decision.after
        found.append((decision, recorder.record(decision)))
    return profile, found


def memory_in(folder: str, profile) -> Memory:
    return Memory(profile, {"JOBCTL_STATE_DIR": folder}, print)


def sustained(profile, decisions) -> float:
    """Decisions a second, all of them committed, from a thread that does nothing else."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        memory_in(folder, profile) as memory,
    ):
        started = time.perf_counter()
        for start in range(0, DECISIONS, 1000):
            for number in range(start, start + 1000):
                memory.decided(*decisions[number % len(decisions)])
            if start % 20_000 == 0:
                memory.flush(60)
        assert memory.flush(60)
        return DECISIONS / (time.perf_counter() - started)


def write_paced(folder: str, profile, decisions, shared: mmap.mmap) -> None:
    """In the child: `PACE` a second for ever; after each millisecond's share the count and the time."""
    memory = memory_in(folder, profile)
    memory.decided(*decisions[0])
    assert memory.flush(60)
    struct.pack_into("d", shared, 0, time.monotonic())
    began, count = time.monotonic(), 1
    while True:
        due = min(int((time.monotonic() - began) * PACE), len(shared) // 8 - 1)
        while count < due:
            memory.decided(*decisions[count % len(decisions)])
            struct.pack_into("d", shared, 8 * count, time.monotonic())
            count += 1
        time.sleep(0.001)


def lost_at_kill(profile, decisions, seed: int) -> tuple[float, int]:
    """Kill a writer; return the age (ms) of the oldest decision that is not there, and how many are."""
    shared = mmap.mmap(-1, 8 * PACE * 5)
    for thread in threading.enumerate():
        if thread.name.startswith("jobctl"):
            thread.join(60)  # what it held of SQLite at the fork, nobody would ever let go of in the child
    with tempfile.TemporaryDirectory() as folder:
        if (pid := os.fork()) == 0:
            write_paced(folder, profile, decisions, shared)
        while not struct.unpack_from("d", shared, 0)[0]:
            time.sleep(0.01)
        time.sleep(random.Random(seed).uniform(0.2, 2.0))
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        os.waitpid(pid, 0)
        with sqlite3.connect(Path(folder, "memory.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            there = db.execute("SELECT count(*) FROM decisions").fetchone()[0]
        (first_lost,) = struct.unpack_from("d", shared, 8 * there)
        return (killed - first_lost) * 1000 if first_lost else 0.0, there


def watch_cost() -> tuple[float, float]:
    """CPU seconds that the memory adds to a watch, per second watched; and the watch's own."""

    def cpu(box, folder, switch) -> float:
        job = box.submit("generation", duration=WATCHED, steps=40)
        before = os.times()
        environ = os.environ | {"JOBCTL_STATE_DIR": folder, "JOBCTL_MEMORY": switch}
        command = [program(), "watch", job, "-u", box.url, "--json"]
        out = subprocess.run(command, check=True, env=environ, capture_output=True).stdout
        assert json.loads(out.splitlines()[-1])["exit_code"] == 0
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    with Sandbox() as box, tempfile.TemporaryDirectory() as folder:
        pairs = [(cpu(box, folder, "on"), cpu(box, folder, "off")) for _ in range(PAIRS)]
    return statistics.median(one - other for one, other in pairs) / WATCHED, pairs[0][1] / WATCHED


def run() -> list[tuple[str, str, str, bool]]:
    profile, decisions = made(5000)
    size = len(json.dumps(decisions[-1][1]))
    rate = sustained(profile, decisions)
    kills = [lost_at_kill(profile, decisions, seed) for seed in range(KILLS)]
    oldest = max(age for age, _ in kills)
    cost, own = watch_cost()
    return [
        (f"memory: decisions of {size} bytes committed", "≥ 20,000 a second", f"{rate:,.0f}", rate >= 20_000),
        (
            f"… lost by kill -9 at {PACE:,} a second",
            "the last 100 ms at most",
            f"the last {oldest:.0f} ms at most, in {KILLS} kills",
            oldest <= 100,
        ),
        (
            "… CPU beside a watch of one job",
            "≤ 2 %",
            f"{cost:.2%} (the watch itself {own:.1%})",
            cost <= 0.02,
        ),
    ]


if __name__ == "__main__":
    for row in run():
        print(*row, sep="  |  ")
    sys.exit(0)

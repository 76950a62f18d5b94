from __future__ import annotations

import os
import select
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from jobctl.sandbox import Script
from jobctl.sandbox.jobs import JobStore

ROOT = Path(__file__).parents[2]
SERVE = """
import sys
from jobctl.sandbox import Sandbox
box = Sandbox(db=sys.argv[1])
def ready(box):
    print(box.url, *[box.submit(duration=0.5, steps=100, pending=0) for _ in range(20)], flush=True)
box.serve(ready)
"""


def test_a_kill_loses_nothing_that_was_shown(tmp_path):
    command = [sys.executable, "-c", SERVE, str(tmp_path / "jobs.db")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    shown = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert select.select([process.stdout], [], [], 20)[0]
            url, *jobs = process.stdout.readline().split()
            with httpx.Client(base_url=url, trust_env=False) as client:
                for job in jobs * 3:
                    shown[job] = client.get(f"/_sandbox/history/{job}").json()
        finally:
            process.kill()
    store = JobStore(tmp_path / "jobs.db")
    for job, entries in shown.items():
        assert store.history(job)[: len(entries)] == entries
        assert store.history(job)[-1]["status"] in {"processing", "completed"}
    store.close()


def test_a_full_disk_is_an_error_and_changes_nothing():
    now = [1_760_000_000.0]
    store = JobStore(None, lambda: now[0])
    job = store.submit("v1", {}, Script(duration=1, steps=2))
    pages = store._db._db.execute("PRAGMA page_count").fetchone()[0]
    store._db._db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.submit("v1", {"prompt": "x" * 100_000}, Script())
    store._db._db.execute("PRAGMA max_page_count=1000000")
    now[0] += 5
    assert store.get(job.id).status == "completed"
    assert store.submit("v1", {}, Script()).n == 2
    store.close()


def test_changes_that_a_full_disk_undid_come_again_after_a_reload():
    now = [1_760_000_000.0]
    store = JobStore(None, lambda: now[0])
    jobs = [store.submit("v1", {}, Script(duration=1, steps=9)).id for _ in range(200)]
    now[0] += 5
    pages = store._db._db.execute("PRAGMA page_count").fetchone()[0]
    store._db._db.execute(f"PRAGMA max_page_count={pages + 5}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.advance()
    assert {len(store._db.history(job)) for job in jobs} == {1}
    store._db._db.execute("PRAGMA max_page_count=1000000")
    store.reload()
    store.advance()
    assert {store._db.history(job)[-1][1] for job in jobs} == {"completed"}
    store.close()

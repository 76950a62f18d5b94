"""Decisions with their records, as a watch hands them to the memory."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time

from jobctl.captures.recorder import Recorder
from jobctl.model import Source
from jobctl.observe import Reader
from jobctl.profile.load import Profiles
from jobctl.reconcile import reconcile

PROFILE = Profiles().get("generation").with_base_url("http://localhost:8001")


class Teller:
    """One process's state machines: `tell` decides a word about a job and hands it to the memory."""

    def __init__(self, memory, profile=PROFILE):
        self.memory, self.reader = memory, Reader(profile)
        self.recorder = Recorder(self.reader)
        self.jobs = {}

    def tell(self, job="7", status="running", second=None, source=Source.POLL, **more):
        known = self.jobs.get(job)
        payload = {"id": job, "status": status} | more
        if second is not None:
            payload["updated_at"] = f"2026-01-01T00:{second // 60 % 60:02d}:{second % 60:02d}Z"
        basis = known.revision if source is Source.VERIFY and known else 0
        decision = reconcile(known, self.reader.observe(payload, source, job, time.time(), basis=basis))
        self.jobs[job] = decision.after
        self.memory.decided(decision, self.recorder.record(decision))
        return decision


def folded_in():
    """Wait until closed memories have let go of their files, which no command waits for."""
    for thread in threading.enumerate():
        if thread.name in {"jobctl-store", "jobctl-checkpoints"}:
            thread.join(60)
            assert not thread.is_alive()


def in_child(work):
    """Run `work` in a fork of this process; return a pid. Its exit status is 0 unless it raised."""
    if (pid := os.fork()) == 0:
        code = 1
        with contextlib.suppress(BaseException):
            work()
            code = 0
        os._exit(code)
    return pid


def ended(pid):
    """Wait for a child and return its exit code (-9 for one that was killed)."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def rows(path, query, *values):
    with contextlib.closing(sqlite3.connect(path, timeout=5)) as db:
        return db.execute(query, values).fetchall()

"""Processes that write the memory and are killed: `python storm.py kills|crowd|read-only FOLDER COUNT`.

One process imports, and forks all others. What was found is one JSON object on stdout; the test judges it.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import sqlite3
import struct
import sys
import tempfile
import time
from pathlib import Path

from support.remembering import PROFILE, Teller, ended, folded_in, in_child, rows

import jobctl.store.reading
import jobctl.store.writer  # noqa: F401 -- whoever is forked later may not be allowed to import any more
from jobctl.store.memory import Memory

_SLOT = struct.Struct("qqq")
"""What a child has acknowledged: decisions committed, its latest `second` among them; and its process id."""
_AT_ONCE = 3


def memory_in(folder, warn=print):
    return Memory(PROFILE, {"JOBCTL_STATE_DIR": folder}, warn, touches=True, close_wait=120.0)


def write_on(folder, shared, slot, began):
    """Decide for ever about one job that all know, its time ever newer; acknowledge what is committed."""
    memory = memory_in(folder)
    teller, seconds = Teller(memory), []
    while True:
        for _ in range(random.randrange(1, 6)):
            second = int((time.monotonic() - began) * 1000)
            teller.tell(
                "7", status=random.choice(["pending", "processing"]), second=None, updated_at=second + 10**9
            )
            seconds.append(second)
        written = memory._writer.written
        if written:
            _SLOT.pack_into(shared, slot * _SLOT.size, written, seconds[written - 1], os.getpid())
        time.sleep(random.random() * 0.004)


def kills(folder, count):
    """Kill writers at any moment, a few at work at once; look at what is there after each."""
    path, began = Path(folder, "memory.db"), time.monotonic()
    shared = mmap.mmap(-1, _SLOT.size * _AT_ONCE)
    pids, from_row, findings, acknowledged = {}, {}, [], 0
    for number in range(count):
        for slot in set(range(_AT_ONCE)) - pids.keys():
            _SLOT.pack_into(shared, slot * _SLOT.size, 0, 0, 0)
            from_row[slot] = _last_row(path)
            pids[slot] = in_child(lambda slot=slot: write_on(folder, shared, slot, began))
        victim = random.choice(list(pids))
        time.sleep(random.random() ** 2 * 0.1)
        os.kill(pids[victim], signal.SIGKILL)
        if (code := ended(pids.pop(victim))) != -signal.SIGKILL:
            findings.append(f"{number}: a writer ended by itself with {code}")
        said = _SLOT.unpack_from(shared, victim * _SLOT.size)
        acknowledged += said[0]
        check = "quick_check" if number % 20 else "integrity_check"
        problems = [*_damage(path, check), *_missing(path, from_row[victim], *said)]
        findings += [f"{number}: {one}" for one in problems]
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
        ended(pid)
    findings += _damage(path, "integrity_check")
    return {"findings": findings[:20], "acknowledged": acknowledged, "stored": _last_row(path)}


def _damage(path, check):
    said = rows(path, f"PRAGMA {check}") if path.exists() else [("ok",)]
    return [] if said == [("ok",)] else [f"{check}: {said[:3]}"]


def _missing(path, from_row, written, second, pid):
    """What one writer had acknowledged and is not there."""
    if not written:
        return
    numbered = (
        "SELECT json_extract(record, '$.seq') FROM decisions WHERE id > ? AND record LIKE ? ORDER BY id"
    )
    there = [number for (number,) in rows(path, numbered, from_row, f'%-{pid:x}"%')]
    if there != list(range(1, len(there) + 1)):
        yield f"a gap or a wrong order in what {pid} wrote"
    if len(there) < written:
        yield f"{written} acknowledged, {len(there)} there"
    ((record,),) = rows(path, "SELECT record FROM jobs WHERE job = '7'")
    stands = int(json.loads(record)["updated_at"]) - 10**9
    if stands < second:
        yield f"an older state stands there: {stands} after {second} was acknowledged"


def _last_row(path):
    try:
        return rows(path, "SELECT coalesce(max(id), 0) FROM decisions")[0][0]
    except sqlite3.OperationalError:  # no file or no table yet
        return 0


def crowd(folder, count):
    """So many processes at once, each with a few decisions about a shared job and one of its own."""
    said = Path(folder, "said")
    said.mkdir()

    def work(number):
        warned = []
        with memory_in(folder, warned.append) as memory:
            teller = Teller(memory)
            for step in range(10):
                teller.tell("shared", second=number * 10 + step)
                teller.tell(f"own-{number}", second=step)
        if warned:
            Path(said, str(number)).write_text("\n".join(warned))

    pids = [in_child(lambda number=number: work(number)) for number in range(count)]
    codes = [ended(pid) for pid in pids]
    path = Path(folder, "memory.db")
    ((record,),) = rows(path, "SELECT record FROM jobs WHERE job = 'shared'")
    return {
        "failed": sum(code != 0 for code in codes),
        "warned": sorted(one.read_text() for one in said.iterdir())[:3],
        "stored": _last_row(path),
        "jobs": rows(path, "SELECT count(*) FROM jobs")[0][0],
        "latest": json.loads(record)["updated_at"],
        "integrity": rows(path, "PRAGMA integrity_check")[0][0],
    }


def read_only(_folder, _count):
    """A folder that may be read and not written, as somebody who is not root."""
    found = {}
    with tempfile.TemporaryDirectory() as top:
        Path(top).chmod(0o755)
        for name, begins in (("empty", False), ("begun", True)):
            folder = Path(top, name)
            folder.mkdir()
            if begins:
                with memory_in(str(folder)) as memory:
                    Teller(memory).tell(second=1)
                folded_in()  # a fork must not meet another thread inside SQLite
                for one in folder.iterdir():
                    one.chmod(0o644)
            folder.chmod(0o555)
            told, report = os.pipe()

            def work(folder=folder, report=report):
                if os.getuid() == 0:
                    os.setuid(65534)
                warned = []
                with memory_in(str(folder), warned.append) as memory:
                    memory.known(["7"])
                    teller = Teller(memory)
                    for second in range(3):
                        teller.tell(second=second)
                    memory.flush()
                os.write(report, json.dumps(warned).encode())

            assert ended(in_child(work)) == 0
            os.close(report)
            with os.fdopen(told) as lines:
                found[name] = json.loads(lines.read())
            folder.chmod(0o755)
    return found


if __name__ == "__main__":
    what = {"kills": kills, "crowd": crowd, "read-only": read_only}[sys.argv[1]]
    random.seed(int(os.environ.get("JOBCTL_SEED", "0")) or None)
    print(json.dumps(what(sys.argv[2], int(sys.argv[3]))))

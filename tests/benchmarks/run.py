"""All benchmarks, one table: `python tests/benchmarks/run.py [NAME …]`.

Every figure that is compared is a ratio (or a difference) of two things measured in this run, in turn.
Nothing here is a test: numbers depend on the machine, and the table says which machine it was.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import addon
import decide
import diagnose
import engine
import explain
import explain_recording
import latency
import listed
import many
import offline
import page
import startup
import store
from tabulate import tabulate

BENCHMARKS = {
    "decide": decide.run,
    "startup": startup.run,
    "latency": latency.run,
    "many": many.run,
    "listed": listed.run,
    "engine": engine.run,
    "explain": explain.run,
    "explain-recording": explain_recording.run,
    "diagnose": diagnose.run,
    "addon": addon.run,
    "offline": offline.run,
    "store": store.run,
    "page": page.run,
}


def main() -> int:
    names = sys.argv[1:] or list(BENCHMARKS)
    rows = []
    for name in names:
        started = time.monotonic()
        rows += BENCHMARKS[name]()
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    heads = ("what", "target", "measured", "met")
    table = [(what, target, measured, "yes" if met else "NO") for what, target, measured, met in rows]
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} cores"
    )
    print()
    print(tabulate(table, headers=heads, tablefmt="github", disable_numparse=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())

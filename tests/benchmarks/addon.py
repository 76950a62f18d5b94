"""What the mitmproxy addon costs: a job flow, other traffic in pairs with a no-op addon, memory."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mitmproxy.http import Headers
from mitmproxy.test import tflow
from support.mitm import Mitmdump, addon_file
from support.traffic import START, Origin

from jobctl.caching.addon import JobctlAddon
from jobctl.caching.passive import Passive
from jobctl.profile.load import Profiles

FLOWS = 1_000_000
JOBS = 12_000
PAIRS = 15
REQUESTS = 2_000
CONNECTIONS = 10
NO_OP = "class NoOp:\n    def response(self, flow):\n        pass\n\n\naddons = [NoOp()]\n"


def run():
    """Rows for the one table of all benchmarks."""
    job, other = per_flow()
    code = f"import runpy; runpy.run_path({__file__!r})['feed']({FLOWS})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    resident_mb, jobs = json.loads(done.stdout)
    ratio, lowest, highest = throughput()
    return [
        ("addon: one job flow", "≤ 100 µs", f"{job:.0f} µs (any other flow {other:.1f} µs)", job <= 100),
        (
            "addon: other traffic, against a no-op addon",
            "≥ 0.97 ×",
            f"{ratio:.3f} × ({lowest:.2f} to {highest:.2f} in {PAIRS} pairs)",
            ratio >= 0.97,
        ),
        (
            f"addon: {FLOWS:,} job flows seen",
            "≤ 200 MB",
            f"{resident_mb:.0f} MB ({jobs:,} jobs remembered)",
            resident_mb <= 200,
        ),
    ]


def made_flow():
    flow = tflow.tflow(resp=True)
    flow.response.headers = Headers(
        [
            (b"content-type", b"application/json"),
            (b"cache-control", b"no-store"),
            (b"date", b"Mon, 01 Jan 2024 00:00:00 GMT"),
            (b"server", b"uvicorn"),
            (b"x-request-id", b"0"),
        ]
    )
    return flow


def prepare(flow, origin, number, body):
    at = START + number / 1000
    flow.request.data.path = b"/api/v1/generation-jobs/" + origin.job.encode()
    flow.request.timestamp_start = at
    flow.response.timestamp_end = at + 0.0005
    flow.response.data.content = body
    flow.response.headers.fields = (*flow.response.headers.fields[:-1], (b"x-request-id", b"%d" % number))


def ready_addon():
    profiles = Profiles()
    return JobctlAddon(Passive([profiles.get(name) for name in profiles.names]), tell=lambda _: None)


def per_flow(count=20_000):
    flow, addon = made_flow(), ready_addon()
    origin = Origin([n / 10 for n in range(201)])
    bodies = [json.dumps(origin.record(n)).encode() for n in range(201)]
    spent = []
    for number in range(count):
        prepare(flow, origin, number, bodies[min(number // 100, 200)])
        begun = time.perf_counter()
        addon.response(flow)
        spent.append(time.perf_counter() - begun)
    median = statistics.median(spent) * 1e6
    flow.request.data.path = b"/static/js/main.0123456789abcdef.js"
    begun = time.perf_counter()
    for _ in range(count):
        addon.response(flow)
    return median, (time.perf_counter() - begun) / count * 1e6


def feed(flows):
    flow, addon = made_flow(), ready_addon()
    origins = [Origin([n / 10 for n in range(21)], job=str(1_000_000 + n)) for n in range(JOBS)]
    for number in range(flows):
        origin = origins[number * 7919 % JOBS]
        version = min(number * 21 // flows, 20)
        prepare(flow, origin, number, json.dumps(origin.record(version)).encode())
        addon.response(flow)
    remembered = len(addon.passive.jobs())
    print(json.dumps([resident(), remembered]))


def resident():
    """Resident memory of this process in MB."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        import resource  # noqa: PLC0415 -- not on every system

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Upstream:
    """A server that answers anything with the same few bytes, as fast as asyncio does."""

    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._one, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exc):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _one(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(self.ANSWER)
        writer.close()


async def load(port, requests):
    """Requests a second over a few connections kept open."""
    head = f"GET /static/app.js HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()

    async def one():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(requests // CONNECTIONS):
            writer.write(head)
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(2)
        writer.close()

    begun = time.perf_counter()
    async with asyncio.timeout(60):  # a proxy that lost an answer must not hold all benchmarks up
        await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return requests / (time.perf_counter() - begun)


def throughput():
    with tempfile.TemporaryDirectory() as folder, Upstream() as upstream:
        no_op = Path(folder) / "no_op.py"
        no_op.write_text(NO_OP, encoding="utf-8")
        with (
            Mitmdump(folder, upstream.url, "-q", "-s", str(no_op)) as plain,
            Mitmdump(folder, upstream.url, "-q", "-s", addon_file("jobctl_diagnose.py")) as ours,
        ):
            for proxy in (plain, ours):
                asyncio.run(load(proxy.port, 500))
            pairs = []
            for turn in range(PAIRS):
                order = (plain, ours) if turn % 2 else (ours, plain)
                rates = {proxy: asyncio.run(load(proxy.port, REQUESTS)) for proxy in order}
                pairs.append((rates[plain], rates[ours]))
    ratios = sorted(mine / base for base, mine in pairs)
    return statistics.median(ratios), ratios[0], ratios[-1]


if __name__ == "__main__":
    for row in run():
        print(*row, sep=" | ")

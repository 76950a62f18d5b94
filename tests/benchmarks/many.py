"""Many jobs in one process: memory, completeness, and the poll budget as the server counts it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections import deque
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from jobctl.sandbox import Sandbox

SOCKETS = 1000
POLLED = 5000
RATE = 200.0

WATCHER = """
import asyncio, json, resource, sys
from jobctl import JobClient, WatchOptions
from jobctl.watching.events import Finish
async def main(url, rate, stream, ids, timeout):
    ended = {}
    async with JobClient("generation", base_url=url, max_rate=float(rate)) as client:
        options = WatchOptions(use_stream=stream == "yes", timeout=float(timeout), fastest=0.5)
        async for update in client.watch_many(ids.split(","), options):
            if isinstance(update.item, Finish):
                job = update.item.job
                ended[update.job] = job.status.value if job else None
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ended": ended, "mb": memory}))
asyncio.run(main(*sys.argv[1:]))
"""


def watch(url: str, rate: float, stream: bool, ids: list[str], timeout: float) -> dict:
    command = [
        sys.executable,
        "-c",
        WATCHER,
        url,
        str(rate),
        "yes" if stream else "no",
        ",".join(ids),
        str(timeout),
    ]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=timeout + 120)
    return json.loads(done.stdout)


def over_sockets() -> tuple[str, str, str, bool]:
    with Sandbox() as box:
        ids = [
            box.submit("generation", duration=20.0, steps=4, pending=1.0, end=("failed", "completed")[i % 2])
            for i in range(SOCKETS)
        ]
        found = watch(box.url, RATE, True, ids, 120.0)
        truth = {job: box.history(job)[-1]["status"] for job in ids}
    missed = sum(found["ended"].get(job) != truth[job] for job in ids)
    shown = f"{found['mb']:.0f} MB, {missed} missed"
    return (
        f"{SOCKETS} jobs over WebSocket",
        "≤ 150 MB, none missed",
        shown,
        found["mb"] <= 150 and not missed,
    )


class PollServer:
    """Answers reads of running jobs, and remembers when each came."""

    def __init__(self, ends_after: float) -> None:
        self.times: deque[float] = deque()
        self._ends_at = time.monotonic() + ends_after
        routes = [Route("/api/v1/generation-jobs/{job}", self._read)]
        config = uvicorn.Config(Starlette(routes=routes), port=0, log_level="critical", access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()), daemon=True)

    async def _read(self, request) -> JSONResponse:
        now = time.monotonic()
        self.times.append(now)
        ended = now >= self._ends_at
        return JSONResponse({"id": request.path_params["job"], "status": "completed" if ended else "running"})

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    def busiest_second(self) -> int:
        times, first, most = list(self.times), 0, 0
        for last, at in enumerate(times):
            while times[first] <= at - 1.0:
                first += 1
            most = max(most, last - first + 1)
        return most


def by_polling() -> tuple[str, str, str, bool]:
    with PollServer(ends_after=30.0) as server:
        ids = [str(number) for number in range(POLLED)]
        found = watch(server.url, RATE, False, ids, 180.0)
        busiest = server.busiest_second()
    missed = sum(found["ended"].get(job) != "completed" for job in ids)
    # The server's clock sees each request a little early or late: one more may fall into a window.
    shown = f"busiest second {busiest}, {missed} missed, {found['mb']:.0f} MB"
    return (
        f"{POLLED} jobs by polling",
        f"never over {RATE:.0f} requests/s",
        shown,
        busiest <= RATE + 1 and not missed,
    )


def run() -> list[tuple[str, str, str, bool]]:
    return [over_sockets(), by_polling()]

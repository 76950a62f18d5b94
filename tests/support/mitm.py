"""A real mitmdump beside the test: started on a free port with a scratch HOME, stopped by its own pid."""

from __future__ import annotations

import contextlib
import json
import time

import httpx
from support.examples import ROOT, part_of_recordings
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

_process = part_of_recordings("mitm_process")
free_port = _process.free_port


def environment(home):
    return _process.environment(home) | {"PYTHONPATH": str(ROOT)}


def addon_file(name):
    return str(ROOT / "addons" / name)


def run_on_file(home, flows, *arguments):
    """`mitmdump -nr FILE`: (exit code, output)."""
    return _process.run_on_file(flows, *arguments, env=environment(home), cwd=home)


@contextlib.contextmanager
def loaded(addon):
    """mitmproxy's own test context around an addon, its options set up, its event loop closed afterwards."""
    from mitmproxy.test import taddons  # noqa: PLC0415 -- half a second

    with taddons.context(addon) as context:
        try:
            context.configure(addon)
            yield context
        finally:
            context.master._legacy_log_events.uninstall()
            context.master.event_loop.close()


class Mitmdump(_process.Mitmdump):
    """`mitmdump -m reverse:UPSTREAM` on `url`; `stop()` returns its output."""

    def __init__(self, home, upstream, *arguments):
        super().__init__(upstream, *arguments, env=environment(home), cwd=home)


def watch_badly(url, job):
    """Poll through the cache with an open socket beside it, as the browser of the incident did."""
    with (
        httpx.Client(base_url=url, timeout=5, trust_env=False) as client,
        connect(f"{url.replace('http', 'ws', 1)}/ws/jobs/{job}", proxy=None, close_timeout=0.2) as socket,
    ):
        ends = time.monotonic() + 10
        while time.monotonic() < ends:
            client.get(f"/api/v1/generation-jobs/{job}")
            try:
                if json.loads(socket.recv(timeout=0.2)).get("status") == "completed":
                    break
            except TimeoutError:
                continue
            except ConnectionClosed:
                break
        client.get(f"/api/v1/generation-jobs/{job}")

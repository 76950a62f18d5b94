"""A real mitmdump beside the test: started on a free port with a scratch HOME, stopped by its own pid."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("mitmdump")
TIMEOUT = 30.0


def environment(home):
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT)}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def addon_file(name):
    return str(ROOT / "addons" / name)


def run_on_file(home, flows, *arguments):
    """`mitmdump -nr FILE`: (exit code, output)."""
    done = subprocess.run(
        [str(PROGRAM), "-nr", str(flows), *arguments],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
        cwd=home,
    )
    return done.returncode, done.stdout + done.stderr


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


class Mitmdump:
    """`mitmdump -m reverse:UPSTREAM` on `url`; `stop()` returns its output."""

    def __init__(self, home, upstream, *arguments):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = subprocess.Popen(
            [
                str(PROGRAM),
                "-m",
                f"reverse:{upstream}",
                "--listen-host",
                "127.0.0.1",
                "-p",
                str(self.port),
                "--set",
                "flow_detail=0",
                *arguments,
            ],
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=home,
        )
        self.code = None

    @property
    def pid(self):
        return self._process.pid

    def __enter__(self):
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise AssertionError(self._process.stdout.read().decode())
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                selectors.DefaultSelector().select(0.02)
            else:
                return self
        self.stop()
        raise AssertionError("mitmdump did not listen in time")

    def __exit__(self, *_exc):
        self.stop()

    def stop(self):
        if self.code is not None:
            return self.output
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            out, _ = self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, _ = self._process.communicate()
        self.output, self.code = out.decode(), self._process.returncode
        return self.output


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

"""A real Ray head node with its Jobs REST API: `with ray_cluster() as ray:`; it can be killed and restarted.

What it knows it keeps in a Redis, so that its jobs survive its death, unless it is made to forget them.

On loopback only, every port chosen here: Ray's own choices would be anybody's.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import pytest
from support.caches import free_port
from support.components import require_module
from support.flower import redis_server

START_SECONDS = 90.0
_STOP_SECONDS = 10.0
_ENVIRON = {
    # Without this one Ray takes the machine's own address, whatever it is told.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",
}
_PORTS = (
    "port",
    "dashboard-agent-listen-port",
    "dashboard-agent-grpc-port",
    "node-manager-port",
    "object-manager-port",
    "ray-client-server-port",
    "runtime-env-agent-port",
    "metrics-export-port",
)
_WORKER_PORTS = 50


class RayCluster:
    """One head node. `url` stays the same over a restart."""

    def __init__(self, folder, memory):
        self._folder, self._memory, self._process = folder, memory, None
        self._web = free_port()
        self.url = f"http://127.0.0.1:{self._web}"
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=20)

    def start(self):
        """Start the node and wait until it takes jobs."""
        first = 40_000 + os.getpid() % 20_000
        command = [
            str(Path(sys.executable).with_name("ray")),
            *("start", "--head", "--block", "--disable-usage-stats", "--num-cpus=4", "--num-gpus=0"),
            *("--object-store-memory=80000000", f"--temp-dir={self._folder}"),
            *("--node-ip-address=127.0.0.1", "--dashboard-host=127.0.0.1", f"--dashboard-port={self._web}"),
            *(f"--{name}={free_port()}" for name in _PORTS),
            *(f"--min-worker-port={first}", f"--max-worker-port={first + _WORKER_PORTS}"),
        ]
        environ = {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ}
        # As in a shell whose environment is activated: jobs start the `python` that the cluster finds.
        environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', os.defpath)}"
        with (self._folder / "ray.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=environ | _ENVIRON | {"HOME": str(self._folder), "RAY_REDIS_ADDRESS": self._memory},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_it_takes_jobs()

    def _wait_until_it_takes_jobs(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if self.http.get("/api/jobs/").status_code == 200:
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        said = (self._folder / "ray.log").read_text(errors="replace")
        self.kill()
        raise RuntimeError(f"ray does not start: {said[-2000:]}")

    def kill(self):
        """End the whole process group at once, as a machine that loses its power does."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(_STOP_SECONDS)
        self._process = None

    def stop(self):
        """Ask politely first."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(_STOP_SECONDS)
        self.kill()

    def forget(self):
        """Lose everything that was kept; only while it does not run."""
        redis = require_module("redis")
        with redis.Redis.from_url(f"redis://{self._memory}") as memory:
            memory.flushall()

    def submit(self, entrypoint):
        """Submit a job the way Ray's own client does; returns its id."""
        answer = self.http.post("/api/jobs/", json={"entrypoint": entrypoint})
        return answer.raise_for_status().json()["submission_id"]

    def status(self, job):
        """Return what Ray itself says."""
        return self.http.get(f"/api/jobs/{job}").raise_for_status().json()["status"]

    def until(self, job, status, seconds=START_SECONDS):
        """Wait until Ray itself says so."""
        deadline = time.monotonic() + seconds
        while (said := self.status(job)) != status:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{job} is {said}, never {status}")
            time.sleep(0.1)


@contextlib.contextmanager
def ray_cluster():
    """Run a node in a scratch folder of a short name (its sockets' paths are bounded); skips without Ray."""
    if sys.version_info >= (3, 14):
        pytest.skip("Ray has no wheel for this Python")
    require_module("ray")
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    try:
        with redis_server(folder) as port:
            cluster = RayCluster(folder, f"127.0.0.1:{port}")
            try:
                cluster.start()
                yield cluster
            finally:
                cluster.stop()
                cluster.http.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

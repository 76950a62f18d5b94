"""Celery with Redis as broker, one worker, and Flower's HTTP API: `with flower(folder) as engine:`."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time

import httpx
from support.caches import free_port, stop
from support.components import require_module, require_program

START_SECONDS = 60.0
_TASKS = """
import pathlib, time
from celery import Celery

app = Celery("tasks", broker="redis://127.0.0.1:PORT/0", backend="redis://127.0.0.1:PORT/1")
app.conf.update(task_track_started=True, broker_connection_retry_on_startup=True)

@app.task(name="tasks.render")
def render(until):
    while not pathlib.Path(until).exists():
        time.sleep(0.01)
    return "rendered"
"""


class Flower:
    """A running engine. A task runs until it is released."""

    def __init__(self, url, folder):
        self.url, self._folder = url, folder
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=20)

    def submit(self):
        """Queue one task; returns its id."""
        released = self._folder / f"released-{time.monotonic_ns()}"
        answer = self.http.post("/api/task/async-apply/tasks.render", json={"args": [str(released)]})
        task = answer.raise_for_status().json()["task-id"]
        (self._folder / task).symlink_to(released)
        return task

    def release(self, task):
        """Let a task come to its end."""
        (self._folder / task).readlink().touch()

    def state(self, task):
        """Return what Flower itself says, None while it has not heard of the task."""
        answer = self.http.get(f"/api/task/info/{task}")
        return answer.json()["state"] if answer.status_code == 200 else None

    def until(self, task, state):
        """Wait until Flower itself says so."""
        _wait(lambda: self.state(task) == state, f"{task} never became {state}")


@contextlib.contextmanager
def flower(folder):
    """Run it all in a scratch folder; skips the test when a part is not installed."""
    redis = require_program("redis-server")
    for package in ("celery", "redis", "flower"):
        require_module(package)
    port, web = free_port(), free_port()
    (folder / "tasks.py").write_text(_TASKS.replace("PORT", str(port)))
    celery = [sys.executable, "-m", "celery", "-A", "tasks"]
    with contextlib.ExitStack() as stack:

        def run(name, *command):
            stack.enter_context(_process(folder, name, [str(part) for part in command]))

        run("redis", redis, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", folder)
        _wait(lambda: _listens(port), "redis does not start")
        # Threads: a worker that computes in its main loop would keep its events to itself meanwhile.
        run("worker", *celery, "worker", "-E", "--pool", "threads", "--concurrency", 2, "--loglevel", "INFO")
        run("flower", *celery, "flower", "--address=127.0.0.1", f"--port={web}")
        engine = Flower(f"http://127.0.0.1:{web}", folder)
        stack.callback(engine.http.close)
        _wait(lambda: _listens(web), "flower does not start")
        _wait(lambda: _said(folder, "worker", " ready."), "no worker")
        _warm_up(engine)
        yield engine


def _warm_up(engine):
    """Flower knows nothing of tasks that came before it listened for events: try until it does."""

    def heard():
        task = engine.submit()
        engine.release(task)
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            if engine.state(task) == "SUCCESS":
                return True
            time.sleep(0.02)
        return False

    _wait(heard, "flower hears of no task")


@contextlib.contextmanager
def _process(folder, name, command):
    environ = {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ}
    environ |= {"HOME": str(folder), "FLOWER_UNAUTHENTICATED_API": "true"}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield
    finally:
        stop(process)


def _listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _said(folder, name, words):
    return words in (folder / f"{name}.log").read_text(errors="replace")


def _wait(holds, otherwise):
    deadline = time.monotonic() + START_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(otherwise)
        time.sleep(0.02)

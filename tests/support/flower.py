"""Celery with Redis as broker, one worker, and Flower's HTTP API: `with flower(folder) as engine:`."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import httpx
from support.caches import free_port, stop
from support.components import require_module, require_program

START_SECONDS = 60.0
_OPEN = {"FLOWER_UNAUTHENTICATED_API": "true"}
_TASKS = """
import pathlib, time
from celery import Celery

app = Celery("tasks", broker="redis://127.0.0.1:PORT/0", backend="redis://127.0.0.1:PORT/1")
app.conf.update(task_track_started=True, broker_connection_retry_on_startup=True)
app.conf.task_routes = {"tasks.nowhere": {"queue": "of which no worker takes"}}

@app.task(name="tasks.nowhere")
def nowhere():
    pass

@app.task(name="tasks.fail")
def fail(words):
    raise RuntimeError(words)

@app.task(name="tasks.flaky", bind=True, max_retries=2)
def flaky(self):
    if self.request.retries == 0:
        raise self.retry(exc=RuntimeError("not yet"), countdown=1)
    return "at last"

@app.task(name="tasks.stepwise", bind=True)
def stepwise(self, until):
    self.update_state(state="PROGRESS", meta={"percent": 40})
    while not pathlib.Path(until).exists():
        time.sleep(0.01)
    return {"pages": 3}

@app.task(name="tasks.render")
def render(until):
    while not pathlib.Path(until).exists():
        time.sleep(0.01)
    return "rendered"
"""


class Flower:
    """A running engine. A task runs until it is released."""

    def __init__(self, url, folder, backend, command, environ):
        self.url, self._folder, self._backend = url, folder, backend
        self._command = [*command, f"--port={urlsplit(url).port}"]
        self._environ = _OPEN if environ is None else environ
        self._web = contextlib.ExitStack()
        name, _, password = self._environ.get("FLOWER_BASIC_AUTH", "").partition(":")
        auth = (name, password) if name else None
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=20, auth=auth)

    def start_web(self):
        """Start Flower itself."""
        self._web.enter_context(_process(self._folder, "flower", self._command, self._environ))

    def stop_web(self):
        """End Flower itself; Celery works on."""
        self._web.close()

    def close(self):
        """Let go of everything."""
        self.http.close()
        self.stop_web()

    def gate(self):
        """Return the path of a file whose coming lets a task go on."""
        return self._folder / f"released-{time.monotonic_ns()}"

    def submit(self, name="tasks.render"):
        """Queue one task; returns its id."""
        released = self.gate()
        answer = self.http.post(f"/api/task/async-apply/{name}", json={"args": [str(released)]})
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

    def restart(self):
        """Kill Flower alone, and start it anew: it has forgotten every task, the result backend has not."""
        self.stop_web()
        self.start_web()
        _wait(self.listens, "flower does not start again")
        _warm_up(self)

    def forget(self, task):
        """Take a task out of the result backend, as its expiry would."""
        redis = require_module("redis")
        with redis.Redis.from_url(self._backend) as backend:
            assert backend.delete(f"celery-task-meta-{task}") == 1

    def listens(self):
        """Tell whether somebody answers."""
        return _listens(urlsplit(self.url).port)


@contextlib.contextmanager
def redis_server(folder):
    """Run a Redis that keeps nothing on disk; yields its port. Skips the test when it is not installed."""
    redis, port = require_program("redis-server"), free_port()
    command = [redis, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with _process(folder, "redis", command):
        _wait(lambda: _listens(port), "redis does not start")
        yield port


@contextlib.contextmanager
def flower(folder, *, pool="threads", environ=None):
    """Run it all in a scratch folder; skips the test when a part is not installed.

    `pool`: only processes (`prefork`) can be terminated. `environ` adds variables for Flower.
    """
    for package in ("celery", "redis", "flower"):
        require_module(package)
    web = free_port()
    celery = [sys.executable, "-m", "celery", "-A", "tasks"]
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(redis_server(folder))
        (folder / "tasks.py").write_text(_TASKS.replace("PORT", str(port)))

        def run(name, *command):
            stack.enter_context(_process(folder, name, [str(part) for part in command]))

        # Threads: a worker that computes in its main loop would keep its events to itself meanwhile.
        run("worker", *celery, "worker", "-E", "--pool", pool, "--concurrency", 2, "--loglevel", "INFO")
        command = [*celery, "flower", "--address=127.0.0.1"]
        backend = f"redis://127.0.0.1:{port}/1"
        engine = Flower(f"http://127.0.0.1:{web}", folder, backend, command, environ)
        stack.callback(engine.close)
        engine.start_web()
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
def _process(folder, name, command, environ_of_its_own=None):
    environ = {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ}
    environ |= {"HOME": str(folder)} | (environ_of_its_own or {})
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

"""An origin that does what confuses a cache detector, and keeps the true account of who asked it.

One server holds many jobs, each with a behaviour of its own. `Job.hits` is the ground truth: a read whose
`X-Request-Id` is not in it was answered from somebody's memory. Nothing of it shows in the answers.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import threading
import time
import uuid
from datetime import UTC, datetime
from email.utils import formatdate
from typing import NamedTuple

import uvicorn
from support.behaviour import Behaviour, Hit, Job, digest

PREFIX = "/api/v1/generation-jobs/"


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    tick: int = -1


class Jobs:
    """The jobs, and the ASGI application that answers for them. `around` puts it into another one."""

    def __init__(self, clock=time.monotonic, seed=0):
        self._clock = clock
        self._epoch = time.time()
        self._zero = clock()
        self._seed = seed
        self._jobs = {}

    def add(self, job_id, behaviour=None, *, age=10.0):
        """Make a job that is `age` seconds old by now."""
        started = self._clock() - age
        job = Job(
            job_id,
            behaviour or Behaviour(),
            started,
            self._epoch + (started - self._zero),
            random.Random(f"{self._seed}:{job_id}"),
        )
        self._jobs[job_id] = job
        return job

    def around(self, app):
        """Return an application that answers for our jobs and leaves the rest to `app`."""

        async def both(scope, receive, send):
            ours = scope["type"] == "http" and self._find(scope) is not None
            await (self if ours else app)(scope, receive, send)

        return both

    async def __call__(self, scope, _receive, send):
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        target = scope["path"] + (f"?{query}" if query else "")
        now, method = self._clock(), scope["method"]
        job = self._find(scope)
        if job is None:
            answer = _json(404, {"detail": "Job not found"})
        else:
            answer = _answer(job, method, target, headers, now, scope.get("client"))
            asked = headers.get("x-request-id", ""), headers.get("if-none-match", "")
            told = answer.status, digest(answer.body), answer.tick
            job.hits.append(Hit(now, method, target, *asked, *told))
        raw = [(name.lower().encode(), text.encode("latin-1")) for name, text in answer.headers]
        raw += [(b"content-type", b"application/json")] if answer.body else []
        if answer.status != 304:
            raw.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})

    def _find(self, scope):
        path = scope["path"]
        return self._jobs.get(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else None


def _json(status, document, *headers, tick=-1):
    return Answer(status, list(headers), json.dumps(document).encode(), tick)


def _answer(job, method, target, headers, now, connection):  # noqa: PLR0917 -- a request is all that
    does = job.does
    if method not in {"GET", "HEAD"}:
        return _json(405, {"detail": "Method Not Allowed"})
    if does.rate_limit is not None and len(job.hits) >= does.rate_limit:
        return _json(429, {"detail": "Too many requests"}, ("Retry-After", "2"))
    if does.auth is not None and headers.get("authorization") != f"Bearer {does.auth}":
        return _json(401, {"detail": "Not authenticated"}, ("WWW-Authenticate", "Bearer"))
    tick, body, age = _body(job, target, now, connection)
    fields = _fields(job, tick, headers, now)
    if age is not None:
        fields.append(("Age", str(age)))
    etag = next((text for name, text in fields if name == "ETag"), None)
    asked = [one.strip().removeprefix("W/") for one in headers.get("if-none-match", "").split(",")]
    if etag is not None and etag.removeprefix("W/") in asked:
        return Answer(304, fields, b"", tick)
    return Answer(200, fields, body, tick)


def _body(job, target, now, connection):
    """Return (state told, body, Age or None)."""
    memo = job.does.memo
    key = target.partition("?")[0] if memo is not None and memo.key == "path" else target
    if memo is not None and key in job.memory:
        stored, tick, body = job.memory[key]
        if now - stored < memo.seconds:
            return tick, body, int(now - stored) if memo.own_age else None
    tick = job.told(now, connection)
    record = job.record(tick)
    if job.does.body_nonce:
        record["server_time"] = datetime.fromtimestamp(job.wall(now), UTC).isoformat(timespec="microseconds")
    body = json.dumps(record).encode()
    if memo is not None:
        job.memory[key] = (now, tick, body)
    return tick, body, None


def _fields(job, tick, headers, now):
    does = job.does
    fields = [("Date", formatdate(job.wall(now), usegmt=True)), *does.headers]
    if does.cache_control is not None:
        fields.append(("Cache-Control", does.cache_control))
    if does.etag == "per-request":
        fields.append(("ETag", f'"{uuid.uuid4().hex}"'))
    elif does.etag != "none":
        fields.append(("ETag", ("W/" if does.etag == "weak" else "") + f'"{job.id}-{tick}"'))
    if does.last_modified:
        fields.append(("Last-Modified", formatdate(job.wall(job.began(tick)), usegmt=True)))
    if does.echo and "x-request-id" in headers:
        fields.append(("X-Request-Id", headers["x-request-id"]))
    if does.request_id:
        fields.append(("X-Trace-Id", uuid.uuid4().hex))
    if does.vendor_word:
        fields.append(("X-Cache", "HIT"))
    if does.own_age != "none":
        fields.append(("Age", "30" if does.own_age == "constant" else str(int(now) % 86400)))
    return fields


class Origin:
    """The jobs behind a real server in a thread: `with Origin() as origin: origin.add("7")`."""

    def __init__(self, clock=time.monotonic, seed=0):
        self.jobs = Jobs(clock, seed)
        self.add = self.jobs.add

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            self.jobs,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exc):
        self._server.should_exit = True
        self._thread.join(10)
        with contextlib.suppress(OSError):
            self._socket.close()

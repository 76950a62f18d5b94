"""Three tasks to practise on: one that takes its time, one that fails, one that never ends by itself."""

from __future__ import annotations

import os
import time

from celery import Celery

_REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379")

app = Celery("tasks", broker=f"{_REDIS}/0", backend=f"{_REDIS}/1")
# Without the first a running task is PENDING to everybody, as one that nobody knows.
app.conf.update(task_track_started=True, broker_connection_retry_on_startup=True)


@app.task(name="tasks.render")
def render(prompt: str, seconds: float = 1) -> str:
    time.sleep(seconds)
    return f"{prompt}.png"


@app.task(name="tasks.fail")
def fail(why: str) -> None:
    raise RuntimeError(why)


@app.task(name="tasks.stuck")
def stuck() -> None:
    while True:
        time.sleep(1)

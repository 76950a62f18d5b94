"""examples/notify_webhook.py: run by `watch --notify`, posting to a real HTTP server."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from support.caches import free_port

PATH = "/hooks/secret-4711"


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.took.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def chat():
    """An incoming webhook: what it took is in `took`, `status` is what it answers."""
    with HTTPServer(("127.0.0.1", 0), _Hook) as server:
        server.took, server.status = [], 200
        server.url = f"http://127.0.0.1:{server.server_port}{PATH}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def watch(shell, examples):
    """`jobctl watch … --notify notify_webhook.py`."""

    def run(url, *jobs):
        command = ("jobctl", "watch", *jobs, "--quiet", "--notify", examples / "notify_webhook.py")
        return shell.run(*command, WEBHOOK_URL=url)

    return run


def test_the_chat_hears_first_of_what_did_not_complete(watch, box, chat):
    good, bad = box.submit(), box.submit(end="failed")
    done = watch(chat.url, good, bad)
    assert done.returncode == 3, done
    ((path, kind, body),) = chat.took
    assert (path, kind) == (PATH, "application/json")
    assert body["text"].splitlines() == [
        "jobctl watch ended with 3: 2 jobs",
        f"{bad} failed worker ran out of memory",
        f"{good} completed",
    ]


def test_of_many_jobs_it_hears_of_some(watch, box, chat):
    done = watch(chat.url, *(box.submit() for _ in range(23)))
    assert done.returncode == 0, done
    ((_, _, body),) = chat.took
    assert len(body["text"].splitlines()) == 22
    assert body["text"].endswith("\n… and 3 more")


@pytest.mark.parametrize("answers", [True, False])
def test_a_chat_that_does_not_take_it_changes_nothing_and_learns_no_secret(watch, box, chat, answers):
    chat.status = 500
    done = watch(chat.url if answers else f"http://127.0.0.1:{free_port()}{PATH}", box.submit())
    assert done.returncode == 0, done
    assert "the webhook did not take it" in done.stderr
    assert "ended with 1" in done.stderr
    assert PATH not in done.stderr

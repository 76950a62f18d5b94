"""Real proxies started from a configuration text, and a tiny origin that counts what reaches it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.components import require_program

START_SECONDS = 20.0
STOP_SECONDS = 10.0
_TRIES = 5


@contextlib.contextmanager
def counting_origin(headers=(("ETag", '"1"'),)):
    """Answer every GET with bare 200 JSON and the given headers; yields (port, Counter of paths).

    A conditional GET is answered 304; a PUT 412 with If-None-Match, 204 without (RFC 9110 §13.1.2).
    """
    seen = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            seen[self.path] += 1
            body = b'{"id": "7", "status": "running", "answer": %d}' % seen[self.path]
            is_match = any(name in self.headers for name in ("If-None-Match", "If-Modified-Since"))
            self.send_response(304 if is_match else 200)
            for name, value in headers:
                self.send_header(name, value)
            if is_match:
                self.end_headers()
                return
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_PUT(self):
            is_refused = self.headers.get("If-None-Match") is not None
            self.send_response(412 if is_refused else 204)
            if is_refused:
                self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join(STOP_SECONDS)


def free_port():
    """Return a port that was free a moment ago."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


@contextlib.contextmanager
def front(program, config, folder):
    """Run nginx, varnishd or haproxy on `config(port)`; yields its URL. Skips where it is not installed."""
    path = require_program(program)
    said = ""
    for _ in range(_TRIES):  # somebody may take the port between our look and its bind
        port = free_port()
        process, log = _start(program, path, config(port), folder, port)
        try:
            if _is_up(process, port):
                yield f"http://127.0.0.1:{port}"
                return
            said = log.read_text(errors="replace")
        finally:
            _stop(process)
    raise RuntimeError(f"{program} does not start: {said[-2000:]}")


def _start(program, path, text, folder, port):
    file, log = folder / f"{program}.conf", folder / f"{program}.log"
    file.write_text(text)
    # Workers of an nginx started by root change to a user who cannot read a private folder.
    extra = " user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
    varnish = ("-j", "none", "-T", "none", "-s", "malloc,16m", "-n", folder / "varnish")
    command = {
        "nginx": [path, "-p", folder, "-e", log, "-c", file, "-g", f"daemon off;{extra}"],
        "varnishd": [path, "-F", *varnish, "-a", f"127.0.0.1:{port}", "-f", file],
        "haproxy": [path, "-db", "-f", file],
    }[program]
    with log.open("ab") as out:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder), log


def _is_up(process, port):
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return process.poll() is None
        time.sleep(0.01)
    return False


def _stop(process):
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)

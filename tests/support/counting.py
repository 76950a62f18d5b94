"""A tiny origin that counts what reaches it."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STOP_SECONDS = 10.0


@contextlib.contextmanager
def counting_origin(headers=(("ETag", '"1"'),)):
    """Answer every GET with bare 200 JSON and the given headers; yields (URL, Counter of paths).

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
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join(STOP_SECONDS)


@contextlib.contextmanager
def counted(module, name):
    """Count the calls of a function of a module, which goes on working: yields a list that grows."""
    times, real = [], getattr(module, name)
    setattr(module, name, lambda *args: times.append(args) or real(*args))
    try:
        yield times
    finally:
        setattr(module, name, real)

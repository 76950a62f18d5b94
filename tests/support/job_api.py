"""Three APIs on one server, as small as they can be: long-running operations, scans that a PATCH cancels,
process instances that only a search lists. Strict about methods, bodies and their media type."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class JobApi:
    """`records` holds each record by its path; tests change them as the work behind would."""

    def __init__(self):
        self.records = {}
        self.requests = []
        """Method, path and body of each request, in order."""
        self._lock = threading.Lock()

    def __enter__(self):
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exc):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, method, path, body):
        """Return status and JSON (None: no body)."""
        with self._lock:
            self.requests.append((method, path, body))
            for verb, pattern, act in _ROUTES:
                found = re.fullmatch(pattern, path)
                if found and verb == method:
                    return act(self, body, *found.groups())
            return 404, {"error": {"code": 404, "message": f"no {method} {path}"}}

    def _add(self, home, **record):
        number = str(7000 + len(self.records))
        self.records[f"{home}/{number}"] = record
        return number, record

    def _get(self, _body, path):
        record = self.records.get(path)
        return (200, record) if record is not None else (404, {"message": "not found"})

    def _all(self, home):
        return [record for path, record in self.records.items() if path.startswith(f"{home}/")]

    def recognize(self, body):
        if not isinstance(body, dict):
            return 400, {"error": {"code": 400, "message": "no JSON object"}}
        number, record = self._add("/v1/operations")
        record["name"] = number
        return 200, record

    def operations(self, _body):
        return 200, {"operations": self._all("/v1/operations")}

    def scan(self, _body):
        number, record = self._add("/api/scans", status="Queued", updatedAt="2026-01-01T00:00:00Z")
        record["id"] = number
        return 201, record

    def scans(self, _body):
        return 200, {"totalCount": len(self._all("/api/scans")), "scans": self._all("/api/scans")}

    def cancel_scan(self, body, path):
        record = self.records.get(path)
        if record is None:
            return 404, {"message": "not found"}
        if body != {"status": "Canceled"}:
            return 400, {"message": "the one change that can be asked for is status Canceled"}
        if record["status"] not in {"Queued", "Running"}:
            return 409, {"message": f"the scan is {record['status']}"}
        record |= {"status": "Canceled", "updatedAt": "2026-01-01T00:00:09Z"}
        return 204, None

    def instance(self, _body):
        number, record = self._add("/v2/process-instances", state="ACTIVE", startDate="2026-01-01T00:00:00Z")
        record["processInstanceKey"] = number
        return 200, record

    def search(self, body):
        if not isinstance(body, dict):
            return 400, {"detail": "Required request body is missing"}
        found = self._all("/v2/process-instances")
        return 200, {"items": found, "page": {"totalItems": len(found)}}

    def cancel_instance(self, _body, path):
        self.records[path]["state"] = "TERMINATED"
        return 204, None


_ROUTES = [
    ("POST", r"/v1/speech:longrunningrecognize", JobApi.recognize),
    ("GET", r"/v1/operations", JobApi.operations),
    ("GET", r"(/v1/operations/\w+)", JobApi._get),
    ("POST", r"/api/scans", JobApi.scan),
    ("GET", r"/api/scans", JobApi.scans),
    ("GET", r"(/api/scans/\w+)", JobApi._get),
    ("PATCH", r"(/api/scans/\w+)", JobApi.cancel_scan),
    ("POST", r"/v2/process-instances", JobApi.instance),
    ("POST", r"/v2/process-instances/search", JobApi.search),
    ("GET", r"(/v2/process-instances/\w+)", JobApi._get),
    ("POST", r"(/v2/process-instances/\w+)/cancellation", JobApi.cancel_instance),
]


class _Handler(BaseHTTPRequestHandler):
    api: JobApi

    def _serve(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = None
        if raw:
            is_json = self.headers.get("Content-Type") == "application/json"
            body = json.loads(raw) if is_json else f"not sent as JSON: {raw!r}"
        status, answer = self.api.answer(self.command, self.path.partition("?")[0], body)
        text = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        if text:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815

    def log_message(self, *_args):
        pass

"""HAR files written by hand, entry by entry, for tests that need a certain traffic."""

from __future__ import annotations

import json
from datetime import UTC, datetime

START = 1760047990.0  # 2025-10-09 22:13:10 UTC
JOB = "1193930"
READ = "/api/v1/generation-jobs/{}"


def iso(at):
    return datetime.fromtimestamp(START + at, UTC).isoformat().replace("+00:00", "Z")


class Tape:
    """Entries in the order they are added; times are seconds after `START`."""

    def __init__(self, host="http://localhost:8001"):
        self.host, self.entries = host, []

    def entry(self, at, method, url, *, status=200, body=None, headers=(), asked=(), took=0.01, sent=None):
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        request = {"method": method, "url": self.host + url, "headers": _pairs(asked)}
        if sent is not None:
            request["postData"] = {"mimeType": "application/json", "text": json.dumps(sent)}
        content = {"size": len(text), "mimeType": "application/json", "text": text}
        response = {"status": status, "headers": _pairs(headers), "content": content}
        made = {"startedDateTime": iso(at), "time": took * 1000, "request": request, "response": response}
        self.entries.append(made)
        return made

    def read(self, at, status, *, job=JOB, **more):
        record = {"id": job, "status": status}
        for name in ("updated_at", "progress"):
            if name in more:
                record[name] = more.pop(name)
        return self.entry(at, "GET", READ.format(job), body=record, **more)

    def socket(self, at, *frames, job=JOB, sent=()):
        """`frames` are (seconds, payload) that the server sent, `sent` those of the client."""
        made = self.entry(at, "GET", f"/ws/jobs/{job}", status=101)
        made["request"]["url"] = made["request"]["url"].replace("http", "ws", 1)
        made["_resourceType"] = "websocket"
        listed = [("receive", *one) for one in frames] + [("send", *one) for one in sent]
        made["_webSocketMessages"] = [
            {"type": kind, "time": START + when, "opcode": 1, "data": json.dumps(payload)}
            for kind, when, payload in sorted(listed, key=lambda one: one[1])
        ]
        return made

    def write(self, path, *, encoding="utf-8"):
        log = {"version": "1.2", "creator": {"name": "tape", "version": "1"}, "entries": self.entries}
        path.write_text(json.dumps({"log": log}), encoding=encoding)
        return path


def _pairs(headers):
    return [{"name": name, "value": value} for name, value in headers]

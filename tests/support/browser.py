"""Headless Chromium over its DevTools protocol, and what it says of its network traffic as a HAR."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import subprocess
import time

from support.components import require_program
from websockets.sync.client import connect

TIMEOUT = 30.0


class Tab:
    """One tab; `har()` is what it asked for and got, as DevTools would export it."""

    def __init__(self, socket):
        self._socket = socket
        self._number = 0
        self._session = None
        self._entries = {}
        self._offset = 0.0
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Network", "Page", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        """Send one command and return its result; events that come meanwhile are recorded."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        deadline = time.monotonic() + TIMEOUT
        while True:
            got = json.loads(self._socket.recv(timeout=max(0.0, deadline - time.monotonic())))
            if got.get("id") == message["id"]:
                assert "error" not in got, got
                return got["result"]
            hear = getattr(self, "_on_" + got.get("method", "").replace(".", "_"), None)
            if hear is not None:
                hear(got["params"])

    def run(self, script):
        """Run a script until its promise is kept."""
        done = self.call("Runtime.evaluate", expression=script, awaitPromise=True)
        assert "exceptionDetails" not in done, done

    def har(self):
        """Return the HAR, bodies included."""
        for number, entry in self._entries.items():
            if entry.pop("is_whole", False):
                body = self.call("Network.getResponseBody", requestId=number)
                content = entry["response"]["content"]
                content["text"] = body["body"]
                if body["base64Encoded"]:
                    content["encoding"] = "base64"
        return {"log": {"version": "1.2", "creator": {"name": "tests"}, "entries": [*self._entries.values()]}}

    def _entry(self, params, method, url, headers):
        self._offset = params["wallTime"] - params["timestamp"]
        return {
            "startedDateTime": dt.datetime.fromtimestamp(params["wallTime"], dt.UTC).isoformat(),
            "time": -1,
            "request": {"method": method, "url": url, "headers": pairs(headers)},
            "response": {"status": 0, "headers": [], "content": {}},
        }

    def _wall(self, timestamp):
        return timestamp + self._offset

    def _on_Network_requestWillBeSent(self, params):  # noqa: N802 -- the event's name
        asked = params["request"]
        entry = self._entry(params, asked["method"], asked["url"], asked["headers"])
        self._entries[params["requestId"]] = entry | {"began": params["timestamp"]}

    def _on_Network_responseReceived(self, params):  # noqa: N802
        entry, got = self._entries[params["requestId"]], params["response"]
        entry["response"]["status"] = got["status"]
        entry["response"]["headers"] = pairs(got["headers"])
        if got.get("fromDiskCache"):
            entry["_fromCache"] = "disk"

    def _on_Network_loadingFinished(self, params):  # noqa: N802
        entry = self._entries[params["requestId"]]
        entry["time"] = 1000 * (params["timestamp"] - entry.pop("began"))
        entry["is_whole"] = True

    def _on_Network_webSocketCreated(self, params):  # noqa: N802
        self._entries[params["requestId"]] = {"url": params["url"]}

    def _on_Network_webSocketWillSendHandshakeRequest(self, params):  # noqa: N802
        url = self._entries[params["requestId"]]["url"]
        entry = self._entry(params, "GET", url, params["request"]["headers"])
        self._entries[params["requestId"]] = entry | {"_webSocketMessages": [], "_resourceType": "websocket"}

    def _on_Network_webSocketHandshakeResponseReceived(self, params):  # noqa: N802
        self._entries[params["requestId"]]["response"]["status"] = params["response"]["status"]

    def _on_Network_webSocketFrameReceived(self, params):  # noqa: N802
        frame = params["response"]
        self._entries[params["requestId"]]["_webSocketMessages"].append(
            {
                "type": "receive",
                "time": self._wall(params["timestamp"]),
                "opcode": frame["opcode"],
                "data": frame["payloadData"],
            }
        )


def pairs(headers):
    return [{"name": name, "value": value} for name, value in headers.items()]


@contextlib.contextmanager
def browser_tab(folder):
    """Start Chromium with a profile of its own in `folder`; skips the test where there is none."""
    program = require_program("chromium")
    process = subprocess.Popen(
        [
            program,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            "--no-proxy-server",
            "--remote-debugging-port=0",
            f"--user-data-dir={folder}",
            "about:blank",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = _address(process, folder / "DevToolsActivePort")
        with connect(address, max_size=None, proxy=None, compression=None) as socket:
            yield Tab(socket)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _address(process, file):
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        lines = file.read_text().split() if file.exists() else []
        if len(lines) > 1:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.02)
    raise AssertionError("Chromium does not start")

"""What a browser says of its network traffic (the Network and Page domains of CDP) as DevTools exports it."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

_PHASES: Final = (("dns", "dnsStart", "dnsEnd"), ("connect", "connectStart", "connectEnd"))
_NOT_KNOWN: Final = -1


class NetworkLog:
    """Takes events in order; `har()` may be called at any time."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, Any]] = {}
        self._done: list[dict[str, Any]] = []
        """Entries whose id another request took over: those that were redirected."""
        self._finished: list[str] = []
        self._sockets: dict[str, dict[str, Any]] = {}
        """What is known of a WebSocket before its handshake."""
        self._began: dict[str, float] = {}
        self._timing: dict[str, dict[str, float]] = {}
        self._pages: list[dict[str, Any]] = []
        self._page_began = 0.0
        self._offset = 0.0

    def hear(self, method: str, params: dict[str, Any]) -> None:
        """Take one event; those that say nothing of traffic are passed by."""
        handler = getattr(self, "_on_" + method.replace(".", "_"), None)
        if handler is not None and (params.get("requestId") in self._entries or method in _OPENING):
            handler(params)

    def take_finished(self) -> list[str]:
        """Return the ids of requests whose body may be asked for now, each once."""
        finished, self._finished = self._finished, []
        return finished

    def set_body(self, number: str, body: dict[str, Any]) -> None:
        """Take the answer to `Network.getResponseBody`."""
        content = self._entries[number]["response"]["content"]
        content["text"] = body["body"]
        content["size"] = len(body["body"])
        if body["base64Encoded"]:
            content["encoding"] = "base64"

    def lacks_post_data(self, number: str) -> bool:
        """Whether a request carried something that its event did not show (a beacon's Blob)."""
        sent = self._entries[number]["request"].get("postData")
        return sent is not None and "text" not in sent

    def set_post_data(self, number: str, text: str) -> None:
        """Take what a request carried."""
        request = self._entries[number]["request"]
        request["postData"]["text"] = text
        request["bodySize"] = len(text.encode())

    def har(self) -> dict[str, Any]:
        """Return all so far as a HAR, in the order in which it was asked for."""
        entries = sorted((*self._done, *self._entries.values()), key=lambda entry: entry["startedDateTime"])
        creator = {"name": "jobctl examples/recordings", "version": "1"}
        return {"log": {"version": "1.2", "creator": creator, "pages": self._pages, "entries": entries}}

    def _entry(self, params: dict[str, Any], method: str, url: str, kind: str) -> dict[str, Any]:
        self._offset = params["wallTime"] - params["timestamp"]
        self._began[params["requestId"]] = params["timestamp"]
        query = [{"name": name, "value": value} for name, value in parse_qsl(urlsplit(url).query)]
        entry = {
            "_initiator": params.get("initiator", {"type": "other"}),
            "_resourceType": kind.lower(),
            "cache": {},
            "pageref": self._pages[-1]["id"] if self._pages else "",
            "request": {
                "method": method,
                "url": url,
                "httpVersion": "http/1.1",
                "headers": _pairs(params["request"]["headers"]),
                "queryString": query,
                "cookies": [],
                "headersSize": _NOT_KNOWN,
                "bodySize": 0,
            },
            "response": _no_response(),
            "startedDateTime": _iso(params["wallTime"]),
            "time": _NOT_KNOWN,
            "timings": {"blocked": _NOT_KNOWN, "send": 0, "wait": 0, "receive": 0},
        }
        self._entries[params["requestId"]] = entry
        return entry

    def _on_Network_requestWillBeSent(self, params: dict[str, Any]) -> None:  # noqa: N802 -- the event's name
        if "redirectResponse" in params:
            before = self._entries.pop(params["requestId"])
            self._answer(before, params["requestId"], params["redirectResponse"])
            self._finish(before, params["requestId"], params["timestamp"])
            self._done.append(before)
        asked, kind = params["request"], params.get("type", "Other")
        if kind == "Document" and "redirectResponse" not in params:
            self._open_page(params)
        entry = self._entry(params, asked["method"], asked["url"], kind)
        if asked.get("hasPostData"):
            mime = next((v for k, v in asked["headers"].items() if k.lower() == "content-type"), "")
            entry["request"]["postData"] = {"mimeType": mime}
            if "postData" in asked:
                self.set_post_data(params["requestId"], asked["postData"])

    def _open_page(self, params: dict[str, Any]) -> None:
        timings = {"onContentLoad": _NOT_KNOWN, "onLoad": _NOT_KNOWN}
        page = {
            "id": f"page_{len(self._pages) + 1}",
            "title": params["request"]["url"],
            "pageTimings": timings,
        }
        self._pages.append({"startedDateTime": _iso(params["wallTime"]), **page})
        self._page_began = params["timestamp"]

    def _on_Page_domContentEventFired(self, params: dict[str, Any]) -> None:  # noqa: N802
        self._mark("onContentLoad", params["timestamp"])

    def _on_Page_loadEventFired(self, params: dict[str, Any]) -> None:  # noqa: N802
        self._mark("onLoad", params["timestamp"])

    def _mark(self, name: str, timestamp: float) -> None:
        if self._pages:
            self._pages[-1]["pageTimings"][name] = _milliseconds(timestamp - self._page_began)

    def _on_Network_requestWillBeSentExtraInfo(self, params: dict[str, Any]) -> None:  # noqa: N802
        self._entries[params["requestId"]]["request"]["headers"] = _pairs(params["headers"])

    def _on_Network_requestServedFromCache(self, params: dict[str, Any]) -> None:  # noqa: N802
        self._entries[params["requestId"]]["_fromCache"] = "memory"

    def _on_Network_responseReceived(self, params: dict[str, Any]) -> None:  # noqa: N802
        entry = self._entries[params["requestId"]]
        self._answer(entry, params["requestId"], params["response"])

    def _answer(self, entry: dict[str, Any], number: str, got: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in got["headers"].items()}
        entry["request"]["httpVersion"] = got.get("protocol", "http/1.1")
        entry["response"] |= {
            "status": got["status"],
            "statusText": got["statusText"],
            "httpVersion": got.get("protocol", "http/1.1"),
            "headers": _pairs(got["headers"]),
            "content": {"size": 0, "mimeType": got["mimeType"]},
            "redirectURL": headers.get("location", ""),
        }
        if got.get("fromDiskCache"):
            entry["_fromCache"] = "disk"
        if got.get("remoteIPAddress"):
            entry["serverIPAddress"] = got["remoteIPAddress"]
        if got.get("connectionId"):
            entry["connection"] = str(int(got["connectionId"]))
        self._timing[number] = got.get("timing", {})

    def _on_Network_loadingFinished(self, params: dict[str, Any]) -> None:  # noqa: N802
        entry = self._entries[params["requestId"]]
        entry["response"]["_transferSize"] = int(params["encodedDataLength"])
        self._finish(entry, params["requestId"], params["timestamp"])
        self._finished.append(params["requestId"])

    def _on_Network_loadingFailed(self, params: dict[str, Any]) -> None:  # noqa: N802
        entry = self._entries[params["requestId"]]
        entry["response"]["_error"] = params["errorText"]
        self._finish(entry, params["requestId"], params["timestamp"])

    def _finish(self, entry: dict[str, Any], number: str, timestamp: float) -> None:
        began, timing = self._began[number], self._timing.get(number)
        entry["time"] = _milliseconds(timestamp - began)
        if timing:
            entry["timings"] = _timings(timing, began, timestamp)

    def _on_Network_webSocketCreated(self, params: dict[str, Any]) -> None:  # noqa: N802
        initiator = params.get("initiator", {"type": "other"})
        self._sockets[params["requestId"]] = {"url": params["url"], "initiator": initiator}

    def _on_Network_webSocketWillSendHandshakeRequest(self, params: dict[str, Any]) -> None:  # noqa: N802
        made = self._sockets.pop(params["requestId"])
        entry = self._entry(params | made, "GET", made["url"], "websocket")
        entry["_webSocketMessages"] = []

    def _on_Network_webSocketHandshakeResponseReceived(self, params: dict[str, Any]) -> None:  # noqa: N802
        entry, got = self._entries[params["requestId"]], params["response"]
        entry["response"] |= {"status": got["status"], "statusText": got["statusText"]}
        entry["response"]["headers"] = _pairs(got["headers"])

    def _on_Network_webSocketFrameReceived(self, params: dict[str, Any]) -> None:  # noqa: N802
        self._message(params, "receive")

    def _on_Network_webSocketFrameSent(self, params: dict[str, Any]) -> None:  # noqa: N802
        self._message(params, "send")

    def _message(self, params: dict[str, Any], kind: str) -> None:
        frame, at = params["response"], params["timestamp"] + self._offset
        message = {"type": kind, "time": at, "opcode": frame["opcode"], "data": frame["payloadData"]}
        self._entries[params["requestId"]]["_webSocketMessages"].append(message)

    def _on_Network_webSocketFrameError(self, params: dict[str, Any]) -> None:  # noqa: N802
        self._entries[params["requestId"]]["response"]["_error"] = params["errorMessage"]

    def _on_Network_webSocketClosed(self, params: dict[str, Any]) -> None:  # noqa: N802
        number = params["requestId"]
        self._finish(self._entries[number], number, params["timestamp"])


_OPENING: Final = frozenset(
    {
        "Network.requestWillBeSent",
        "Network.webSocketCreated",
        "Network.webSocketWillSendHandshakeRequest",
        "Page.domContentEventFired",
        "Page.loadEventFired",
    }
)
"""Events that need no entry to belong to."""


def _no_response() -> dict[str, Any]:
    content = {"size": 0, "mimeType": "x-unknown"}
    sizes = {"headersSize": _NOT_KNOWN, "bodySize": _NOT_KNOWN}
    said = {"status": 0, "statusText": "", "httpVersion": "", "redirectURL": "", **sizes}
    return {**said, "headers": [], "cookies": [], "content": content}


def _timings(timing: dict[str, float], began: float, ended: float) -> dict[str, float]:
    """HAR's phases in milliseconds. CDP counts them from `requestTime`; -1 is no phase."""
    phases = {
        name: round(timing[end] - timing[start], 3) for name, start, end in _PHASES if timing[start] >= 0
    }
    first = min(value for key in ("dnsStart", "connectStart", "sendStart") if (value := timing[key]) >= 0)
    headers = timing["receiveHeadersEnd"]
    return {
        "blocked": round(_milliseconds(timing["requestTime"] - began) + first, 3),
        "dns": phases.get("dns", _NOT_KNOWN),
        "connect": phases.get("connect", _NOT_KNOWN),
        "ssl": _NOT_KNOWN,
        "send": round(timing["sendEnd"] - timing["sendStart"], 3),
        "wait": round(headers - timing["sendEnd"], 3),
        "receive": max(0.0, round(_milliseconds(ended - timing["requestTime"]) - headers, 3)),
    }


def _pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 3)


def _iso(seconds: float) -> str:
    return (
        dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )

"""The pages beside the job API, on its own origin, and a log of what reached the server and what it said."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGES: Final = Path(__file__).parent / "pages"
_TYPES: Final = {".html": b"text/html; charset=utf-8", ".js": b"text/javascript; charset=utf-8"}
# A script is kept by the browser, so that a page that is loaded again takes it from its own cache.
_KEPT: Final = {".html": b"no-cache", ".js": b"max-age=3600"}


@dataclass
class ServerLog:
    """What the server saw and said, in order; times are seconds since the epoch.

    A request is `{kind: "request", at, method, target, body, http, said}`, a frame
    `{kind: "frame", at, said}`, a socket that was opened `{kind: "socket", at}`.
    """

    events: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str, **what: Any) -> dict[str, Any]:
        """Add an event that happened now."""
        event = {"kind": kind, "at": time.time(), **what}
        self.events.append(event)
        return event

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of a kind."""
        return [event for event in self.events if event["kind"] == kind]


class PageServer:
    """ASGI middleware around the job server: `/pages/…`, `/open/PAGE` and `/telemetry` are its own."""

    def __init__(self, app: ASGIApp, log: ServerLog) -> None:
        self._app, self._log = app, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or log what the job server makes of it."""
        if scope["type"] == "websocket":
            self._log.add("socket")
            await self._app(scope, receive, self._noting_frames(send))
            return
        query = scope["query_string"].decode()
        target = scope["path"] + (f"?{query}" if query else "")
        entry = self._log.add("request", method=scope["method"], target=target, body="", http=0, said=None)
        noting = self._noting_answer(entry, send)
        root, _, name = scope["path"].removeprefix("/").partition("/")
        if root == "pages":
            await _send_page(name, send)
        elif root == "open":
            # A short link, as it stands in a ticket.
            location = f"/pages/{name}.html?{query}".encode()
            await _answer(noting, 302, [(b"location", location)])
        elif root == "telemetry":
            entry["body"] = (await _body(receive)).decode()
            await _answer(noting, 204, [])
        else:
            await self._app(scope, receive, noting)

    def _noting_answer(self, entry: dict[str, Any], send: Send) -> Send:
        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry["http"] = message["status"]
            elif message.get("body"):
                entry["said"] = json.loads(message["body"])
            await send(message)

        return noting

    def _noting_frames(self, send: Send) -> Send:
        async def noting(message: Message) -> None:
            if message["type"] == "websocket.send":
                self._log.add("frame", said=json.loads(message["text"]))
            await send(message)

        return noting


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _send_page(name: str, send: Send) -> None:
    path = PAGES / name
    if path.parent != PAGES or not path.is_file():
        await _answer(send, 404, [])
        return
    headers = [(b"content-type", _TYPES[path.suffix]), (b"cache-control", _KEPT[path.suffix])]
    await _answer(send, 200, headers, path.read_bytes())


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> None:
    if status != 204:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

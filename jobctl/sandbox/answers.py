"""Small ASGI answers shared by server, tunnel and faults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Send

Header = tuple[bytes, bytes]


def error_body(api: str, message: str) -> bytes:
    """An error the way each API spells it."""
    body: dict[str, Any] = {"error": {"message": message}} if api == "v1" else {"detail": message}
    return json.dumps(body).encode()


def json_header() -> Header:
    """The content type of JSON."""
    return (b"content-type", b"application/json")


async def send_start(send: Send, status: int, headers: Sequence[Header]) -> None:
    """Begin an answer."""
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


async def send_body(send: Send, body: bytes, *, more: bool = False) -> None:
    """Send a part of the body, by default the last."""
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def send_whole(send: Send, status: int, headers: Sequence[Header], body: bytes) -> None:
    """Send a complete answer with its Content-Length."""
    await send_start(send, status, [*headers, (b"content-length", str(len(body)).encode())])
    await send_body(send, body)


async def send_refusal(send: Send, status: int, headers: Sequence[Header], body: bytes) -> None:
    """Refuse a WebSocket handshake with an HTTP answer (ASGI extension websocket.http.response)."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "websocket.http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})

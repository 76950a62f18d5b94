"""The tunnel's WebSocket half: frames, subprotocol, refusals and closes pass both ways unchanged."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from jobctl.sandbox.answers import send_refusal

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from jobctl.sandbox.wires import Wires

# What the handshake to the server makes itself (RFC 6455 section 4.1).
_OWN: Final = (b"connection", b"upgrade", b"host", b"sec-websocket-")
_SET_BY_SERVER: Final = (
    b"connection",
    b"upgrade",
    b"sec-websocket-",
    b"date",
    b"transfer-encoding",
    b"content-length",
)
_MAX_FRAME: Final = 16 * 1024 * 1024
_NO_CLOSE_FRAME: Final = frozenset({1005, 1006})


class SocketRelay:
    """Forwards WebSocket connections to `upstream` (`ws://host:port`)."""

    def __init__(self, upstream: str, wires: Wires) -> None:
        self._upstream = upstream
        self._wires = wires

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward one connection."""
        await receive()
        try:
            upstream = await self._connect(scope)
        except InvalidStatus as refusal:
            answer = refusal.response
            headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers.raw_items()]
            await send_refusal(
                send, answer.status_code, _without(headers, _SET_BY_SERVER), bytes(answer.body)
            )
        except (OSError, WebSocketException):
            body = b"The server behind this tunnel is down\n"
            await send_refusal(send, 502, [(b"content-type", b"text/plain")], body)
        else:
            await self._relay(upstream, scope, receive, send)

    async def _connect(self, scope: Scope) -> ClientConnection:
        query = "?" + scope["query_string"].decode("latin-1") if scope["query_string"] else ""
        headers = [
            (name.decode(), value.decode("latin-1")) for name, value in _without(scope["headers"], _OWN)
        ]
        options: dict[str, Any] = {"additional_headers": headers, "user_agent_header": None}
        # No pings of its own: the tunnel must not notice, let alone end, a silent socket. No proxy: loopback.
        options |= {"compression": None, "proxy": None, "ping_interval": None, "max_size": _MAX_FRAME}
        url = self._upstream + scope["raw_path"].decode("latin-1") + query
        return await connect(url, subprotocols=scope["subprotocols"] or None, close_timeout=1, **options)

    async def _relay(self, upstream: ClientConnection, scope: Scope, receive: Receive, send: Send) -> None:
        response = upstream.response
        headers = (
            []
            if response is None
            else [(name.encode(), value.encode("latin-1")) for name, value in response.headers.raw_items()]
        )
        passed = _without(headers, _SET_BY_SERVER)
        await send({"type": "websocket.accept", "headers": passed, "subprotocol": upstream.subprotocol})
        down = asyncio.ensure_future(self._down(upstream, scope, send))
        up = asyncio.ensure_future(self._up(upstream, receive))
        try:
            await asyncio.wait({down, up}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (down, up):
                task.cancel()
            await asyncio.gather(down, up, return_exceptions=True)
            upstream.transport.abort()

    async def _down(self, upstream: ClientConnection, scope: Scope, send: Send) -> None:
        with contextlib.suppress(OSError):  # the client has left
            try:
                while True:
                    data = await upstream.recv()
                    await send({"type": "websocket.send", "text" if isinstance(data, str) else "bytes": data})
            except ConnectionClosed as closed:
                if closed.rcvd is None or closed.rcvd.code in _NO_CLOSE_FRAME:
                    self._wires.cut(scope)
                else:
                    await send(
                        {"type": "websocket.close", "code": closed.rcvd.code, "reason": closed.rcvd.reason}
                    )

    async def _up(self, upstream: ClientConnection, receive: Receive) -> None:
        with contextlib.suppress(ConnectionClosed):
            while (message := await receive())["type"] == "websocket.receive":
                data = message.get("text")
                await upstream.send(message["bytes"] if data is None else data)
            code = message.get("code") or 1005
            if code not in _NO_CLOSE_FRAME:
                await upstream.close(code, message.get("reason") or "")


def _without(headers: list[tuple[bytes, bytes]], prefixes: tuple[bytes, ...]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if not name.lower().startswith(prefixes)]

"""Cutting connections the way a network does: no close frame, no last chunk, no answer.

ASGI cannot do this, so the server's own set of connections is used, found by the peer's address.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import Receive, Scope


class Wires:
    """The live connections of one uvicorn server."""

    def __init__(self) -> None:
        self._connections: Collection[Any] = ()

    def attach(self, connections: Collection[Any]) -> None:
        """Use this set of protocol objects (each with `client` and `transport`)."""
        self._connections = connections

    def cut(self, scope: Scope) -> None:
        """Close the TCP connection a request came in on; what was sent before still arrives."""
        for connection in tuple(self._connections):
            if connection.client == scope["client"]:
                connection.transport.close()

    def cut_sockets(self) -> int:
        """Cut every WebSocket; how many."""
        sockets = [item for item in tuple(self._connections) if getattr(item, "handshake_initiated", False)]
        for connection in sockets:
            connection.transport.close()
        return len(sockets)

    def abort(self) -> None:
        """Drop every connection, unsent data included."""
        for connection in tuple(self._connections):
            connection.transport.abort()


async def wait_gone(receive: Receive) -> None:
    """Wait until the client has left (reads and drops what it still sends)."""
    while not (await receive())["type"].endswith(".disconnect"):
        pass


async def pause(seconds: float, receive: Receive) -> bool:
    """Sleep, but no longer than the client stays; whether it is still there. Only after its body was read."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(wait_gone(receive), seconds)
        return False
    return True

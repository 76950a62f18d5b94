"""The misbehaving tunnel as one ASGI app. Without faults it changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.sandbox.cache import ReadCache
from jobctl.sandbox.frames import FrameWeather
from jobctl.sandbox.relay import HttpRelay
from jobctl.sandbox.socket_relay import SocketRelay
from jobctl.sandbox.targets import Counters, CountingMiddleware
from jobctl.sandbox.weather import Weather

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from jobctl.sandbox.plan import FaultPlan
    from jobctl.sandbox.wires import Wires


class Tunnel:
    """Forwards to `upstream` (`http://host:port`); the cache sits behind the other faults."""

    def __init__(self, upstream: str, plan: FaultPlan, counters: Counters, wires: Wires) -> None:
        self._http = HttpRelay(upstream, wires)
        self._sockets = SocketRelay(upstream.replace("http", "ws", 1), wires)
        self.cache = ReadCache(self._forward, plan, counters)
        self._app: ASGIApp = CountingMiddleware(
            FrameWeather(Weather(self.cache, plan, wires), plan, wires), counters
        )

    async def close(self) -> None:
        """Close idle connections to the server."""
        await self._http.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        await self._app(scope, receive, send)

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        relay = self._sockets if scope["type"] == "websocket" else self._http
        await relay(scope, receive, send)

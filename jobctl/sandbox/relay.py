"""The tunnel's HTTP half: streams requests and answers through unchanged, hop-by-hop fields apart."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final

import httpx

from jobctl.sandbox.answers import Header, send_body, send_start, send_whole
from jobctl.sandbox.wires import Wires, wait_gone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

# RFC 9110 section 7.6.1. Transfer-Encoding is handled apart: of a request it says how the body is framed.
_HOP: Final = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade", b"expect"})
_IDLE_SECONDS: Final = 2.0


class HttpRelay:
    """Forwards HTTP requests to `upstream` (`http://host:port`).

    An unreachable upstream is a 502; one that breaks off makes the tunnel break off at the same byte.
    """

    def __init__(self, upstream: str, wires: Wires) -> None:
        self._upstream = httpx.URL(upstream)
        self._wires = wires
        # Upstream is plain HTTP: an empty context saves loading certificates, a bare transport the proxies of
        # the environment. Idle connections end before the server ends them, else a request could be lost.
        limits = httpx.Limits(
            max_connections=None, max_keepalive_connections=50, keepalive_expiry=_IDLE_SECONDS
        )
        self._transport = httpx.AsyncHTTPTransport(
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), limits=limits
        )

    async def close(self) -> None:
        """Close idle connections."""
        await self._transport.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward one request."""
        body = _Upload(receive)
        passing = asyncio.ensure_future(self._pass(scope, body, send))
        leaving = asyncio.ensure_future(body.wait_gone())
        try:
            await asyncio.wait({passing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            broken = passing.done() and not passing.result()
        finally:
            for task in (passing, leaving):
                task.cancel()
            await asyncio.gather(passing, leaving, return_exceptions=True)
        if broken:
            self._wires.cut(scope)
            await wait_gone(receive)

    async def _pass(self, scope: Scope, body: _Upload, send: Send) -> bool:
        """Forward once; False when the upstream broke off."""
        request = self._request(scope, body)
        try:
            response = await self._transport.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            await send_whole(
                send, 502, [(b"content-type", b"text/plain")], b"The server behind this tunnel is down\n"
            )
            return True
        except httpx.TransportError:
            return False
        try:
            await send_start(
                send, response.status_code, _end_to_end(response.headers.raw, b"transfer-encoding")
            )
            # An async stream: the transport was asked asynchronously.
            left = int(response.headers.get("content-length", -1))
            async for part in response.stream:  # type: ignore[union-attr]
                # The last byte goes out in the last message: a cache has its copy before the client is done.
                left -= len(part)
                await send_body(send, part, more=left != 0)
            if left:
                await send_body(send, b"")
        except httpx.TransportError:
            return False
        finally:
            await response.aclose()
        return True

    def _request(self, scope: Scope, body: _Upload) -> httpx.Request:
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        headers = _end_to_end(scope["headers"])
        framed = any(name in {b"content-length", b"transfer-encoding"} for name, _ in headers)
        stream: httpx.AsyncByteStream = body if framed else httpx.ByteStream(b"")
        if not framed:
            body.skip()
        # "target" sends path and query byte by byte as they came; httpx would normalise them.
        return httpx.Request(
            scope["method"], self._upstream, headers=headers, stream=stream, extensions={"target": target}
        )


class _Upload(httpx.AsyncByteStream):
    """The client's request body, and after it the news that the client has left."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read = asyncio.Event()

    def skip(self) -> None:
        """There is no body to read."""
        self._read.set()

    async def wait_gone(self) -> None:
        """Wait until the client has left, once its body was read."""
        await self._read.wait()
        await wait_gone(self._receive)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] != "http.request":
                raise httpx.ReadError("the client left")
            more = message.get("more_body", False)
            yield message.get("body", b"")
        self._read.set()


def _end_to_end(headers: list[Header], *also: bytes) -> list[Header]:
    named = {
        word.strip().lower()
        for name, value in headers
        if name.lower() == b"connection"
        for word in value.split(b",")
    }
    dropped = _HOP | named | set(also)
    return [(name, value) for name, value in headers if name.lower() not in dropped]

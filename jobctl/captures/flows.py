"""mitmproxy flows as exchanges. Needs mitmproxy only where a flow is given, so it imports none of it."""

from __future__ import annotations

import zlib
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from jobctl.captures.tally import MAX_BODY, UNKNOWN_LENGTH, address, path_of
from jobctl.exchange import Exchange, Path

if TYPE_CHECKING:
    from mitmproxy.http import HTTPFlow, Request, Response
    from mitmproxy.websocket import WebSocketMessage

_MOST_CODED: Final = 2**16
"""Bytes of a brotli or zstd body that are still decoded: there is no telling how large it comes out."""
_DEFLATE: Final = 15
_WINDOWS: Final = {"gzip": 31, "x-gzip": 31, "deflate": _DEFLATE}


def exchange_of(flow: HTTPFlow, number: int) -> Exchange | None:
    """Return a finished flow as an exchange; None where no answer came, or it was cut.

    `sent` is when the request began to arrive, `received` when the answer was complete: the widest reading,
    so that an order of two exchanges is never claimed wrongly. A body that was streamed past, or is larger
    than `MAX_BODY`, is empty, the request's as well. `connection` numbers the one to the server.
    """
    request, response = flow.request, flow.response
    if response is None or flow.error is not None:
        return None
    sent = request.timestamp_start
    received = response.timestamp_end or response.timestamp_start or sent + UNKNOWN_LENGTH
    return Exchange(
        number,
        path_of(request.method),
        request.method,
        request.url,
        _pairs(request.headers.fields),
        response.status_code,
        _pairs(response.headers.fields),
        _body(response),
        sent,
        max(sent, received),
        sent,
        nonce=request.headers.get("x-request-id", ""),
        peer=_peer(flow),
        connection=_connection(flow),
        request_body=_body(request),
    )


def event_of(flow: HTTPFlow, message: WebSocketMessage, number: int) -> Exchange:
    """Return one message of a flow's WebSocket: a stream event, or what the client sent."""
    at, url = message.timestamp, flow.request.url
    path = Path.SENT if message.from_client else Path.EVENT
    event = Exchange(number, path, "GET", url, (), 101, (), message.content, at, at, at)
    return event._replace(peer=_peer(flow), connection=_connection(flow))


def _pairs(fields: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[str, str], ...]:
    # latin-1 reads any byte, as RFC 9110 section 5.5 has it for field values.
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in fields)


def _body(message: Request | Response) -> bytes:
    """Decode a body, never much beyond what is kept: a megabyte may unpack to a gigabyte."""
    raw = message.raw_content
    if not raw or len(raw) > MAX_BODY:
        return b""
    coding = message.headers.get("content-encoding", "").strip().lower()
    if coding in {"", "identity"}:
        return raw
    if coding in _WINDOWS:
        body = _inflated(raw, _WINDOWS[coding])
    elif len(raw) <= _MOST_CODED:
        body = message.get_content(strict=False) or b""
    else:
        body = b""
    return body if len(body) <= MAX_BODY else b""


def _inflated(raw: bytes, window: int) -> bytes:
    """Decompress up to a byte more than is kept; what is no such data stays as it is."""
    # Some send deflate without its frame.
    for bits in (window, -_DEFLATE) if window == _DEFLATE else (window,):
        try:
            return zlib.decompressobj(bits).decompress(raw, MAX_BODY + 1)
        except zlib.error:
            continue
    return raw


def _peer(flow: HTTPFlow) -> str:
    peer = flow.server_conn.peername
    return address(str(peer[0]), int(peer[1])) if peer else ""


def _connection(flow: HTTPFlow) -> int:
    """Number the connection to the server (to the client, where there is none), in every reading alike."""
    name = flow.server_conn.id if flow.server_conn.address else flow.client_conn.id
    return int.from_bytes(blake2b(name.encode(), digest_size=6).digest()) or 1

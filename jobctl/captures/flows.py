"""mitmproxy flows as exchanges. Needs mitmproxy only where a flow is given, so it imports none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobctl.exchange import Exchange, Path

if TYPE_CHECKING:
    from mitmproxy.http import HTTPFlow
    from mitmproxy.websocket import WebSocketMessage

_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def exchange_of(flow: HTTPFlow, number: int) -> Exchange | None:
    """Return a finished flow as an exchange; None where no answer came, or it was cut.

    `sent` is when the request began to arrive, `received` when the answer was complete: the widest reading,
    so that an order of two exchanges is never claimed wrongly. A body that was streamed past is empty.
    """
    request, response = flow.request, flow.response
    if response is None or flow.error is not None:
        return None
    sent = request.timestamp_start
    received = response.timestamp_end or response.timestamp_start or sent
    peer = flow.server_conn.peername
    return Exchange(
        number,
        Path.WRITE if request.method in _WRITES else Path.PLAIN,
        request.method,
        request.url,
        _pairs(request.headers.fields),
        response.status_code,
        _pairs(response.headers.fields),
        response.get_content(strict=False) or b"",
        sent,
        max(sent, received),
        sent,
        nonce=request.headers.get("x-request-id", ""),
        peer=f"{peer[0]}:{peer[1]}" if peer else "",
    )


def event_of(flow: HTTPFlow, message: WebSocketMessage, number: int) -> Exchange:
    """Return one message of a flow's WebSocket as a stream event."""
    at = message.timestamp
    url = flow.request.url
    return Exchange(number, Path.EVENT, "GET", url, (), 101, (), message.content, at, at, at)


def _pairs(fields: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[str, str], ...]:
    # latin-1 reads any byte, as RFC 9110 section 5.5 has it for field values.
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in fields)

"""How an API's stream is opened and spoken: WebSocket or server-sent events. Data only."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class StreamKind(StrEnum):
    """What carries the messages."""

    WEBSOCKET = "websocket"
    """RFC 6455; the URL is ws or wss."""
    SSE = "sse"
    """Server-sent events (WHATWG HTML, section 9.2), a GET that does not end; the URL is http or https."""


class StreamShape(NamedTuple):
    """Beside its address. The default is a WebSocket that speaks by itself."""

    kind: StreamKind = StreamKind.WEBSOCKET
    subprotocol: str | None = None
    """Offered in the handshake, for servers that want one."""
    hello: str | None = None
    """Sent once after opening, `{id}` standing for the job: for servers that wait for a subscription."""
    ping: str | None = None
    """Sent every `ping_every` seconds: for servers that hang up on a client that is silent."""
    ping_every: float = 20.0
    only: str | None = None
    """JMESPath; a message for which it is false or null is none of ours."""


DEFAULT_STREAM: Final = StreamShape()

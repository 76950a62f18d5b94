"""A job's WebSocket: one session, its frames handed over, and how it ended. The machine owns retries."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from jobctl._version import __version__
from jobctl.client.answers import parse_frame
from jobctl.client.proxies import proxy_for
from jobctl.secret_scan import redact_text
from jobctl.stream.closed import Closed
from jobctl.text import visible
from jobctl.tunnel_pages import bypass_headers

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    from websockets.asyncio.client import ClientConnection

    from jobctl.profile.stream_shape import StreamShape

OPEN_TIMEOUT: Final = 10.0
MAX_FRAME: Final = 1024 * 1024
_CLOSE_TIMEOUT: Final = 0.2
_PING_EVERY: Final = 20.0

# The library logs what the machine already says better; a record without a handler would land on stderr.
_silent: Final = logging.getLogger("jobctl.stream.wire")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


class Manners(NamedTuple):
    """What a server wants of its client: a subprotocol, a first message, and one now and then (seconds)."""

    subprotocol: str | None = None
    hello: str | None = None
    ping: str | None = None
    ping_every: float = 20.0


_SPEAKS_BY_ITSELF: Final = Manners()


def manners_of(shape: StreamShape, job: str) -> Manners:
    """Return what the profile's stream wants of a client that follows one job."""
    return Manners(shape.subprotocol, _filled(shape.hello, job), _filled(shape.ping, job), shape.ping_every)


def _filled(message: str | None, job: str) -> str | None:
    """Put the id in; inside a JSON message as JSON has it."""
    if message is None or "{id}" not in message:
        return message
    is_json = message.replace("{id}", "").lstrip().startswith(("{", "["))
    return message.replace("{id}", json.dumps(job)[1:-1] if is_json else job)


def text_reader() -> Callable[[str | bytes], str]:
    """Return what makes text of the frames of one session: a binary one may end within a character."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return lambda frame: frame if isinstance(frame, str) else decoder.decode(frame)


class _Connect(connect):
    """Follows no redirect: it would carry the caller's own auth headers to another server."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def listen(
    url: str,
    *,
    headers: dict[str, str],
    tls: ssl.SSLContext | None,
    on_open: Callable[[], None],
    on_frame: Callable[[Any], Awaitable[None]],
    manners: Manners = _SPEAKS_BY_ITSELF,
    parse: Callable[[str | bytes], Any] = parse_frame,
) -> Closed:
    """Hold one session until it ends, handing over each frame parsed. Never raises for what a server does.

    Awaiting `on_frame` holds the server back: what is not read yet waits in its window, not in our memory.
    """
    try:
        connection = await _opened(url, headers, tls, manners.subprotocol)
    except InvalidStatus as error:
        status = error.response.status_code
        return Closed(False, status, f"HTTP {status} instead of an upgrade")
    except TimeoutError:
        return Closed(False, None, f"no handshake within {OPEN_TIMEOUT:g} s")
    # Whatever else it is (a bad address, a proxy variable, a missing package), reads may still work.
    except Exception as error:  # noqa: BLE001
        return Closed(False, None, visible(redact_text(str(error) or type(error).__name__), 120))
    on_open()
    pinging: asyncio.Task[None] | None = None
    try:
        if manners.hello is not None:
            await connection.send(manners.hello)
        if manners.ping is not None:
            pinging = asyncio.create_task(_ping(connection, manners.ping, manners.ping_every))
        async for frame in connection:
            await on_frame(parse(frame))
    except ConnectionClosed as closed:
        # We hung up (a frame too large), and nobody answered.
        if closed.rcvd is None and closed.sent is not None:
            return Closed(True, closed.sent.code, visible(closed.sent.reason, 120))
    finally:
        if pinging is not None:
            pinging.cancel()
        await connection.close()
    return Closed(True, connection.close_code, visible(connection.close_reason or "", 120))


async def _ping(connection: ClientConnection, message: str, every: float) -> None:
    """Say what the server wants to hear; its end is told by whoever reads."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await asyncio.sleep(every)
            await connection.send(message)


async def _opened(
    url: str, headers: dict[str, str], tls: ssl.SSLContext | None, subprotocol: str | None
) -> ClientConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return await _Connect(
        url,
        additional_headers={**bypass_headers(host), **headers},
        user_agent_header=f"jobctl/{__version__}",
        # Deflate costs 64 kB a connection, and some servers accept it and then send nothing.
        compression=None,
        ssl=tls if parts.scheme == "wss" else None,
        proxy=proxy_for(url),
        open_timeout=OPEN_TIMEOUT,
        close_timeout=_CLOSE_TIMEOUT,
        ping_interval=_PING_EVERY,
        ping_timeout=_PING_EVERY,
        max_size=MAX_FRAME,
        subprotocols=[Subprotocol(subprotocol)] if subprotocol is not None else None,
        logger=_silent,
    )

"""One session of server-sent events: the messages of a job over a GET that does not end.

A GET is an ordinary request, so proxies, TLS and credentials are those of the reads. Comments, which servers
send to keep the line open, are no events: all they show is that the line is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from jobctl._version import __version__
from jobctl.client.answers import parse_frame
from jobctl.client.event_stream import EventParser, EventTooLargeError, ServerEvent
from jobctl.client.http_errors import CARRIER_ERRORS
from jobctl.client.inflate import CODINGS, Inflater
from jobctl.secret_scan import redact_text
from jobctl.stream.closed import Closed
from jobctl.text import visible
from jobctl.tunnel_pages import bypass_headers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

_COMMON: Final = {
    "User-Agent": f"jobctl/{__version__}",
    "Accept": "text/event-stream",
    "Accept-Encoding": "identity",
    "Cache-Control": "no-store",
}
_IDENTITY: Final = frozenset({"", "identity"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_ID: Final = 2048
"""Bytes: servers refuse a request whose header is longer than a few kB."""
_PLAIN: Final = "message"


async def listen(
    client: httpx.AsyncClient,
    url: str,
    *,
    headers: Mapping[str, str],
    last_id: str,
    on_open: Callable[[], None],
    on_id: Callable[[str], None],
    on_frame: Callable[[Any], Awaitable[None]],
) -> Closed:
    """Hold one session until it ends, handing over each message. Never raises for a server.

    `on_id` is told where the next session should go on from, before the message that it comes with.
    `last_id` is sent as `Last-Event-ID`: a server that can then repeats what was missed.
    """
    asked = {**_COMMON, **bypass_headers(urlsplit(url).hostname or ""), **headers, **_resuming(last_id)}
    is_open = False
    try:
        async with client.stream("GET", url, headers=httpx.Headers(asked, encoding="utf-8")) as response:
            refused = _refusal(response)
            if refused is not None:
                return refused
            is_open = True
            on_open()
            parser = EventParser(last_id)
            async for piece in _inflated(response):
                for event in parser.feed(piece):
                    on_id(event.id)
                    await on_frame(_message(event))
                on_id(parser.last_id)  # an event without data moves it, too
    except EventTooLargeError:
        return Closed(is_open, None, "an event was too large")
    except httpx.ReadTimeout:
        return Closed(is_open, None, "silent too long, keep-alives included")
    except (*CARRIER_ERRORS, httpx.StreamError) as error:
        return Closed(is_open, None, visible(redact_text(_words(error)), 120))
    return Closed(True, None, "the event stream ended")


def _resuming(last_id: str) -> dict[str, str]:
    """The id, as far as a header carries it: to get everything again is better than to get nothing."""
    value = last_id.strip(" ")
    if not value or len(value.encode()) > _LONGEST_ID or _CONTROL.search(value):
        return {}
    return {"Last-Event-ID": value}


async def _inflated(response: httpx.Response) -> AsyncIterator[bytes]:
    # Not by httpx: it makes a gigabyte of 500 bytes in one go.
    if _coding(response) in _IDENTITY:
        async for piece in response.aiter_raw():
            yield piece
        return
    inflater = Inflater()
    async for packed in response.aiter_raw():
        for piece in inflater.feed(packed):
            yield piece


def _coding(response: httpx.Response) -> str:
    return str(response.headers.get("content-encoding", "")).strip().lower()


def _words(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__


def _refusal(response: httpx.Response) -> Closed | None:
    if response.status_code != 200:
        return Closed(False, response.status_code, f"HTTP {response.status_code} instead of an event stream")
    kind = response.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "text/event-stream":
        return Closed(False, 200, f"{visible(kind or 'no content type', 60)} instead of an event stream")
    if _coding(response) not in _IDENTITY | CODINGS:
        coding = visible(_coding(response), 40)
        return Closed(False, 200, f"a stream compressed with {coding}, which was not asked for")
    return None


def _message(event: ServerEvent) -> Any:
    """The data as a frame would have it. An event that has a name and no JSON is known by its name."""
    payload = parse_frame(event.data)
    if event.name != _PLAIN:
        if not isinstance(payload, dict):
            return event.name
        payload.setdefault("type", event.name)
    return payload

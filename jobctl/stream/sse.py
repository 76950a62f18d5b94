"""One session of server-sent events: the messages of a job over a GET that does not end.

A GET is an ordinary request, so proxies, TLS and credentials are those of the reads. Comments, which servers
send to keep the line open, are no events: all they show is that the line is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httpx

from jobctl.client.answers import parse_frame
from jobctl.client.event_stream import EventParser, EventTooLargeError, ServerEvent
from jobctl.secret_scan import redact_text
from jobctl.stream.closed import Closed
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_ACCEPT: Final = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
_PLAIN: Final = "message"


async def listen(
    client: httpx.AsyncClient,
    url: str,
    *,
    headers: Mapping[str, str],
    last_id: str,
    on_open: Callable[[], None],
    on_frame: Callable[[Any, str], Awaitable[None]],
) -> Closed:
    """Hold one session until it ends, handing over each message and its event id. Never raises for a server.

    `last_id` is sent as `Last-Event-ID`: a server that can then repeats what was missed.
    """
    asked = {**_ACCEPT, **headers, **({"Last-Event-ID": last_id} if last_id else {})}
    is_open = False
    try:
        async with client.stream("GET", url, headers=asked) as response:
            refused = _refusal(response)
            if refused is not None:
                return refused
            is_open = True
            on_open()
            parser = EventParser(last_id)
            async for piece in response.aiter_bytes():
                for event in parser.feed(piece):
                    await on_frame(_message(event), event.id)
    except EventTooLargeError:
        return Closed(is_open, None, "an event was too large")
    except httpx.ReadTimeout:
        return Closed(is_open, None, "silent too long, keep-alives included")
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
        return Closed(is_open, None, visible(redact_text(str(error) or type(error).__name__), 120))
    return Closed(True, None, "the event stream ended")


def _refusal(response: httpx.Response) -> Closed | None:
    if response.status_code != 200:
        return Closed(False, response.status_code, f"HTTP {response.status_code} instead of an event stream")
    kind = response.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "text/event-stream":
        return Closed(False, 200, f"{visible(kind or 'no content type', 60)} instead of an event stream")
    return None


def _message(event: ServerEvent) -> Any:
    """The data as a frame would have it. An event that has a name and no JSON is known by its name."""
    payload = parse_frame(event.data)
    if event.name != _PLAIN:
        if not isinstance(payload, dict):
            return event.name
        payload.setdefault("type", event.name)
    return payload

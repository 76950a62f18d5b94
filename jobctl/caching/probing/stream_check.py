"""Does a WebSocket pass on the route under suspicion? One short session through `jobctl.stream`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from jobctl.caching.report import StreamCheck
from jobctl.client.carrier import tls_context
from jobctl.stream.websocket import listen
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.profile.model import Profile
    from jobctl.stream.closed import Closed

_LOOK: Final = 2.0
"""Seconds to wait for a first message; a finished job's server closes at once, a running one speaks."""


def check_stream(
    profile: Profile, url: str, headers: dict[str, str], seconds: float, *, insecure: bool
) -> StreamCheck:
    """Open the stream, wait for one message or the close, and leave; never takes longer than `seconds`."""
    return asyncio.run(_check(profile, url, headers, min(seconds, _LOOK), insecure=insecure))


async def _check(
    profile: Profile, url: str, headers: dict[str, str], seconds: float, *, insecure: bool
) -> StreamCheck:
    opened = asyncio.Event()
    first: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def on_frame(frame: Any) -> None:
        if not first.done():
            first.set_result(_kind_of(frame))

    tls = tls_context(profile, insecure=insecure, url=url)
    session = asyncio.ensure_future(
        listen(url, headers=headers, tls=tls, on_open=opened.set, on_frame=on_frame)
    )
    waited: set[asyncio.Future[Any]] = {session, first}
    await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    closed: Closed | None = session.result() if session.done() and not session.cancelled() else None
    session.cancel()
    await asyncio.gather(session, return_exceptions=True)
    said = first.result() if first.done() else None
    if closed is None:
        reason = "" if opened.is_set() else f"no answer to the handshake within {seconds:.1f} s"
        return StreamCheck(url, opened.is_set(), None, reason, said)
    return StreamCheck(url, closed.opened, closed.code, closed.reason, said)


def _kind_of(frame: Any) -> str:
    if isinstance(frame, dict):
        for key in ("type", "status", "state"):
            if isinstance(frame.get(key), str):
                return visible(frame[key], 40)
        return "JSON"
    return "text" if isinstance(frame, str) else "binary"

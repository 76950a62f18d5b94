"""The stream of one job, session after session, as its profile spells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from jobctl.profile.fields import compile_path, is_falsy
from jobctl.profile.stream_shape import StreamKind

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    import httpx

    from jobctl.profile.model import Profile
    from jobctl.stream.closed import Closed


class StreamClient(Protocol):
    """What a stream needs of a client."""

    profile: Profile

    def stream_headers(self, url: str) -> dict[str, str]:
        """Return the headers of a handshake."""

    def tls_for(self, url: str) -> ssl.SSLContext:
        """Return the TLS context for a ws(s) URL."""

    def event_client(self) -> httpx.AsyncClient:
        """Return the client that holds GETs which do not end."""


class JobStream:
    """Remembers between sessions what the server should go on from (`Last-Event-ID`)."""

    def __init__(self, client: StreamClient, job: str) -> None:
        self._client, self._job = client, job
        self._last_id = ""
        only = client.profile.stream_shape.only
        self._only = compile_path(only) if only is not None else None

    async def listen(self, on_open: Callable[[], None], on_frame: Callable[[Any], Awaitable[None]]) -> Closed:
        """Hold one session until it ends, handing over each parsed message that is ours."""
        profile, url = self._client.profile, self._client.profile.stream_url(self._job)
        if url is None:
            raise ValueError(f"profile {profile.name!r} has no stream")
        headers = self._client.stream_headers(url)

        def on_id(event_id: str) -> None:
            self._last_id = event_id

        async def on_message(payload: Any) -> None:
            if self._is_ours(payload):
                await on_frame(payload)

        if profile.stream_shape.kind is StreamKind.SSE:
            from jobctl.stream import sse  # noqa: PLC0415 -- of the two kinds, one is loaded

            return await sse.listen(
                self._client.event_client(),
                url,
                headers=headers,
                last_id=self._last_id,
                on_open=on_open,
                on_id=on_id,
                on_frame=on_message,
            )
        from jobctl.stream import websocket  # noqa: PLC0415 -- 90 ms

        return await websocket.listen(
            url,
            headers=headers,
            tls=self._client.tls_for(url),
            on_open=on_open,
            on_frame=on_message,
            manners=websocket.manners_of(profile.stream_shape, self._job),
        )

    def _is_ours(self, payload: Any) -> bool:
        return self._only is None or not is_falsy(self._only(payload))

"""The asyncio carrier: many flows at once over one shared connection pool."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx

from jobctl.client.carrier import BodyReader, Limits, make_client, mapped, timed_out
from jobctl.client.messages import Flow, Pause, RefreshAuth, Request, Response
from jobctl.errors import JobctlError

if TYPE_CHECKING:
    from jobctl.client.credentials import Credentials
    from jobctl.profile.model import Profile

_MAX_CONNECTIONS = 100
T = TypeVar("T")


class AsyncCarrier:
    """Carries flows on the running event loop."""

    def __init__(
        self, profile: Profile, credentials: Credentials, limits: Limits, *, insecure: bool = False
    ) -> None:
        self._credentials, self._limits = credentials, limits
        # Waiting for a connection is not the server's silence: it must not count against the timeout.
        self._turns = asyncio.Semaphore(_MAX_CONNECTIONS)
        pool = httpx.Limits(max_connections=_MAX_CONNECTIONS, max_keepalive_connections=20)
        self._client = make_client(httpx.AsyncClient, profile, limits, insecure=insecure, limits=pool)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection pool."""
        await self._client.aclose()

    async def run(self, flow: Flow[T]) -> T:
        """Carry a flow to its end and return its result; its errors are raised as they are."""
        answer: Any = None
        error: JobctlError | None = None
        while True:
            try:
                step = flow.throw(error) if error is not None else flow.send(answer)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            answer = error = None
            match step:
                case Request():
                    try:
                        answer = await self._send(step)
                    except JobctlError as problem:
                        error = problem
                case Pause(seconds):
                    await asyncio.sleep(seconds)
                case RefreshAuth():
                    answer = await asyncio.to_thread(self._credentials.refresh)

    async def _send(self, request: Request) -> Response:
        async with self._turns:
            return await self._send_now(request)

    async def _send_now(self, request: Request) -> Response:
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._limits.total):
                built = self._client.build_request(
                    request.method, request.url, headers=list(request.headers), content=request.body
                )
                response = await self._client.send(built, stream=True)
                try:
                    reader = BodyReader(request, response, self._limits, started)
                    async for chunk in response.aiter_raw():
                        reader.feed(chunk)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise timed_out(self._limits) from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise mapped(error, request) from error
        return reader.finish()

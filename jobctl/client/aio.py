"""The asyncio carrier: many flows at once over one shared connection pool."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx

from jobctl.client.carrier import BodyReader, Limits, built, keep_location, make_client
from jobctl.client.http_errors import CARRIER_ERRORS, mapped, timed_out
from jobctl.client.messages import Flow, Pause, RefreshAuth, Request, Response
from jobctl.errors import JobctlError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jobctl.client.credentials import Credentials
    from jobctl.profile.model import Profile

_MAX_CONNECTIONS = 100
SILENT_AFTER = 90.0
"""Seconds without a byte, a comment included, after which a stream counts as dead."""
R = TypeVar("R")
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
        hooks = {"response": [_keep_location]}
        self._profile, self._insecure = profile, insecure
        self._events: httpx.AsyncClient | None = None
        self._client = make_client(
            httpx.AsyncClient, profile, limits, insecure=insecure, limits=pool, event_hooks=hooks
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection pool."""
        await self._client.aclose()
        if self._events is not None:
            await self._events.aclose()

    def event_client(self) -> httpx.AsyncClient:
        """Return the client for GETs that do not end, made when first asked for."""
        if self._events is None:
            limits = Limits(read=SILENT_AFTER)
            pool = httpx.Limits(max_connections=None, max_keepalive_connections=0)
            self._events = make_client(
                httpx.AsyncClient, self._profile, limits, insecure=self._insecure, limits=pool
            )
        return self._events

    async def run(self, flow: Flow[T], turn: Callable[[], Awaitable[None]] | None = None) -> T:
        """Carry a flow to its end and return its result; its errors are raised as they are.

        `turn` is awaited before every request after the first: one read may be several requests.
        """
        answer: Any = None
        error: JobctlError | None = None
        sent = 0
        if self._credentials.is_slow:
            await in_daemon_thread(self._credentials.headers)
        while True:
            try:
                step = flow.throw(error) if error is not None else flow.send(answer)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            answer = error = None
            match step:
                case Request():
                    if sent and turn is not None:
                        await turn()
                    sent += 1
                    try:
                        answer = await self._send(step)
                    except JobctlError as problem:
                        error = problem
                case Pause(seconds):
                    await asyncio.sleep(seconds)
                case RefreshAuth(refused):
                    refresh = functools.partial(self._credentials.refresh, refused)
                    try:
                        answer = await in_daemon_thread(refresh)
                    except JobctlError as problem:
                        error = problem

    async def _send(self, request: Request) -> Response:
        async with self._turns:
            return await self._send_now(request)

    async def _send_now(self, request: Request) -> Response:
        started = time.monotonic()
        ours = built(self._client, request)
        try:
            async with asyncio.timeout(self._limits.total):
                response = await self._client.send(ours, stream=True)
                try:
                    reader = BodyReader(request, response, self._limits, started)
                    async for chunk in response.aiter_raw():
                        reader.feed(chunk)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise timed_out(self._limits.total) from error
        except CARRIER_ERRORS as error:
            raise mapped(error, request) from error
        return reader.finish()


async def _keep_location(response: httpx.Response) -> None:
    keep_location(response)


async def in_daemon_thread(function: Callable[[], R]) -> R:
    """Run a blocking function beside the loop; nobody waits for it when the loop ends."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[R] = loop.create_future()

    def settle(result: R | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result, failure = None, None
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 -- raised again where it is awaited
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop is gone
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=work, daemon=True).start()
    return await future

"""The blocking carrier: for commands that ask once and scripts without an event loop. Imports no asyncio."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx

from jobctl.client.carrier import BodyReader, Limits, built, keep_location, make_client
from jobctl.client.http_errors import CARRIER_ERRORS, address_of, mapped, timed_out
from jobctl.client.messages import Flow, Pause, RefreshAuth, Request, Response
from jobctl.durations import format_duration
from jobctl.errors import JobctlError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobctl.client.credentials import Credentials
    from jobctl.profile.model import Profile

T = TypeVar("T")


class BlockingCarrier:
    """Carries flows one at a time over one httpx client."""

    def __init__(
        self,
        profile: Profile,
        credentials: Credentials,
        limits: Limits,
        *,
        insecure: bool = False,
        via: str | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        """`tell` is given a sentence whenever somebody has to wait for more than a second.

        `limits` may be replaced between two flows; `via` is a forward proxy to use.
        """
        self.limits = limits
        self._credentials, self._tell = credentials, tell
        self._sockets: list[socket.socket] = []
        self.opened = 0
        """Connections opened so far."""
        hooks = {"response": [keep_location]}
        self._client = make_client(
            httpx.Client, profile, limits, insecure=insecure, via=via, event_hooks=hooks
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._client.close()

    def _count(self) -> None:
        self.opened += 1

    @property
    def peer(self) -> str:
        """The address of the newest connection, `host:port`; empty where there is none any more."""
        for connection in reversed(self._sockets):
            with suppress(OSError):
                host, port = connection.getpeername()[:2]
                return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return ""

    def run(self, flow: Flow[T]) -> T:
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
                        with self._patience(step.url):
                            answer = self._send(step)
                    except JobctlError as problem:
                        error = problem
                case Pause(seconds, why):
                    if self._tell is not None:
                        self._tell(f"{why}; trying again in {format_duration(seconds)}")
                    time.sleep(seconds)
                case RefreshAuth(refused):
                    try:
                        answer = self._credentials.refresh(refused)
                    except JobctlError as problem:
                        error = problem

    @contextmanager
    def _patience(self, url: str) -> Iterator[None]:
        """Say after a second whose answer we are waiting for."""
        if self._tell is None:
            yield
            return
        most = format_duration(self.limits.total)
        timer = threading.Timer(1.0, self._tell, (f"waiting for {address_of(url)}, at most {most}",))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _send(self, request: Request) -> Response:
        started = time.monotonic()
        with _Deadline(self.limits.total, self._sockets, self._count) as deadline:
            timeout = self.limits.httpx_timeout().as_dict()
            ours = built(self._client, request, trace=deadline.trace, timeout=timeout)
            try:
                response = self._client.send(ours, stream=True)
                try:
                    reader = BodyReader(request, response, self.limits, started)
                    for chunk in response.iter_raw():
                        reader.feed(chunk)
                finally:
                    response.close()
            except CARRIER_ERRORS as error:
                if deadline.expired:
                    raise timed_out(self.limits.total) from error
                raise mapped(error, request) from error
        return reader.finish()


class _Deadline:
    """Cuts the connection when the total time is over; httpx bounds only the pause between two pieces.

    `sockets` holds all open connections: a request may go over any of them again, and which one is not told.
    Connecting and the TLS handshake have the connect timeout instead.
    """

    def __init__(self, seconds: float, sockets: list[socket.socket], on_open: Callable[[], None]) -> None:
        self._sockets, self._on_open = sockets, on_open
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self.expired = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._timer.cancel()

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Take note of a connection (an httpcore trace event)."""
        if event == "connection.connect_tcp.complete":
            self._on_open()
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            # A closed socket, and one that TLS took over, has no number any more.
            still_open = [one for one in self._sockets if one.fileno() != -1]
            self._sockets[:] = [*still_open, info["return_value"].get_extra_info("socket")]
            if self.expired:  # while connecting
                self._cut()

    def _cut(self) -> None:
        self.expired = True
        for connection in self._sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

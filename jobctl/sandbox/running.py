"""Running the sandbox: in a thread for tests, or in the foreground for the command line."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import signal
import threading
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Self, TypeVar

from jobctl.sandbox.faults import Fault, Place
from jobctl.sandbox.hosting import Hosting, SandboxError, Settings
from jobctl.sandbox.lives import Script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path
    from types import TracebackType

    from starlette.types import ASGIApp

__all__ = ["Sandbox", "SandboxError"]

_T = TypeVar("_T")
_START_SECONDS = 10.0
_CALL_SECONDS = 30.0


class Sandbox:
    """A job server and a tunnel in front of it.

    Use it as `with Sandbox() as box:` or `async with Sandbox() as box:` (it runs in a thread of its own), or
    call `serve()` to run it in the foreground until SIGINT or SIGTERM. Port 0 takes a free port; a second
    `start()` keeps the ports of the first. `db=None` keeps jobs in memory only. Bad faults raise ValueError.
    """

    def __init__(
        self,
        faults: Iterable[str | Fault] = (),
        tunnel_faults: Iterable[str | Fault] = (),
        *,
        db: str | Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        tunnel_port: int = 0,
        seed: int = 0,
        defaults: Script | None = None,
        keepalive: float = 15.0,
        clock: Callable[[], float] = time.time,
        date_header: bool = True,
        extra_middleware: Sequence[Callable[[ASGIApp], ASGIApp]] = (),
    ) -> None:
        self._settings = Settings(
            db=db,
            host=host,
            port=port,
            tunnel_port=tunnel_port,
            defaults=defaults or Script(),
            keepalive=keepalive,
            clock=clock,
            date_header=date_header,
            extra_middleware=tuple(extra_middleware),
        )
        self._hosting = Hosting(self._settings, tuple(faults), tuple(tunnel_faults), seed)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread_id = 0

    # Running

    def start(self) -> None:
        """Run in a thread (SandboxError when a port or the database cannot be had, or it already runs)."""
        if self._thread is not None:
            raise SandboxError("the sandbox is already running")
        ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._main(ready)), name="jobctl-sandbox", daemon=True
        )
        self._thread.start()
        try:
            ready.result(_START_SECONDS)
        except SandboxError:
            self._thread.join()
            self._thread = None
            raise

    def stop(self) -> None:
        """Close every connection and both ports, within a second; harmless when not running."""
        thread, self._thread = self._thread, None
        if thread is None or self._loop is None or self._stop is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop may have ended by itself
            self._loop.call_soon_threadsafe(self._stop.set)
        thread.join()

    def serve(self, on_ready: Callable[[Sandbox], None] | None = None) -> None:
        """Run in the foreground until SIGINT or SIGTERM; `on_ready` is called once the ports answer.

        Raises:
            SandboxError: when a port or the database cannot be had.
        """
        asyncio.run(self._foreground(on_ready))

    async def _foreground(self, on_ready: Callable[[Sandbox], None] | None) -> None:
        ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        task = asyncio.create_task(self._main(ready))
        with contextlib.suppress(SandboxError):
            await asyncio.wrap_future(ready)
        with self._signals():
            if on_ready is not None and not task.done() and ready.exception() is None:
                on_ready(self)
            await task
        ready.result()

    @contextlib.contextmanager
    def _signals(self) -> Any:
        loop, stop = asyncio.get_running_loop(), self._stop

        def ask(_number: int = 0, _frame: object = None) -> None:
            if stop is not None:
                loop.call_soon_threadsafe(stop.set)

        # signal.signal, not loop.add_signal_handler: the latter does not exist on Windows.
        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def _main(self, ready: concurrent.futures.Future[None]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._thread_id = threading.get_ident()
        try:
            await self._hosting.start()
        except SandboxError as error:
            ready.set_exception(error)
            return
        ready.set_result(None)
        try:
            await self._stop.wait()
        finally:
            await self._hosting.stop()
            self._loop = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)

    # Addresses, known once it has started

    @property
    def url(self) -> str:
        """`http://host:port` of the server."""
        return self._hosting.address(Place.SERVER)

    @property
    def tunnel_url(self) -> str:
        """`http://host:port` of the tunnel."""
        return self._hosting.address(Place.TUNNEL)

    @property
    def ws_url(self) -> str:
        """`ws://host:port` of the server."""
        return self.url.replace("http", "ws", 1)

    @property
    def tunnel_ws_url(self) -> str:
        """`ws://host:port` of the tunnel."""
        return self.tunnel_url.replace("http", "ws", 1)

    # Looking in and steering

    def submit(
        self,
        profile: str = "generation",
        *,
        duration: float | None = None,
        steps: int | None = None,
        end: str | None = None,
        pending: float | None = None,
        requeue_at: float | None = None,
        job_id: str | None = None,
        prompt: str = "a lighthouse at dusk",
    ) -> str:
        """Create a job without HTTP; its id (ValueError for a bad script, profile or taken id)."""
        given = {
            "duration": duration,
            "steps": steps,
            "end": end,
            "pending": pending,
            "requeue_at": requeue_at,
        }
        known = asdict(self._settings.defaults) | {
            name: value for name, value in given.items() if value is not None
        }
        script = replace(self._settings.defaults, **known)
        return self._call(
            lambda: self._hosting.store.submit(profile, {"prompt": prompt}, script, job_id=job_id).id
        )

    def cancel(self, job_id: str) -> str:
        """Cancel a job without going through HTTP; its status afterwards (KeyError for an unknown id)."""
        return self._call(lambda: self._hosting.store.cancel(job_id).status)

    def history(self, job_id: str) -> list[dict[str, Any]]:
        """Every state ever: seq, status, state, progress, updated_at (KeyError for an unknown id)."""
        return self._call(lambda: self._hosting.store.history(job_id))

    def requests(self, place: str = "server") -> dict[str, Any]:
        """Counters of the server or the tunnel: total, routes, jobs, open sockets, cache."""
        return self._call(self._hosting.counters[Place(place)].snapshot)

    def set_faults(
        self,
        server: Iterable[str | Fault] | None = None,
        tunnel: Iterable[str | Fault] | None = None,
        *,
        seed: int | None = None,
    ) -> None:
        """Replace the faults of a place (None leaves it), empty the cache; ValueError changes nothing."""
        self._call(lambda: self._hosting.set_faults(server, tunnel, seed))

    def reset_requests(self) -> None:
        """Set all counters to zero."""
        self._call(self._hosting.reset_counters)

    def drop_sockets(self, place: str = "server") -> int:
        """Cut every open WebSocket now, without a close frame; how many."""
        return self._call(self._hosting.wires[Place(place)].cut_sockets)

    def _call(self, action: Callable[[], _T]) -> _T:
        loop = self._loop
        if loop is None:
            raise SandboxError("the sandbox is not running")
        if threading.get_ident() == self._thread_id:
            return action()
        result: concurrent.futures.Future[_T] = concurrent.futures.Future()

        def perform() -> None:
            try:
                result.set_result(action())
            except Exception as error:  # noqa: BLE001  # handed to the caller's thread unchanged
                result.set_exception(error)

        loop.call_soon_threadsafe(perform)
        return result.result(_CALL_SECONDS)

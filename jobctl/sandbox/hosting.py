"""Server and tunnel under uvicorn in one event loop, with the clock that moves the jobs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import uvicorn

from jobctl.sandbox.faults import Fault, Place, parse_faults
from jobctl.sandbox.jobs import JobStore
from jobctl.sandbox.lives import MICROSECONDS, Script
from jobctl.sandbox.plan import FaultPlan
from jobctl.sandbox.server import make_app
from jobctl.sandbox.site import Site
from jobctl.sandbox.targets import Counters
from jobctl.sandbox.tunnel import Tunnel
from jobctl.sandbox.wires import Wires

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from starlette.types import ASGIApp

_log = logging.getLogger("jobctl.sandbox")
_POLITE_SECONDS: Final = 0.25
_ABORTED_SECONDS: Final = 0.5
_DATE_SECONDS: Final = 1.0
_SHORTEST_TICK: Final = 0.005
_LONGEST_TICK: Final = 1.0
_BACKLOG: Final = 2048


class SandboxError(RuntimeError):
    """The sandbox cannot run: a port or the database cannot be had, or it is not running."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a sandbox is set up; see `Sandbox`."""

    db: str | Path | None
    host: str
    port: int
    tunnel_port: int
    defaults: Script
    keepalive: float
    clock: Callable[[], float]
    date_header: bool
    extra_middleware: tuple[Callable[[ASGIApp], ASGIApp], ...]


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to us and stops when told, not at its next look."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        self._told = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        self.up.set()
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), _DATE_SECONDS)

    def tell(self) -> None:
        self.should_exit = True
        self._told.set()


class Hosting:
    """Starts and stops both servers; can be started again. Everything but `address` belongs to its loop."""

    def __init__(
        self,
        settings: Settings,
        faults: Iterable[str | Fault],
        tunnel_faults: Iterable[str | Fault],
        seed: int,
    ) -> None:
        self._settings = settings
        self._seed = seed
        self.plans = {
            Place.SERVER: FaultPlan(Place.SERVER, faults, seed),
            Place.TUNNEL: FaultPlan(Place.TUNNEL, tunnel_faults, seed),
        }
        self.counters = {place: Counters() for place in Place}
        self.wires = {place: Wires() for place in Place}
        self._ports = {Place.SERVER: settings.port, Place.TUNNEL: settings.tunnel_port}
        self._servers: list[_Server] = []
        self._running: list[asyncio.Task[None]] = []
        self._ticking: asyncio.Task[None] | None = None
        self._store: JobStore | None = None
        self._tunnel: Tunnel | None = None

    @property
    def store(self) -> JobStore:
        """The jobs (SandboxError when not running)."""
        if self._store is None:
            raise SandboxError("the sandbox is not running")
        return self._store

    def address(self, place: Place) -> str:
        """`http://host:port`; a wildcard host is reached over loopback."""
        if not self._ports[place]:
            raise SandboxError("the sandbox has not been started: its port is not known yet")
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(  # noqa: S104  # read, not bound
            self._settings.host, self._settings.host
        )
        return (
            f"http://[{host}]:{self._ports[place]}" if ":" in host else f"http://{host}:{self._ports[place]}"
        )

    def set_faults(
        self, server: Iterable[str | Fault] | None, tunnel: Iterable[str | Fault] | None, seed: int | None
    ) -> None:
        """Replace faults; nothing changes when one of them is wrong."""
        given = {Place.SERVER: server, Place.TUNNEL: tunnel}
        parsed = {
            place: list(parse_faults(faults, place).values())
            for place, faults in given.items()
            if faults is not None
        }
        for place, faults in parsed.items():
            self.plans[place].replace(faults, seed)
        if self._tunnel is not None and Place.TUNNEL in parsed:
            self._tunnel.cache.clear()

    def reset_counters(self) -> None:
        """Set the counters of both places to zero."""
        for counters in self.counters.values():
            counters.reset()

    async def start(self) -> None:
        """Open the database and both ports (SandboxError, with nothing left open)."""
        self._store = self._open_store()
        sockets: dict[Place, socket.socket] = {}
        try:
            for place in Place:
                sockets[place] = _bind(self._settings.host, self._ports[place])
        except SandboxError:
            for opened in sockets.values():
                opened.close()
            self._store.close()
            self._store = None
            raise
        self._ports = {place: opened.getsockname()[1] for place, opened in sockets.items()}
        apps = self._apps(self._store)
        for place, listener in sockets.items():
            self._launch(place, apps[place], listener)
        for server in self._servers:
            await server.up.wait()
        self._ticking = asyncio.create_task(_tick(self._store))

    async def stop(self) -> None:
        """Close politely, then at once: what hangs or is still sending is cut off."""
        for server in self._servers:
            server.tell()
        await self._await_servers(_POLITE_SECONDS)
        for wires in self.wires.values():
            wires.abort()
        for server in self._servers:
            server.force_exit = True
        await self._await_servers(_ABORTED_SECONDS)
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        if self._tunnel is not None:
            await self._tunnel.close()
        if self._store is not None:
            self._store.close()
        self._servers, self._running, self._store, self._tunnel, self._ticking = [], [], None, None, None

    async def _await_servers(self, seconds: float) -> None:
        requests = {task for server in self._servers for task in server.server_state.tasks}
        left = {*self._running, *requests}
        if left:
            await asyncio.wait(left, timeout=seconds)

    def _open_store(self) -> JobStore:
        settings = self._settings
        try:
            return JobStore(settings.db, settings.clock, self._seed)
        except sqlite3.Error as error:
            raise SandboxError(f"cannot use {settings.db} as the job database: {error}") from error

    def _apps(self, store: JobStore) -> dict[Place, ASGIApp]:
        site = Site(
            store=store,
            plan=self.plans[Place.SERVER],
            counters=self.counters[Place.SERVER],
            wires=self.wires[Place.SERVER],
            defaults=self._settings.defaults,
            keepalive=self._settings.keepalive,
        )
        upstream, place = self.address(Place.SERVER), Place.TUNNEL
        self._tunnel = Tunnel(upstream, self.plans[place], self.counters[place], self.wires[place])
        return {Place.SERVER: make_app(site, self._settings.extra_middleware), Place.TUNNEL: self._tunnel}

    def _launch(self, place: Place, app: ASGIApp, listener: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            http="h11",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            # Pings would end a client that is only slow; silence is for the faults to make.
            ws_ping_interval=None,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            # The tunnel passes the server's Date on.
            date_header=self._settings.date_header and place is Place.SERVER,
            proxy_headers=False,
            backlog=_BACKLOG,
        )
        server = _Server(config)
        self.wires[place].attach(server.server_state.connections)
        self._servers.append(server)
        self._running.append(asyncio.create_task(server.serve(sockets=[listener])))


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, OverflowError) as error:
        raise SandboxError(f"cannot listen on {host}:{port}: {error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise SandboxError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    listener.setblocking(False)
    return listener


async def _tick(store: JobStore) -> None:
    """Write every change when it is due."""
    sooner = asyncio.Event()
    store.on_earlier = sooner.set
    while True:
        sooner.clear()
        try:
            more = store.advance()
        except sqlite3.Error as error:
            _log.error("cannot write job changes, trying again: %s", error)
            store.reload()
            await asyncio.sleep(_LONGEST_TICK)
            continue
        due = store.next_due()
        wait = _LONGEST_TICK if due is None else (due - store.now()) / MICROSECONDS
        if more or wait < _SHORTEST_TICK:
            await asyncio.sleep(0 if more else _SHORTEST_TICK)
            continue
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(sooner.wait(), min(wait, _LONGEST_TICK))

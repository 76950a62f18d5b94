"""mitmproxy in this process, as a reverse proxy in front of one route, with addons that listen to it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster

from jobctl.errors import ConfigError, TransportError
from jobctl.profile.urls import split_base_url
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LOOPBACK: Final = "127.0.0.1"
_ADDRESS_ERRORS: Final = (OSError, OverflowError)
_GRACE_TURNS: Final = 50
_MAX_PROBLEMS: Final = 5


async def intercept(
    listen: tuple[str, int],
    upstream_url: str,
    addons: Sequence[Any],
    *,
    on_ready: Callable[[str, int], None],
    confdir: str | None = None,
    insecure: bool = False,
    ca: str | None = None,
) -> None:
    """Forward everything that comes to `listen` to the host of `upstream_url`, until cancelled.

    `listen` is (host, port): an empty host is 127.0.0.1, port 0 any free one; `on_ready` gets the address it
    really is. Only scheme, host and port of the upstream count: a client sends the path itself. `confdir` is
    where mitmproxy keeps its certificates (`~/.mitmproxy`); `insecure` takes any of the upstream's,
    `ca` is a PEM file of those to trust instead of the usual ones. Nothing is written to stdout.

    Raises:
        ConfigError: The upstream is no http(s) URL, or the address cannot be listened on.
        TransportError: mitmproxy gave up for a reason of its own.
    """
    with _quiet() as heard:
        more = {"confdir": confdir} if confdir is not None else {}
        trust = {"ssl_insecure": insecure, "ssl_verify_upstream_trusted_ca": ca}
        options = _options(listen, upstream_url, {**more, **trust})
        # Any: mitmproxy leaves half of these methods untyped.
        master: Any = DumpMaster(options, with_termlog=False, with_dumper=False)
        _drop_error_check(master)
        door = _Door(master, listen, on_ready)
        try:
            master.addons.add(*addons, door)
            await master.run()
        except SystemExit as error:
            if isinstance(error.code, int) and error.code != 1:
                raise  # an addon's exit code
            raise TransportError(f"mitmproxy gave up: {heard.told()}", kind="proxy") from error
        finally:
            await _close(master)
    if door.problem is not None:
        raise door.problem


def _options(listen: tuple[str, int], upstream_url: str, more: dict[str, Any]) -> Options:
    parts = split_base_url(upstream_url)
    if not 0 <= listen[1] <= 65535:
        raise ConfigError(f"expected a port from 0 to 65535, got {listen[1]}")
    return Options(
        listen_host=listen[0] or LOOPBACK,
        listen_port=listen[1],
        mode=[f"reverse:{parts.scheme}://{parts.netloc}"],
        **more,
    )


class _Door:
    """Tells when the proxy listens, or why it cannot. Errors of others than ours never end the process."""

    name = "jobctl_door"

    def __init__(self, master: Any, listen: tuple[str, int], on_ready: Callable[[str, int], None]) -> None:
        self._master = master
        self._listen = listen
        self._on_ready = on_ready
        self.problem: ConfigError | TransportError | None = None

    def running(self) -> None:
        """Look whether the address is ours."""
        servers = _server_of(self._master)
        addresses = servers.listen_addrs()
        if addresses:
            host, port = addresses[0][:2]
            self._on_ready(host, port)
            return
        failure = next((one.last_exception for one in servers.servers if one.last_exception), None)
        host, port = self._listen[0] or LOOPBACK, self._listen[1]
        if isinstance(failure, _ADDRESS_ERRORS):
            number = getattr(failure, "errno", None)
            # mitmproxy's own words tell of options that are not ours.
            reason = os.strerror(number) if number is not None and number > 0 else failure
            self.problem = ConfigError(
                f"cannot listen on {visible(host, 100)}:{port}: {visible(str(reason), 200)}",
                hint="give another port, or 0 for any free one",
            )
        else:
            self.problem = TransportError(
                f"mitmproxy does not listen on {visible(host, 100)}:{port}: {visible(str(failure), 200)}",
                kind="proxy",
            )
        self._master.shutdown()


class Upstream:
    """An addon that tells, once for each reason, why the upstream cannot be reached."""

    name = "jobctl_upstream"

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self.problems: list[str] = []

    def server_connect_error(self, data: Any) -> None:
        """Hear of a connection that was refused, or of a host nobody knows."""
        self._note(data.server.error)

    def tls_failed_server(self, data: Any) -> None:
        """Hear of a certificate that does not hold."""
        self._note(data.conn.error)

    def _note(self, said: str | None) -> None:
        problem = visible(said or "no reason was given", 200)
        if problem not in self.problems and len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(problem)
            self._tell(problem)


def _server_of(master: Any) -> Any:
    return master.addons.get("proxyserver")


def _drop_error_check(master: Any) -> None:
    """Take out what would end the process, and print, on any error logged while starting."""
    check = master.addons.get("errorcheck")
    if check is not None:
        check.finish()
        master.addons.remove(check)


async def _close(master: Any) -> None:
    """Give address and connections back: mitmproxy leaves that to the end of the process."""
    server = _server_of(master)
    await server.servers.update([])
    for handler in list(server.connections.values()):
        for wire in list(handler.transports.values()):
            transport = getattr(wire.writer, "transport", None)
            if transport is not None:
                transport.abort()
    for _ in range(_GRACE_TURNS):
        if not server.connections:
            break
        await asyncio.sleep(0.002)


class _Heard(logging.Handler):
    """Keeps mitmproxy's last errors, to tell why it ended."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self._errors = [*self._errors, visible(record.getMessage(), 200)][-3:]

    def told(self) -> str:
        """Return the messages in one line."""
        return "; ".join(self._errors) or "no reason was given"


@contextlib.contextmanager
def _quiet() -> Iterator[_Heard]:
    """Keep mitmproxy's own log away from the streams of this process."""
    heard = _Heard()
    logs = logging.getLogger("mitmproxy")
    before = logs.propagate
    logs.addHandler(heard)
    # A record that meets a handler of its own does not fall to the one of last resort, on stderr.
    logs.propagate = False
    try:
        yield heard
    finally:
        logs.propagate = before
        logs.removeHandler(heard)


def address_of(url: str) -> tuple[str, int]:
    """Return (host, port) of a listening address such as `:8080`, `8080` or `0.0.0.0:8080`.

    Raises:
        ConfigError: It is none.
    """
    text = url.strip()
    try:
        parts = urlsplit(f"//127.0.0.1:{text}" if text.isdigit() else f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if port is None or parts.path or parts.query or "@" in parts.netloc:
        raise ConfigError(
            f"expected an address to listen on such as 8080 or 127.0.0.1:8080, got {visible(url, 80)!r}"
        )
    return host or LOOPBACK, port

"""`jobctl diagnose --listen ADDR --proxy ROUTE`: stand in front of the route and judge what passes."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import urlsplit

from jobctl.caching.findings import WORST_FIRST
from jobctl.caching.listening.exhibits import Exhibits
from jobctl.caching.probing.routes import resolve_route
from jobctl.cli import output
from jobctl.cli.diagnose_recording import reports_of
from jobctl.errors import ConfigError, TransportError
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from rich.table import Table

    from jobctl.caching.passive import Transition
    from jobctl.caching.probing.routes import Route
    from jobctl.cli.diagnose_output import Presented
    from jobctl.profile.model import Profile

_ROWS: Final = 15
_REPAINT_SECONDS: Final = 0.5
_IPV4: Final = 4
_NOTE: Final = "only what passed here was judged; `jobctl diagnose JOB` asks questions of its own"


def diagnose_live(
    listen: str,
    proxy: str,
    job: str | None,
    profile: Profile,
    presented: Presented,
    *,
    insecure: bool = False,
) -> NoReturn:
    """Forward to the route until Ctrl-C, then report and leave with the worst code.

    Raises:
        ConfigError: the address cannot be listened on, or no job was read through it.
        TransportError: no job was read, and the route could not be reached.
    """
    from jobctl.caching.addon import JobctlAddon
    from jobctl.caching.intercept import Upstream, address_of, intercept

    route = resolve_route(proxy, profile)
    if route.via is not None:
        raise ConfigError("--listen stands in front of a URL, not of a forward proxy", hint="give its URL")
    address, trusted = address_of(listen), _trusted(profile)
    exhibits = Exhibits(profile)
    upstream = Upstream(lambda problem: output.tell(f"the route cannot be reached: {problem}"))
    addons = [JobctlAddon(exhibits, lambda transition: output.note(_line(transition))), upstream]

    def announce(host: str, port: int) -> None:
        _announce(host, port, route)

    with _screen(exhibits) as repaint:
        forwarding = intercept(
            address, route.base_url, addons, on_ready=announce, insecure=insecure, ca=trusted
        )
        _run(_painted(forwarding, repaint))
    if upstream.problems and not exhibits.jobs():
        raise TransportError(
            f"no read of a job was answered: the route cannot be reached: {upstream.problems[0]}",
            hint=f"is {visible(route.base_url, 200)} the right address, and is it up?",
        )
    presented.show(reports_of(exhibits, job, profile, [_NOTE]))


def _run(serving: Coroutine[Any, Any, None]) -> None:
    """Serve until a signal ends it; however many come, it ends in order, once."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, *output.ENDING_SIGNALS)}
    # `nohup` ignores; Windows has no such handlers, and there Ctrl-C ends the loop by itself.
    is_posix = sys.platform != "win32"
    numbers = [number for number, how in kept.items() if is_posix and how is not signal.SIG_IGN]

    async def until_told() -> None:
        # Raised wherever the loop happens to be, a KeyboardInterrupt would end somebody else's callback.
        task = asyncio.current_task()
        for number in numbers:
            asyncio.get_running_loop().add_signal_handler(number, lambda: task and task.cancel())
        await serving

    try:
        asyncio.run(until_told())
    except (KeyboardInterrupt, asyncio.CancelledError):
        output.note("")
    finally:
        for number in numbers:
            signal.signal(number, kept[number])


def _trusted(profile: Profile) -> str | None:
    """Return the path of the CA that the profile trusts.

    Raises:
        ConfigError: it is no file.
    """
    if profile.tls is None or profile.tls.ca is None:
        return None
    path = Path(profile.tls.ca).expanduser()
    if not path.is_file():
        raise ConfigError(f"tls.ca {profile.tls.ca!r} is no file", hint=f"see {profile.origin}")
    return str(path)


def _announce(host: str, port: int, route: Route) -> None:
    """Say where to point the client: at this address, with the path that the route has."""
    path = urlsplit(route.base_url).path.rstrip("/")
    here = ipaddress.ip_address(host)
    output.tell(f"listening on {_url(here, port)}, in front of {visible(route.base_url, 200)}")
    if not here.is_loopback:
        output.tell("everybody who reaches this machine can use it: 127.0.0.1 keeps it to yourself")
    if here.is_unspecified:
        here = ipaddress.ip_address("127.0.0.1" if here.version == _IPV4 else "::1")
    output.tell(f"point the client there, for example: jobctl watch JOB -u {_url(here, port)}{visible(path)}")
    output.tell("Ctrl-C ends it and reports")


def _url(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> str:
    return f"http://{address}:{port}" if address.version == _IPV4 else f"http://[{address}]:{port}"


async def _painted(forwarding: Coroutine[Any, Any, None], repaint: Callable[[], None] | None) -> None:
    """Forward, and paint the table now and then: in this thread, for what it shows changes in this thread."""
    painter = None if repaint is None else asyncio.create_task(_paint(repaint))
    try:
        await forwarding
    finally:
        if painter is not None:
            painter.cancel()


async def _paint(repaint: Callable[[], None]) -> None:
    while True:
        repaint()
        await asyncio.sleep(_REPAINT_SECONDS)


@contextmanager
def _screen(exhibits: Exhibits) -> Iterator[Callable[[], None] | None]:
    """Keep a live table of the jobs below all lines, where a person looks at a terminal."""
    if not output.is_terminal(sys.stderr):
        yield None
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, highlight=False)
    live = Live(console=console, get_renderable=lambda: _table(exhibits), auto_refresh=False, transient=True)
    with live:
        yield live.refresh


def _line(transition: Transition) -> str:
    moment = time.strftime("%H:%M:%S")
    return f"{moment}  job {visible(transition.key.job, 60)}  {visible(transition.text, 400)}"


def _table(exhibits: Exhibits) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for head in ("job", "verdict", "reads", "changes"):
        table.add_column(head)
    jobs = sorted(exhibits.jobs(), key=lambda one: WORST_FIRST.index(one.verdict))
    for one in jobs[:_ROWS]:
        job = Text(visible(one.key.job, 60))
        table.add_row(job, Text(one.verdict.value), Text(str(one.reads)), Text(str(one.changes)))
    if len(jobs) > _ROWS:
        table.add_row(Text(f"and {len(jobs) - _ROWS} more"), "", "", "")
    return table

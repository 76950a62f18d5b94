"""`jobctl diagnose --listen ADDR --proxy ROUTE`: stand in front of the route and judge what passes."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn

from jobctl.caching.findings import WORST_FIRST
from jobctl.caching.listening.exhibits import Exhibits
from jobctl.caching.probing.routes import resolve_route
from jobctl.cli import output
from jobctl.cli.diagnose_recording import reports_of
from jobctl.errors import ConfigError
from jobctl.text import visible

if TYPE_CHECKING:
    from rich.table import Table

    from jobctl.caching.passive import Transition
    from jobctl.cli.diagnose_output import Presented
    from jobctl.profile.model import Profile

_ROWS: Final = 15
_NOTE: Final = "only what passed here was judged; `jobctl diagnose JOB` asks questions of its own"


def diagnose_live(
    listen: str, proxy: str, job: str | None, profile: Profile, presented: Presented
) -> NoReturn:
    """Forward to the route until Ctrl-C, then report and leave with the worst code.

    Raises:
        ConfigError: the address cannot be listened on, or no job was read through it.
    """
    from jobctl.caching.addon import JobctlAddon
    from jobctl.caching.intercept import address_of, intercept

    route = resolve_route(proxy, profile)
    if route.via is not None:
        raise ConfigError("--listen stands in front of a URL, not of a forward proxy", hint="give its URL")
    exhibits = Exhibits(profile)

    def announce(host: str, port: int) -> None:
        output.tell(f"listening on http://{host}:{port}, in front of {visible(route.base_url, 200)}")
        output.tell(f"point the client there, for example: jobctl watch JOB -u http://{host}:{port}")
        output.tell("Ctrl-C ends it and reports")

    with ExitStack() as stack:
        addon = JobctlAddon(exhibits, _teller(exhibits, stack))
        try:
            asyncio.run(intercept(address_of(listen), route.base_url, [addon], on_ready=announce))
        except KeyboardInterrupt:
            output.note("")
    presented.show(reports_of(exhibits, job, profile, [_NOTE]))


def _teller(exhibits: Exhibits, stack: ExitStack) -> Any:
    """Tell transitions as lines, above a live table of the jobs where a person looks at a terminal."""
    if not output.is_terminal(sys.stderr):
        return lambda transition: output.note(_line(transition))
    return stack.enter_context(_live(exhibits))


@contextmanager
def _live(exhibits: Exhibits) -> Iterator[Any]:
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, highlight=False)
    with Live(console=console, get_renderable=lambda: _table(exhibits), refresh_per_second=2, transient=True):
        yield lambda transition: console.print(_line(transition), markup=False)


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

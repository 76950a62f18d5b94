"""All the ways to the jobs, started once and shared by all cells: real intermediaries and sandbox tunnels."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from scoring.matrix import SANDBOX_PATHS
from support.adversarial import Origin
from support.caches import running
from support.components import find_program
from support.intermediaries import INTERMEDIARIES

from jobctl.sandbox import Sandbox


class Way(NamedTuple):
    """A path: the address past the proxy, the one through it, and whether its key holds the query."""

    name: str
    direct: str
    proxied: str
    query_in_key: bool = True


def available():
    """Return the names of all paths whose program is installed, and of those whose is not."""
    names = [*SANDBOX_PATHS, *INTERMEDIARIES]
    missing = [name for name, row in INTERMEDIARIES.items() if find_program(row.program) is None]
    return [name for name in names if name not in missing], missing


@contextlib.contextmanager
def opened(names, seed=0):
    """Start the origin and the paths of those names; yields (the jobs, name → Way)."""
    with contextlib.ExitStack() as stack:
        origin = stack.enter_context(Origin(seed=seed))
        contexts = {name: _way(name, origin) for name in names}
        with ThreadPoolExecutor(4) as pool:
            started = {name: pool.submit(context.__enter__) for name, context in contexts.items()}
        for name, context in contexts.items():
            if started[name].exception() is None:
                stack.push(context)
        yield origin.jobs, {name: future.result() for name, future in started.items()}


@contextlib.contextmanager
def _way(name, origin):
    if name in SANDBOX_PATHS:
        faults = SANDBOX_PATHS[name]
        # The sandbox's own server answers for our jobs: its tunnel leads nowhere else.
        with Sandbox(
            tunnel_faults=faults, date_header=False, extra_middleware=[origin.jobs.around], keepalive=60
        ) as box:
            yield Way(name, box.url, box.tunnel_url, "cache-drop-query" not in faults)
    else:
        row = INTERMEDIARIES[name]
        with running(row, origin.url) as url:
            yield Way(name, origin.url, url, row.query_in_key)

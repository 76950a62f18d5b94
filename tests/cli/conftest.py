from __future__ import annotations

import contextlib

import pytest
from support.program import Starter
from support.servers import RawServer
from support.terminals import Terminals

from jobctl.sandbox import Sandbox


@pytest.fixture(scope="session")
def shared_box():
    with Sandbox() as box:
        yield box


@pytest.fixture
def box(shared_box):
    """One running sandbox, without faults, counters at zero."""
    shared_box.set_faults((), (), seed=0)
    shared_box.reset_requests()
    yield shared_box
    shared_box.set_faults((), ())


@pytest.fixture
def jobctl(tmp_path, box):
    """Runs `jobctl …` against the sandbox, in an empty folder that is its home as well."""
    return Starter(tmp_path, JOBCTL_BASE_URL=box.url)


@pytest.fixture
def alone(tmp_path):
    """Runs `jobctl …` with nothing set."""
    return Starter(tmp_path)


@pytest.fixture
def terminal(jobctl):
    """Runs `jobctl …` against the sandbox in a pseudo-terminal, 24 by 150 unless told otherwise."""
    terminals = Terminals(jobctl)
    yield terminals
    terminals.close()


@pytest.fixture
def serve():
    """Starts raw servers: `serve(answer, tls context)`."""
    servers = []

    def _serve(answer, context=None):
        server = RawServer(answer, context)
        servers.append(server)
        return server.__enter__()

    yield _serve
    for server in servers:
        server.__exit__()


@pytest.fixture
def collect():
    """Starts receivers: `collect(answer, tls context)`."""
    with contextlib.ExitStack() as stack:

        def _collect(*how):
            from support.otlp import Collector  # noqa: PLC0415 -- slow to import

            collector = Collector(*how)
            stack.callback(collector.close)
            return collector

        yield _collect


@pytest.fixture
def collector(collect):
    return collect()


@pytest.fixture
def watch_otel(jobctl):
    """Runs a watch that sends to a collector's URL."""

    def run(url, *argv, **env):
        return jobctl.run("watch", *argv, "--otel", env={"OTEL_EXPORTER_OTLP_ENDPOINT": url} | env)

    return run

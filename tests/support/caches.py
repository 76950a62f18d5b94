"""Real intermediaries, started in front of a given upstream: `with cache("varnish-stock", url) as proxied:`.

What there is to start is in the table of `intermediaries`.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from support.components import find_program, require_program
from support.intermediaries import INTERMEDIARIES

START_SECONDS = 20.0
STOP_SECONDS = 5.0
_TRIES = 5
_VARNISH = ("-j", "none", "-T", "none", "-s", "malloc,16m", "-l", "2m")


@contextlib.contextmanager
def cache(name, upstream):
    """Run the intermediary of that name; yields its URL. Skips the test when the program is missing."""
    row = INTERMEDIARIES[name]
    require_program(row.program)
    with running(row, upstream) as url:
        yield url


@contextlib.contextmanager
def running(row, upstream):
    """Run one row of the table before `upstream` (`http://host:port`); RuntimeError if it cannot."""
    with tempfile.TemporaryDirectory(prefix=f"{row.name}-") as folder:
        process, url = _start(row, upstream, Path(folder))
        try:
            yield url
        finally:
            stop(process)


def _start(row, upstream, folder):
    said = ""
    for _ in range(_TRIES):  # somebody may take the port between our look and its bind
        port = free_port()
        command = _command(row, upstream, folder, port)
        with (folder / "said.txt").open("wb") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=folder
            )
        if _answers(process, port):
            return process, f"http://127.0.0.1:{port}"
        stop(process)
        logs = [path for path in (folder / "said.txt", folder / "error.log") if path.exists()]
        said = "\n".join(path.read_text(errors="replace") for path in logs)
    raise RuntimeError(f"{row.name} does not start: {said[-2000:]}")


def _command(row, upstream, folder, port):
    origin = urlsplit(upstream)
    facts = {
        "@FOLDER@": str(folder),
        "@PORT@": str(port),
        "@UPSTREAM@": upstream,
        "@HOST@": origin.hostname or "",
        "@UPSTREAM_PORT@": str(origin.port or 80),
        # Workers of a root-owned master change to another user, who cannot read a private folder.
        "@USER@": "user root;" if os.geteuid() == 0 else "",
    }
    text = row.config
    for mark, value in facts.items():
        text = text.replace(mark, value)
    config = folder / f"{row.program}.conf"
    config.write_text(text)
    program = find_program(row.program) or row.program
    return {
        "nginx": [program, "-p", folder, "-e", folder / "error.log", "-c", config, "-g", "daemon off;"],
        "haproxy": [program, "-db", "-f", config],
        "varnishd": [
            program,
            "-F",
            "-n",
            folder / "work",
            "-a",
            f"127.0.0.1:{port}",
            "-f",
            config,
            *_VARNISH,
        ],
    }[row.program]


def free_port():
    """Return a port nobody listens on, outside the range from which systems hand out ports by themselves."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        with contextlib.suppress(OSError), socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(("127.0.0.1", port))
            return port


def _answers(process, port):
    """Wait until something HTTP comes back: a port may be open long before anybody serves it."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
        try:
            connection.request("GET", "/.ready")
            connection.getresponse().read()
            return process.poll() is None
        except (OSError, http.client.HTTPException):
            time.sleep(0.01)
        finally:
            connection.close()
    return False


def stop(process):
    """End a process we started with SIGTERM; its whole group with SIGKILL when it stays."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)

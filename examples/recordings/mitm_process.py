"""A real mitmdump as a reverse proxy on loopback: started on a free port, stopped by its own pid."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM: Final = str(Path(sys.executable).with_name("mitmdump"))
TIMEOUT: Final = 30.0
"""Seconds in which it has to listen, or to end."""
_KEPT: Final = ("PATH", "SYSTEMROOT", "TMPDIR")


def environment(home: Path) -> dict[str, str]:
    """Return a small environment in which mitmproxy keeps its certificates in `home`."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | {"HOME": str(home)}


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def run_on_file(
    flows: Path, *arguments: str, env: Mapping[str, str], cwd: Path, program: str = PROGRAM
) -> tuple[int, str]:
    """Run `mitmdump -nr FLOWS`; return its exit code and what it said."""
    done = subprocess.run(  # noqa: S603 -- the program is mitmproxy's own
        [program, "-nr", str(flows), *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
        cwd=cwd,
    )
    return done.returncode, done.stdout + done.stderr


class Mitmdump:
    """`mitmdump -m reverse:UPSTREAM` on `url`, as a context; `stop()` returns its output."""

    def __init__(
        self, upstream: str, *arguments: str, env: Mapping[str, str], cwd: Path, program: str = PROGRAM
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        where = ["--listen-host", "127.0.0.1", "-p", str(self.port)]
        self._process = subprocess.Popen(  # noqa: S603 -- the program is mitmproxy's own
            [program, "-m", f"reverse:{upstream}", *where, "--set", "flow_detail=0", *arguments],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd,
        )
        self.code: int | None = None
        self.output = ""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def __enter__(self) -> Self:
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"mitmdump does not start: {self.stop()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                selectors.DefaultSelector().select(0.02)
            else:
                return self
        self.stop()
        raise RuntimeError("mitmdump did not listen in time")

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def stop(self) -> str:
        """End it; return what it said on stdout and stderr."""
        if self.code is not None:
            return self.output
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            out, _ = self._process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, _ = self._process.communicate()
        self.output, self.code = out.decode(), self._process.returncode
        return self.output

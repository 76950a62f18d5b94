"""Headless Chromium, driven over its DevTools protocol (https://chromedevtools.github.io/devtools-protocol/)."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any, Final

from devtools_har import NetworkLog
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from websockets.sync.client import ClientConnection

TIMEOUT: Final = 30.0
"""Seconds after which a command, or what is waited for, is given up."""
PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_OPTIONS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--no-proxy-server",
    "--remote-debugging-port=0",
)
_MOST_POST_DATA: Final = 65_536


class DevToolsError(RuntimeError):
    """The browser refused a command, or a script threw."""


class Tab:
    """One tab; `har()` is what it asked for and got, as DevTools would export it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self._session: str | None = None
        self._log = NetworkLog()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Network.enable", maxPostDataSize=_MOST_POST_DATA)
        for domain in ("Page", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command and return its result; events that come meanwhile are recorded.

        Raises:
            DevToolsError: the browser says no.
            TimeoutError: no answer within `TIMEOUT`.
        """
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        deadline = time.monotonic() + TIMEOUT
        while True:
            got = json.loads(self._socket.recv(timeout=max(0.0, deadline - time.monotonic())))
            if got.get("id") == message["id"]:
                if "error" in got:
                    raise DevToolsError(f"{method}: {got['error']['message']}")
                result: dict[str, Any] = got["result"]
                return result
            if "method" in got:
                self._log.hear(got["method"], got["params"])

    def run(self, script: str) -> Any:
        """Run a script until its promise is kept; return its value, which is JSON.

        Raises:
            DevToolsError: the script threw.
        """
        done = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise DevToolsError(str(done["exceptionDetails"]))
        self._fetch_bodies()
        return done["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until an expression is true in the page, whichever document that is by then.

        Raises:
            TimeoutError: it did not come true within `TIMEOUT`.
        """
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            # While a page goes, its scripts are torn down under us.
            with contextlib.suppress(DevToolsError):
                if self.run(f"Boolean({condition})"):
                    return
            time.sleep(0.03)
        raise TimeoutError(f"never true in the page: {condition}")

    def har(self) -> dict[str, Any]:
        """Return the HAR, bodies included."""
        self._fetch_bodies()
        return self._log.har()

    def _fetch_bodies(self) -> None:
        """Ask for bodies while the browser still has them: it drops those of a page that was left."""
        for number in self._log.take_finished():
            if self._log.lacks_post_data(number):
                sent = self.call("Network.getRequestPostData", requestId=number)
                self._log.set_post_data(number, sent["postData"])
            with contextlib.suppress(DevToolsError):  # an answer without a body
                self._log.set_body(number, self.call("Network.getResponseBody", requestId=number))


def find_chromium() -> str | None:
    """Return the path of a Chromium or Chrome, if there is one."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


@contextlib.contextmanager
def browser_tab(program: str, folder: Path) -> Iterator[Tab]:
    """Start Chromium with a profile of its own in `folder`; end it by its pid.

    Raises:
        RuntimeError: it does not start.
    """
    process = subprocess.Popen(  # noqa: S603 -- the program is the caller's choice
        [program, *_OPTIONS, f"--user-data-dir={folder}", "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = _address(process, folder / "DevToolsActivePort")
        with connect(address, max_size=None, proxy=None, compression=None) as socket:
            yield Tab(socket)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _address(process: subprocess.Popen[bytes], file: Path) -> str:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        lines = file.read_text().split() if file.exists() else []
        if len(lines) > 1:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.02)
    raise RuntimeError("Chromium does not start")

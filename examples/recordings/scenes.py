"""The scenes: what happens to the job, to the network, and what the person in front of the page does."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chromium import Tab

    from jobctl.sandbox import Sandbox

TIMEOUT: Final = 30.0
"""Seconds after which a scene that does not go on is given up."""
_A_QUARTER: Final = 25
_STUCK_AT: Final = 95
_SETTLING: Final = 0.1
"""Seconds after which a frame that the server wrote has arrived: a cut would take it along."""
_REGRESSED: Final = (
    "(seen => seen.lastIndexOf('pending') > seen.indexOf('completed') && seen.includes('completed'))"
    "(history_of_states.filter(one => one.kind === 'shown').map(one => one.status))"
)


@dataclass
class Stage:
    """What a scene plays on. `base_url` is the proxy that records; `notes` gets what a page wrote down."""

    box: Sandbox
    base_url: str
    job: str
    profile: str
    script: dict[str, float]
    notes: list[dict[str, Any]] = field(default_factory=list)

    def submit(self) -> None:
        """Begin the job's life."""
        self.box.submit(self.profile, job_id=self.job, **self.script)

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until the job's state on the server is such.

        Raises:
            TimeoutError: it did not become so within `TIMEOUT`.
        """
        deadline = time.monotonic() + TIMEOUT
        while not condition(self.box.history(self.job)[-1]):
            if time.monotonic() > deadline:
                raise TimeoutError("the job never got there")
            time.sleep(0.01)

    def sockets_open(self) -> int:
        """How many sockets the server has open."""
        return int(self.box.requests()["sockets_open"])

    def open(self, tab: Tab, page: str, more: str = "") -> None:
        """Submit the job and open a page by its short link, as somebody would who was sent it."""
        self.submit()
        tab.call("Page.navigate", url=f"{self.base_url}/open/{page}?job={self.job}{more}")
        tab.wait_for("window.history_of_states && history_of_states.length")

    def take_notes(self, tab: Tab) -> None:
        """Keep what the page wrote down, as it ends; a page that is left takes it along."""
        tab.run("freeze()")
        self.notes += tab.run("history_of_states.splice(0)")


def generation(stage: Stage, tab: Tab) -> None:
    """Incident 1: `completed` by a read, then `pending` by a frame after a reconnect; a cancel is refused."""
    stage.open(tab, "generation")
    tab.wait_for("history_of_states.some(one => one.kind === 'opened')")
    stage.until(lambda state: state["progress"] >= _A_QUARTER)
    time.sleep(_SETTLING)
    stage.box.drop_sockets()
    stage.until(lambda state: state["status"] == "completed")
    tab.wait_for("history_of_states.some(one => one.kind === 'read' && one.status === 'completed')")
    tab.wait_for(_REGRESSED)
    tab.run("document.getElementById('cancel').click()")
    tab.wait_for("history_of_states.findLast(one => one.kind === 'shown').why !== 'cancel'")
    tab.wait_for("history_of_states.some(one => one.kind === 'shown' && one.status === 'cancelled')")
    tab.wait_for("history_of_states.findLast(one => one.kind === 'shown').status === 'completed'")
    stage.take_notes(tab)


def video(stage: Stage, tab: Tab) -> None:
    """Incident 2: the socket drops at 95 %, and from then on plain reads are answered from memory."""
    stage.open(tab, "video")
    stage.until(lambda state: state["progress"] == _STUCK_AT)
    # No way back in for the socket until the job is done: the page polls meanwhile.
    stage.box.set_faults(server=["ws-refuse=503"])
    stage.box.drop_sockets()
    stage.until(lambda state: state["status"] == "completed")
    tab.wait_for("history_of_states.filter(one => one.kind === 'read').length >= 4")
    tab.run("document.getElementById('check').click()")
    tab.wait_for("history_of_states.some(one => one.kind === 'read' && one.status === 'completed')")
    tab.wait_for("history_of_states.filter(one => one.kind === 'read').length >= 7")
    tab.wait_for("history_of_states.findLast(one => one.kind === 'read').status === 'running'")
    # A socket that opens and says nothing: now the page does not even poll.
    stage.box.set_faults(server=["ws-silent"])
    tab.wait_for(
        "history_of_states.findLast(one => one.kind === 'opened')?.at > "
        "history_of_states.findLast(one => one.kind === 'closed').at"
    )
    time.sleep(1.0)
    stage.take_notes(tab)


def persisted(stage: Stage, tab: Tab) -> None:
    """Incident 1 in the page alone: no word of the server goes back, and the page reports what it shows."""
    stage.open(tab, "persisted")
    tab.wait_for(_REGRESSED)
    time.sleep(0.3)
    stage.take_notes(tab)


def reloaded(stage: Stage, tab: Tab) -> None:
    """The same without reports, and somebody loads the page again: a new document shows the old snapshot."""
    stage.open(tab, "persisted", "&telemetry=off")
    tab.wait_for("history_of_states.some(one => one.kind === 'shown' && one.status === 'completed')")
    tab.wait_for("history_of_states.some(one => one.kind === 'closed')")
    tab.wait_for("history_of_states.some(one => one.kind === 'read' && one.status === 'completed')")
    stage.take_notes(tab)
    tab.call("Page.reload")
    tab.wait_for(_REGRESSED)
    time.sleep(0.3)
    stage.take_notes(tab)


def watch(stage: Stage, log: Path) -> None:
    """`jobctl watch` in the place of the page, on the traffic of incident 1."""
    stage.submit()
    program = [sys.executable, "-m", "jobctl", "watch", stage.job, "--profile", "generation"]
    options = ["--base-url", stage.base_url, "--log", str(log), "--interval", "0.5s", "--quiet"]
    process = subprocess.Popen([*program, *options], cwd=log.parent, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        stage.until(lambda state: state["progress"] >= _A_QUARTER and stage.sockets_open() > 0)
        time.sleep(_SETTLING)
        stage.box.drop_sockets()
        process.wait(TIMEOUT)
    finally:
        process.kill()
        process.wait()
    if process.returncode != 0:
        raise RuntimeError(f"jobctl watch ended with {process.returncode}")

"""What a record holds about jobs, in one shape for logs, HAR files and flows. Data only.

Every event has `at` (seconds since the epoch, when the client knew) and `entry` (what a claim cites).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jobctl.explain.explanation import Shown
    from jobctl.model import Decision, Observation


class Stream(NamedTuple):
    """Where in which stream a message stood. Both count from 1, `opened` is when the handshake was sent."""

    connection: int
    frame: int
    opened: float


class Said(NamedTuple):
    """Something was said about the job. `decision` is what a log's own run makes of it, decided today."""

    at: float
    entry: int
    seen: Observation
    sent: float
    asked_uncached: bool = False
    stream: Stream | None = None
    decision: Decision | None = None
    follow_restarts: bool = False


class Unread(NamedTuple):
    """A read of the job brought no status.

    `kind` is one of `PROBLEM_KINDS`, or `not-modified`, `head`, `no-body`.
    """

    at: float
    entry: int
    kind: str
    status: int


class Refused(NamedTuple):
    """A cancel was refused; `detail` is the server's word for it, raw."""

    at: float
    entry: int
    status: int
    detail: str


class Accepted(NamedTuple):
    """A cancel was accepted, and its answer is no record of the job."""

    at: float
    entry: int
    status: int


class Opened(NamedTuple):
    """A stream about the job was opened."""

    at: float
    entry: int
    connection: int


class Reported(NamedTuple):
    """The client itself said what it shows (telemetry, a message it sent). `word` is its own, raw."""

    at: float
    entry: int
    word: str
    shown: Shown


class Loaded(NamedTuple):
    """The page was loaded, or loaded again."""

    at: float
    entry: int


Event = Said | Unread | Refused | Accepted | Opened | Reported | Loaded

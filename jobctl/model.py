"""The words everything else is written in: job, observation, decision.

The three records are `NamedTuple`s: immutable like a frozen dataclass, at a quarter of its construction cost,
and one of each is made for every message that arrives.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from jobctl.reasons import Action, Reason
    from jobctl.timestamps import Timestamp

RULES_VERSION: Final = "1"
"""Version of the decision rules, written into every decision log line."""


class JobStatus(StrEnum):
    """What a job can be. `rank` orders the three stages; `terminal` statuses never un-happen.

    `UNKNOWN` stands for a word no profile maps. It ranks with `RUNNING`: a job in a state we have no word for
    was picked up by somebody, and must neither end a watch nor count as a step back.
    """

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    rank: int
    terminal: bool

    def __init__(self, word: str) -> None:
        self.terminal = word in {"completed", "failed", "cancelled"}
        self.rank = 2 if self.terminal else 0 if word == "pending" else 1


class Source(StrEnum):
    """Who said it. A `POLL` or `VERIFY` is a *read*: an answer to a question asked about this very job."""

    SUBMIT = "submit"
    POLL = "poll"
    STREAM = "stream"
    VERIFY = "verify"
    CANCEL = "cancel"
    STORE = "store"
    CAPTURE = "capture"

    is_read: bool

    def __init__(self, word: str) -> None:
        self.is_read = word in {"poll", "verify"}


class Http(NamedTuple):
    """The HTTP evidence of an observation, as far as a decision or its reader needs it."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    route: str = "direct"
    cached_by: str | None = None
    """Why the answer is known to come from a store (`Age: 4`, `X-Cache: HIT`), None when nothing says so."""


class Observation(NamedTuple):
    """What one source said about one job at one moment.

    `job` is the id that was asked about, `said_id` the id found in the payload (None when it names none).
    `received_at` is seconds since the epoch on our clock; it orders nothing, it is only shown and logged.
    `status` None means that no status could be read. `basis` is the revision of the known job when a verified
    read was *sent*: the read is fresh only while nothing was applied since.
    """

    job: str
    source: Source
    received_at: float
    payload: Any = None
    status: JobStatus | None = None
    raw_status: str | None = None
    said_id: str | None = None
    attempt: int | None = None
    updated_at: Timestamp | None = None
    progress: float | None = None
    error: Any = None
    result: Any = None
    keepalive: bool = False
    basis: int | None = None
    http: Http | None = None


class Job(NamedTuple):
    """The last applied state of a job. Its version is `(attempt, updated_at, status.rank, progress)`.

    `updated_at` is the newest server time applied so far, a floor for what counts as older. `proven` tells
    whether the *status* came with a time or from a read, `dated` whether the whole state came with the floor
    itself: only then is "newer than the floor" also "newer than what is shown". `verified` is False only
    while all we have is the store. `revision` counts applied decisions.
    """

    id: str
    status: JobStatus
    raw_status: str
    updated_at: Timestamp | None = None
    progress: float | None = None
    attempt: int | None = None
    error: Any = None
    result: Any = None
    proven: bool = False
    dated: bool = False
    verified: bool = True
    revision: int = 0
    source: Source = Source.POLL
    as_of: float = 0.0
    """When we received the applied observation, seconds since the epoch."""


class Decision(NamedTuple):
    """One observation's fate. `after is before` whenever the action is not `APPLY`."""

    observation: Observation
    action: Action
    reason: Reason
    before: Job | None
    after: Job | None

"""What `explain` answers about one job: the causes, claims citing entries, and the decisions. Data only."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobctl.model import JobStatus, Source
    from jobctl.reasons import Action, Reason


class Cause(StrEnum):
    """Why a client that believes the last word would have shown something else than the truth."""

    sentence: str

    def __new__(cls, code: str, sentence: str) -> Self:
        """Attach the sentence to the code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        return member

    SERVER_REGRESSED = "server-regressed", "an uncached answer of the server itself took a status back"
    STREAM_STALE = "stream-stale", "the WebSocket said a status older than one already known"
    CACHED_READS = "cached-reads", "answers to reads came from a cache, or were older than what was known"
    CANCEL_RESPONSE = "cancel-response", "the answer to a cancel was taken for the status"
    CLIENT_STATE = "client-state", "nothing in the recording regressed: the client's own state did it"
    NOT_ENOUGH = "not-enough", "too little was recorded to tell"


class Shown(NamedTuple):
    """What a client shows: a status, and progress in percent where it knows one."""

    status: JobStatus
    progress: float | None = None


class Moment(NamedTuple):
    """One decision. `at` and `sent` are seconds since the epoch; `entry` counts from 1 in the file."""

    entry: int
    """Line of a log, exchange of a recording, number of a stored decision: what a claim cites."""
    at: float
    """When it was received."""
    sent: float
    """When it was asked for; equal to `at` for what nobody asked for."""
    source: Source
    action: Action
    reason: Reason
    said: str | None
    """The status word as it was said; None where there was none."""
    progress: float | None
    updated_at: str | None
    true: Shown | None
    """What jobctl shows after it; None while nothing is known."""
    naive: Shown | None
    """What a client that believes the last word shows after it."""
    connection: int = 0
    """Which WebSocket it came by, counted from 1; 0 is none, or not known."""
    frame: int = 0
    """Which message of that WebSocket it was, counted from 1; 0 is none."""
    cached_by: str | None = None
    """Why it is known to come from a cache (`Age: 4`)."""
    payload: str = ""
    """Redacted, as JSON text, cut where it is long."""


class Claim(NamedTuple):
    """One sentence in plain words, and the entries that bear it out."""

    text: str
    entries: tuple[int, ...] = ()


class PageFlip(NamedTuple):
    """The client itself was seen to show an older status than it had been told."""

    at: float
    entry: int
    text: str
    """How the recording shows that: `the page reported 'pending'`, `the page was loaded again`."""


class Explanation(NamedTuple):
    """The answer about one job. `moments` are in the order of receipt, all of them or the last ones."""

    job: str
    profile: str
    kind: str
    """What it was read from: `har`, `flows`, `log`, `store`."""
    origin: str
    """The file's name; empty for the store."""
    causes: tuple[Cause, ...]
    """The first is the answer, others hold as well."""
    claims: tuple[Claim, ...]
    """The first is the answer in plain words."""
    moments: Sequence[Moment]
    decisions: int
    """How many there were; `moments` may hold fewer."""
    flips: tuple[PageFlip, ...] = ()
    last: Shown | None = None
    """What jobctl shows at the end."""

"""What the watch machine is told (events) and what it asks for (instructions). Data only."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jobctl.model import Decision, Job, Observation, Source


class FailureKind(StrEnum):
    """Why a read brought no observation, by what can be done about it."""

    TRANSIENT = "transient"
    """Connect, timeout, 5xx, 408, 425, 429: worth another try."""
    NOT_JSON = "not-json"
    """Something answered, but not the API: HTML, garbage, empty, too large, cut short."""
    TUNNEL_PAGE = "tunnel-page"
    """A tunnel's or proxy's own page."""
    NOT_FOUND = "not-found"
    AUTH = "auth"
    REFUSED = "refused"
    """Another 4xx: asking again will not help."""
    FATAL = "fatal"
    """TLS or name resolution says no; asking again within seconds will not help."""


class Failure(NamedTuple):
    """One failed read. `message` is ours and printable, `detail` the server's own words (raw)."""

    kind: FailureKind
    message: str
    hint: str | None = None
    status: int = 0
    detail: str | None = None
    retry_after: float | None = None

    @property
    def words(self) -> str:
        """The message and the next step, as one line."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


# --- events -----------------------------------------------------------------------------------------------


class Started(NamedTuple):
    """The watch begins. `known` are observations from before: the store, a submit or a cancel response."""

    known: tuple[Observation, ...] = ()
    just_submitted: bool = False


class ReadSent(NamedTuple):
    """The read asked for has left: its turn in the poll budget had come."""


class ReadWaits(NamedTuple):
    """The read asked for has to be sent once more, and waits for its turn: the list did not hold the job."""


class ReadDone(NamedTuple):
    """A read was answered and parsed."""

    observation: Observation


class ReadFailed(NamedTuple):
    """A read brought no observation."""

    source: Source
    failure: Failure


class StreamOpened(NamedTuple):
    """The handshake succeeded. Nothing was said yet."""

    session: int


class StreamFrame(NamedTuple):
    """One frame of the stream, read."""

    session: int
    observation: Observation


class StreamClosed(NamedTuple):
    """An open stream ended, or could not be opened (`opened` False)."""

    session: int
    opened: bool
    code: int | None
    reason: str


class Tick(NamedTuple):
    """The time asked for by `SleepUntil` has come."""


class Interrupted(NamedTuple):
    """Ctrl-C or SIGTERM."""


ReadEvent = ReadSent | ReadWaits | ReadDone | ReadFailed
StreamEvent = StreamOpened | StreamFrame | StreamClosed
Event = Started | ReadEvent | StreamEvent | Tick | Interrupted


# --- instructions -----------------------------------------------------------------------------------------


class Read(NamedTuple):
    """Do one uncached read, its basis `machine.revision` as it is sent; answer `ReadDone` or `ReadFailed`."""

    source: Source


class OpenStream(NamedTuple):
    """Open the stream; answer with `StreamOpened` or `StreamClosed(opened=False)`."""

    session: int


class CloseStream(NamedTuple):
    """Close that session. What it still says is not wanted."""

    session: int


class SleepUntil(NamedTuple):
    """Send `Tick` at this monotonic time. The latest one replaces all before it."""

    at: float


class Emit(NamedTuple):
    """A decision was taken."""

    decision: Decision


class Level(StrEnum):
    """How loud a notice is: `DETAIL` only under -v."""

    DETAIL = "detail"
    INFO = "info"
    WARNING = "warning"


class Notice(NamedTuple):
    """Something a person should know that is no decision. `code` is stable, `text` printable."""

    code: str
    text: str
    level: Level = Level.INFO


class Ending(StrEnum):
    """Why a watch ended."""

    TERMINAL = "terminal"
    UNTIL = "until"
    DEADLINE = "deadline"
    AUTH = "auth"
    LOST = "lost-contact"
    REFUSED = "refused"
    GONE = "gone"
    STALLED = "stalled"
    INTERRUPTED = "interrupted"


class Finish(NamedTuple):
    """The watch is over. `confirmed` is False for an end that only the stream claims.

    `failure` is the failed read that ended it, where one did.
    """

    ending: Ending
    job: Job | None
    message: str
    hint: str | None = None
    confirmed: bool = True
    failure: Failure | None = None


Instruction = Read | OpenStream | CloseStream | SleepUntil | Emit | Notice | Finish


# --- what is told to whoever watches several jobs ---------------------------------------------------------


class Update(NamedTuple):
    """One thing that happened to one watched job, by the name it was added with."""

    job: str
    item: Emit | Notice | Finish

"""What was found out about one job on the way through a record: counts, and the first of each kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from jobctl.explain.claims import Claimed
    from jobctl.explain.events import Loaded, Opened, Refused, Stream, Unread
    from jobctl.explain.explanation import Cause, Moment, PageFlip, Shown
    from jobctl.model import JobStatus

CITED: Final = 8
"""Entries that are kept of each kind: more would be read by nobody."""
Item = TypeVar("Item")


class Some(Generic[Item]):
    """The first few of many, and how many there were."""

    def __init__(self) -> None:
        self.first: list[Item] = []
        self.count = 0

    def add(self, item: Item) -> None:
        """Count one, and keep it while there is room."""
        self.count += 1
        if len(self.first) < CITED:
            self.first.append(item)

    def __len__(self) -> int:
        return self.count


class Step(NamedTuple):
    """The job's status became this, as jobctl shows it."""

    moment: Moment
    shown: Shown


class Back(NamedTuple):
    """A client that believes the last word goes back at `moment`; so does the truth itself if `is_true`.

    `known` is the step that it contradicts, `overtaken` tells that it was asked for before that.
    """

    moment: Moment
    cause: Cause
    known: Step
    stream: Stream | None
    is_true: bool
    overtaken: bool


@dataclass
class Facts:
    """Everything the sentences are made of. Entries count as in the record."""

    first_at: float | None = None
    last_at: float = 0.0
    disordered: Some[int] = field(default_factory=Some)
    """Entries that are older than what stands before them."""
    events: int = 0
    words: int = 0
    """Observations with a status in them."""
    reads: int = 0
    frames: int = 0
    keepalives: int = 0
    decisions: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(action, reason) → how often."""
    steps: list[Step] = field(default_factory=list)
    """The first changes of the true status, and the last one."""
    more_steps: int = 0
    backs: list[Back] = field(default_factory=list)
    """The first of each kind, and the first against an end."""
    back_counts: Counter[Cause] = field(default_factory=Counter)
    back_entries: dict[Cause, Some[int]] = field(default_factory=dict)
    server_low_at: float = float("-inf")
    """When the server itself, as far as any sign tells, last said less than was known."""
    reached: set[JobStatus] = field(default_factory=set)
    """Every status that the job had, as jobctl shows it."""
    claimed: list[Claimed] = field(default_factory=list)
    """Ends that were claimed: those that nobody denied before they came are gone again."""
    cached: Some[Moment] = field(default_factory=Some)
    cached_last: Moment | None = None
    direct_at: float = float("-inf")
    """When somebody last said a status without a sign of a cache."""
    ages: tuple[int, int] | None = None
    """Smallest and largest Age of the cached answers, in seconds."""
    unread: dict[str, Some[Unread]] = field(default_factory=dict)
    refused: Some[Refused] = field(default_factory=Some)
    opened: Some[Opened] = field(default_factory=Some)
    loaded: Some[Loaded] = field(default_factory=Some)
    """Loads of a page after something was known about the job."""
    flips: list[PageFlip] = field(default_factory=list)

    @property
    def is_stuck(self) -> bool:
        """The job was not seen to end, and the last word came from a cache."""
        last = self.cached_last
        return self.ended is None and last is not None and last.at >= self.direct_at

    @property
    def ended(self) -> Step | None:
        """The last step, when it is an end."""
        return self.steps[-1] if self.steps and self.steps[-1].shown.status.terminal else None

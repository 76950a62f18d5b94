"""What a diagnosis hands to whoever shows it. Data only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jobctl.caching.findings import Diagnosis
    from jobctl.exchange import Exchange


class StreamCheck(NamedTuple):
    """Whether a WebSocket passes on the same route: the upgrade, the first frame, the close."""

    url: str
    opened: bool
    code: int | None
    """Close code, or the HTTP status that came instead of an upgrade."""
    reason: str
    first_frame: str | None
    """The kind of the first message (`status`, `pong`, …), None when none came in time."""

    @property
    def sentence(self) -> str:
        """Say it in one line."""
        if not self.opened:
            return f"the WebSocket does not get through: {self.reason or 'no upgrade'}"
        if self.first_frame is not None:
            return f"the WebSocket gets through; its first message is {self.first_frame!r}"
        if self.code is not None:
            return f"the WebSocket opens, then closes with {self.code} before any message"
        return "the WebSocket opens, but nothing came while it was looked at"


class Report(NamedTuple):
    """One finished experiment or recording. `seconds` is how long it took, on our clock."""

    job: str
    profile: str
    route: str
    """How the way under suspicion is called, and its address."""
    proxied_url: str
    direct_url: str | None
    diagnosis: Diagnosis
    exchanges: tuple[Exchange, ...]
    requests: int
    seconds: float
    budget_requests: int = 0
    budget_seconds: float = 0.0
    stopped: str | None = None
    """Why it ended before its plan: `budget`, `interrupted`, or a problem's kind; None when it did not."""
    stream: StreamCheck | None = None
    skew: float | None = None
    """Seconds the origin's clock is ahead of ours, where that is worth a word."""
    bypass: tuple[tuple[str, str], ...] = ()
    """Headers sent so that a known tunnel lets us pass its warning page."""
    notes: tuple[str, ...] = ()

    def exchange(self, number: int) -> Exchange | None:
        """Return an exchange by its number."""
        return next((one for one in self.exchanges if one.number == number), None)

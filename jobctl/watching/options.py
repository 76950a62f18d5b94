"""What a caller may ask of a watch. All durations are seconds."""

from __future__ import annotations

from dataclasses import dataclass

from jobctl.model import JobStatus


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How long, how often, and until what."""

    until: JobStatus = JobStatus.COMPLETED
    """The status waited for. Any terminal status ends the watch as well."""
    timeout: float | None = None
    interval: float | None = None
    """A fixed pause between reads; None adapts between `fastest` and `slowest`."""
    fastest: float = 0.5
    slowest: float = 5.0
    safety_interval: float = 15.0
    """Between reads while the stream has proved itself: connected is not the same as alive."""
    lost_after: float = 60.0
    """Without any good read or stream data for so long, contact is lost."""
    first_contact: float = 15.0
    """The same before anything was ever read: a wrong address should not take a minute to say so."""
    stall_after: float = 600.0
    """A status no profile maps ends the watch when nothing changes for so long."""
    not_found_grace: float = 10.0
    """After a submit the job may not be readable yet."""
    unseen_grace: float = 3.0
    """A replica that lags may not know the job yet: so long must it be missing before it is gone."""
    max_stream_sessions: int = 5
    """Sessions in a row without accepted data, then polling only."""
    max_verifies: int = 5
    """Verified reads in a row that settle nothing, before a claimed end is taken as it is."""
    has_quota: bool = False
    """A bound on the requests of an hour makes reads wait for long: that is no lost contact."""
    use_stream: bool = True
    follow_restarts: bool = False
    verify_each: bool = False
    """One more uncached read after each decision, and a warning where it says something else."""
    story_limit: int | None = 200
    """Decisions kept in memory per job, the latest, each with its payload; a log has them all."""

    def is_reached(self, status: JobStatus) -> bool:
        """Is this the status waited for, or one beyond it?"""
        return status is self.until or status.rank > self.until.rank

    @property
    def patience(self) -> float:
        """How long a server may keep us waiting with Retry-After before it is asked once more."""
        return 5 * self.lost_after

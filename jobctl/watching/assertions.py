"""`watch --verify`: one more uncached read after each decision asserts it; what differs is told. Pure.

For people who test their own server: it costs a request for every word the server says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobctl.model import Source
from jobctl.reasons import Reason
from jobctl.text import visible
from jobctl.watching.events import Level, Notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobctl.model import Decision, Job

_BORNE_OUT: Final = frozenset(
    {
        Reason.DUPLICATE,
        Reason.CONFIRMED,
        Reason.FIRST_SEEN,
        # The job went on in between, and the server dates it so.
        Reason.ADVANCED,
        Reason.PROGRESSED,
        Reason.REQUEUED,
        Reason.NEW_ATTEMPT,
    }
)
_NOTHING_TO_ASSERT: Final = frozenset({Reason.KEEPALIVE, Reason.OTHER_JOB})


class Assertions:
    """Decisions that wait for their read, and what the reads made of them."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._waiting: list[Decision] = []
        self._under_read: list[Decision] = []
        """Those made before the read that is under way was sent: only they are asserted by it."""
        self.asserted = self.reads = self.differing = 0

    @property
    def is_open(self) -> bool:
        """Is a read still to be asked for?"""
        return bool(self._waiting or self._under_read)

    def made(self, decision: Decision) -> bool:
        """A decision was taken; tell whether a read should assert it."""
        if not self._enabled or decision.observation.source is Source.VERIFY:
            return False
        if decision.reason in _NOTHING_TO_ASSERT:
            return False
        self._waiting.append(decision)
        return True

    def sent(self) -> None:
        """A verified read has left."""
        self._under_read += self._waiting
        self._waiting = []

    def weigh(self, read: Decision) -> Iterator[Notice]:
        """A verified read was decided: yield a warning when it does not bear out what is shown."""
        if not self._under_read or read.observation.source is not Source.VERIFY or read.before is None:
            return
        if read.observation.status is None:  # it asserts nothing: the next one has to
            self._waiting, self._under_read = [*self._under_read, *self._waiting], []
            return
        last, count = self._under_read[-1], len(self._under_read)
        self._under_read = []
        self.asserted += count
        self.reads += 1
        if read.reason in _BORNE_OUT:
            return
        self.differing += 1
        text = (
            f"verify: shown {_words(read.before)} after {_said(last)!r} from {last.observation.source.value} "
            f"({last.reason.value}); an uncached read says {_said(read)} "
            f"({read.reason.value}: {read.reason.sentence})"
        )
        yield Notice(f"verify-differs:{self.differing}", text, Level.WARNING)

    def summary(self) -> Iterator[Notice]:
        """Yield what all reads came to, once there was one."""
        if self.asserted:
            found = f"{self.differing} differed" if self.differing else "none differed"
            text = f"verify: {self.asserted} decisions, asserted by {self.reads} uncached reads: {found}"
            yield Notice("verify-summary", text, Level.WARNING if self.differing else Level.INFO)


def _words(job: Job) -> str:
    progress = "" if job.progress is None or job.status.terminal else f" {job.progress:.3g} %"
    return f"{job.status.value}{progress}"


def _said(decision: Decision) -> str:
    seen = decision.observation
    progress = "" if seen.progress is None else f" {seen.progress:.3g} %"
    return f"{visible(seen.raw_status or '-', 60)}{progress}"

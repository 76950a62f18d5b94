"""Records on disk, read into accounts: a recording of traffic, or the lines of a decision log.

The walk of one observation: a file's entry → `Heard` (`intake`, `replay`) → its turn (`ordering`) → the
account of its job (`account`: decided, beside the naive client) → facts → causes → sentences (`explaining`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from jobctl.explain.events import Said
from jobctl.explain.explaining import Accounts, Found
from jobctl.explain.intake import Heard, Intake
from jobctl.explain.ordering import InOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from jobctl.captures.recordings import Recording
    from jobctl.explain.replay import Replayed
    from jobctl.profile.model import Profile

_IN_FILE_ORDER: Final = "har"
"""Flows stand in the order in which they ended, a WebSocket's after everything it accompanied."""


@dataclass
class Wanted:
    """What somebody wants of a record."""

    job: str | None = None
    keeps_all: bool = False
    """Every decision is wanted, for a page, not the first and last ones."""
    by_profile: bool = False
    """An id is one job per profile: in a log each line names its own, elsewhere it is guessed."""
    found: Callable[[Found], None] = field(default=lambda _found: None)
    """Told each step back as soon as it is met, as long as the file is in order."""

    def accounts(self) -> Accounts:
        """Return accounts that nothing has been heard in."""
        return Accounts(only_job=self.job, keeps_all=self.keeps_all, by_profile=self.by_profile)


def accounts_of_recording(recording: Recording, profiles: Sequence[Profile], wanted: Wanted) -> Accounts:
    """Read a recording. A file that is not in order is read a second time, and sorted.

    Raises:
        ConfigError: it can no longer be read.
    """
    if recording.kind == _IN_FILE_ORDER:
        accounts = _streamed(recording, profiles, wanted)
        if accounts is not None:
            return accounts
    accounts = wanted.accounts()
    accounts.hear(_sorted(recording, profiles))
    return accounts


def _streamed(recording: Recording, profiles: Sequence[Profile], wanted: Wanted) -> Accounts | None:
    """Return the accounts; None when the file turns out not to be in order."""
    accounts, intake = wanted.accounts(), Intake(profiles)
    order: InOrder[Heard] = InOrder()
    for exchange in recording:
        heard = [(one.event.at, one) for one in intake.take(exchange)]
        # A message has the time of its own, which says nothing about the entries that follow.
        sent = exchange.sent if not exchange.handshake else 0.0
        for found in accounts.hear(order.push(sent, heard)):
            wanted.found(found)
        if order.is_disordered:
            return None
    for found in accounts.hear(order.rest()):
        wanted.found(found)
    return accounts


def _sorted(recording: Recording, profiles: Sequence[Profile]) -> Iterator[Heard]:
    intake = Intake(profiles)
    heard = [one for exchange in recording for one in intake.take(exchange)]
    heard.sort(key=lambda one: one.event.at)
    return iter(heard)


def heard_in(replayed: Iterable[Replayed]) -> Iterator[Heard]:
    """Yield what the lines of a log say, in their order: that in which their process decided."""
    for one in replayed:
        if one.decision is not None and one.line.record is not None:
            seen, record = one.decision.observation, one.line.record
            follow = record.get("follow_restarts") is True
            at = seen.received_at
            said = Said(at, one.line.number, seen, at, decision=one.decision, follow_restarts=follow)
            yield Heard(seen.job, str(record.get("profile", "")), said)

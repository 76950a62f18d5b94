"""The accounts of all jobs in one record, and what is answered about each. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from jobctl.explain.account import Account
from jobctl.explain.answers import answer
from jobctl.explain.causes import causes_of
from jobctl.explain.explanation import Explanation, Shown
from jobctl.explain.further import further
from jobctl.explain.moments import EVERYTHING
from jobctl.explain.wording import Wording
from jobctl.reconcile import bare_uuid, same_id
from jobctl.secret_scan import redact_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jobctl.explain.facts import Back
    from jobctl.explain.intake import Heard

SHOWN: Final = 400
"""Decisions kept of a job for a table; a page keeps all of them."""
_FEW_JOBS: Final = 20
"""Of so many jobs decisions are kept: of more nobody reads a table."""


_UUID: Final = 32
"""Fewer characters spell no UUID."""


class Found(NamedTuple):
    """A step back, told as soon as it is met."""

    job: str
    back: Back


class Accounts:
    """One account per job, in the order of their first word."""

    def __init__(
        self, *, only_job: str | None = None, keeps_all: bool = False, by_profile: bool = False
    ) -> None:
        """With `by_profile`, an id under two profiles is two jobs."""
        self._only, self._keeps_all, self._by_profile = only_job, keeps_all, by_profile
        self._accounts: dict[tuple[str, str], Account] = {}
        self.others: set[str] = set()
        """Jobs that were heard of and not asked about."""

    @property
    def jobs(self) -> Sequence[Account]:
        """The accounts."""
        return list(self._accounts.values())

    def hear(self, heard: Iterable[Heard]) -> list[Found]:
        """Take events in the order in which the client knew of them; return the steps back among them."""
        found = []
        for job, profile, event in heard:
            if job is None:
                for account in self._accounts.values():
                    account.hear(event)
            elif (known := self.of(job, profile)) is not None:
                known.profile = profile  # a stream's address fits several, its reads tell which
                if (back := known.hear(event)) is not None:
                    found.append(Found(redact_text(job), back))
        return found

    def of(self, job: str, profile: str) -> Account | None:
        """Return the account of a job, begun if need be; None for one that nobody asked about."""
        key = (len(job) >= _UUID and bare_uuid(job)) or job, profile if self._by_profile else ""
        account = self._accounts.get(key)
        if account is None:
            if self._only is not None and job != self._only and not same_id(job, self._only):
                self.others.add(redact_text(job))
                return None
            keep = EVERYTHING if self._keeps_all else SHOWN if len(self._accounts) < _FEW_JOBS else 0
            account = self._accounts[key] = Account(job, profile, keep=keep)
        return account


def explain(account: Account, kind: str, origin: str) -> Explanation:
    """Answer about one job. `kind` is that of the record: `har`, `flows`, `log`, `store`."""
    facts = account.facts
    words = Wording(kind, facts.first_at or 0.0, facts.last_at)
    causes = causes_of(facts)
    claims = (answer(causes[0], facts, words), *further(causes, facts, words))
    return Explanation(
        redact_text(account.id),
        account.profile,
        kind,
        origin,
        causes,
        claims,
        list(account.moments),
        sum(facts.decisions.values()),
        tuple(facts.flips),
        None if account.job is None else Shown(account.job.status, account.job.progress),
    )


def told_early(found: Found, kind: str) -> str:
    """One line about a step back, before the record has been read to its end."""
    back = found.back
    moment = back.moment
    words = Wording(kind, moment.at, moment.at)
    return f"{words.entry(moment.entry)}, {words.time(moment.at)}: {back.cause.value}: {_said(back)}"


def _said(back: Back) -> str:
    known = back.known.shown.status.value
    return f"{back.moment.source.value} said {back.moment.said} after {known} was known"

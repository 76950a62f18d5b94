"""One job on its way through a record: every word decided, beside a client that believes the last. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobctl.evidence import parse_age
from jobctl.explain.blame import blame
from jobctl.explain.claims import claim, follow, is_claim
from jobctl.explain.events import Accepted, Event, Loaded, Opened, Refused, Reported, Said, Unread
from jobctl.explain.explanation import Cause, PageFlip, Shown
from jobctl.explain.facts import Back, Facts, Some, Step
from jobctl.explain.moments import Decided, Moments
from jobctl.explain.naive import believe, is_back
from jobctl.model import Source
from jobctl.reasons import Action, Reason
from jobctl.reconcile import reconcile
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.explain.explanation import Moment
    from jobctl.model import Decision, Job, Observation

_NEVER_FRESH: Final = -1
_MOST_STEPS: Final = 12
_OLD: Final = frozenset({Reason.OLDER_UPDATE, Reason.OLDER_ATTEMPT})
"""Who shows what came with these is back in time, be it to a higher status."""
_SKEW: Final = 1.0
"""Seconds by which lines of several processes may stand in another order than that of their times."""


class Account:
    """Hears the events of one job in order. `facts` and `moments` are what it remembers of them."""

    def __init__(self, job: str, profile: str, *, keep: int) -> None:
        """`keep` is how many moments are remembered, `moments.EVERYTHING` for all."""
        self.id, self.profile = job, profile
        self.job: Job | None = None
        self.naive: Shown | None = None
        self.facts = Facts()
        self.moments = Moments(keep)
        self.keeps = bool(keep)
        self._applied_at = float("-inf")
        self._held: Decided | None = None
        """The last word that changed what jobctl shows, progress included."""

    def hear(self, event: Event) -> Back | None:
        """Take the next event; return the step back that it shows, if any."""
        facts = self.facts
        if event.at < facts.last_at and event.at < facts.last_at - _SKEW:
            facts.disordered.add(event.entry)
        facts.first_at = event.at if facts.first_at is None else min(facts.first_at, event.at)
        facts.last_at = max(facts.last_at, event.at)
        facts.events += 1
        if isinstance(event, Said):
            return self._said(event)
        if isinstance(event, Unread):
            facts.unread.setdefault(event.kind, Some()).add(event)
        elif isinstance(event, Refused):
            facts.refused.add(event)
        elif isinstance(event, Opened):
            facts.opened.add(event)
        elif isinstance(event, Loaded):
            if self.job is not None:
                facts.loaded.add(event)
        elif isinstance(event, Reported):
            self._reported(event)
        elif isinstance(event, Accepted):
            pass  # nothing was said about the status, and nothing is shown for it
        return None

    def _said(self, event: Said) -> Back | None:
        decision = self._decide(event)
        seen = decision.observation
        self._count(seen, decision)
        is_word = seen.status is not None and not seen.keepalive and decision.reason is not Reason.OTHER_JOB
        after = believe(self.naive, seen) if is_word else self.naive
        self.naive = after
        truth = _shown(decision.after)
        cached_by = seen.http.cached_by if seen.http is not None else None
        is_old = decision.reason in _OLD and is_word and _differs(truth, after)
        is_low = is_old or _went_back(decision) or (is_word and is_back(truth, after))
        is_step = decision.action is Action.APPLY and _status(truth) != _status(_shown(decision.before))
        if is_word and cached_by is None:
            self.facts.direct_at = event.at
        decided = Decided(event, decision, truth, after)
        if self.keeps:
            self.moments.add(decided)
        follow(self.facts.claimed, decided)
        claims_end = is_claim(decided)
        found = None
        if is_low or is_step or cached_by or claims_end:
            found = self._remarkable(decided, is_low=is_low, is_step=is_step, claims_end=claims_end)
        if decision.action is Action.APPLY and truth != _shown(decision.before):
            self._held = decided
        return found

    def _remarkable(self, decided: Decided, *, is_low: bool, is_step: bool, claims_end: bool) -> Back | None:
        """Remember a word that sentences are made of."""
        truth, seen = decided.true, decided.decision.observation
        moment = decided.moment()
        found = self._back(decided, moment) if is_low else None
        if is_step and truth is not None:
            self._step(Step(moment, truth))
        if moment.cached_by is not None:
            self._cached(moment, seen)
        if claims_end:
            claim(self.facts.claimed, decided, moment)
        return found

    def _decide(self, event: Said) -> Decision:
        """Decide it by all that is known, whichever process or client heard it."""
        made = event.decision
        if made is not None and made.before is self.job:
            decision = made
        else:
            seen = event.seen
            if seen.source is Source.VERIFY:
                seen = seen._replace(basis=self._basis(event))
            decision = reconcile(self.job, seen, follow_restarts=event.follow_restarts)
        self.job = decision.after
        if decision.action is Action.APPLY:
            self._applied_at = event.at
        return decision

    def _basis(self, event: Said) -> int:
        """What the read counts as fresh against: nothing was applied since it was sent."""
        made, known = event.decision, self.job
        if known is None:
            return 0
        if made is not None and (made.before is None or made.observation.basis != made.before.revision):
            return _NEVER_FRESH
        return known.revision if event.sent >= self._applied_at else _NEVER_FRESH

    def _count(self, seen: Observation, decision: Decision) -> None:
        facts = self.facts
        facts.decisions[decision.action, decision.reason] += 1
        facts.words += seen.status is not None
        facts.reads += seen.source.is_read
        facts.frames += seen.source is Source.STREAM
        facts.keepalives += decision.reason is Reason.KEEPALIVE

    def _back(self, decided: Decided, moment: Moment) -> Back | None:
        facts, event, decision = self.facts, decided.event, decided.decision
        if not facts.steps:
            return None
        known, cause = self._contradicted(decision), blame(decision)
        is_true = _went_back(decision)
        overtaken = event.sent < known.moment.at <= event.at and not is_true
        back = Back(moment, cause, known, event.stream, is_true, overtaken)
        is_first = not facts.back_counts[cause]
        is_against_end = known.shown.status.terminal
        if is_first or (is_against_end and not any(_is_against_end(one, cause) for one in facts.backs)):
            facts.backs.append(back)
        if cause is Cause.SERVER_REGRESSED:
            facts.server_low_at = max(facts.server_low_at, moment.at)
        elif moment.source.is_read and moment.cached_by is None:
            facts.server_low_at = max(facts.server_low_at, event.sent)  # not before it was asked
        facts.back_counts[cause] += 1
        facts.back_entries.setdefault(cause, Some()).add(moment.entry)
        return back

    def _contradicted(self, decision: Decision) -> Step:
        """Return what a step back is against: the step of the status, or the progress that was known."""
        step, held = self.facts.steps[-1], self._held
        is_progress = decision.observation.status is step.shown.status
        if not is_progress or held is None or held.true is None:
            return step
        return Step(held.moment(), held.true)

    def _step(self, step: Step) -> None:
        steps = self.facts.steps
        self.facts.reached.add(step.shown.status)
        if len(steps) < _MOST_STEPS:
            steps.append(step)
        else:
            steps[-1] = step
            self.facts.more_steps += 1

    def _cached(self, moment: Moment, seen: Observation) -> None:
        facts = self.facts
        facts.cached.add(moment)
        facts.cached_last = moment
        age = parse_age(seen.http.headers) if seen.http is not None else None
        if age is not None:
            low, high = facts.ages or (age, age)
            facts.ages = min(low, age), max(high, age)

    def _reported(self, event: Reported) -> None:
        """The page says what it shows: is it behind what it was told?"""
        if not is_back(self.naive, event.shown) or len(self.facts.flips) >= _MOST_STEPS:
            return
        self.facts.flips.append(
            PageFlip(event.at, event.entry, f"the page reported {visible(event.word, 60)}")
        )


def _shown(job: Job | None) -> Shown | None:
    return None if job is None else Shown(job.status, job.progress)


def _status(shown: Shown | None) -> object:
    return shown and shown.status


def _differs(true: Shown | None, naive: Shown | None) -> bool:
    if true is None or naive is None or true.status is not naive.status:
        return true is not naive
    return not true.status.terminal and naive.progress is not None and true.progress != naive.progress


def _went_back(decision: Decision) -> bool:
    """The truth itself took a status back, or says that a finished job goes on."""
    if decision.reason in {Reason.REOPENED, Reason.TERMINAL_CORRECTED, Reason.NEW_ATTEMPT}:
        return True
    before, after = decision.before, decision.after
    if decision.action is not Action.APPLY or before is None or after is None or not before.verified:
        return False
    if decision.reason in {Reason.FIRST_SEEN, Reason.CONFIRMED}:
        return after.status.rank < before.status.rank
    return is_back(_shown(before), _shown(after))


def _is_against_end(back: Back, cause: Cause) -> bool:
    return back.cause is cause and back.known.shown.status.terminal

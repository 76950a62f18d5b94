"""P1-P10 of the design, and what it promises of the watch, as checks on one step of a simulated world."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from world.make import JOB
from world.orders import LIE, goes_back, is_older

from jobctl.model import Decision, Job, JobStatus, Source
from jobctl.reasons import Action, Reason
from jobctl.reconcile import reconcile
from jobctl.watching.events import Ending, Finish

if TYPE_CHECKING:
    from world.server import Server
    from world.weather import Weather

    from jobctl.observe import Reader
    from jobctl.watching.machine import WatchMachine
    from jobctl.watching.options import WatchOptions

_NEEDS_NEWER_TRUTH = {
    Reason.REQUEUED,
    Reason.TERMINAL_CORRECTED,
    Reason.NEW_ATTEMPT,
    Reason.PROGRESSED,
    Reason.REOPENED,
}
_TICKS_AT_ONCE = 50


class RuleBroken(AssertionError):  # noqa: N818 -- it is a finding, not a fault
    """A promise was not kept."""


def require(holds: bool, rule: str, detail: object = "") -> None:
    if not holds:
        raise RuleBroken(f"{rule}: {detail}" if detail else rule)


def truth_of(decision: Decision) -> int:
    """Which state of the server the payload tells of; `LIE` for none."""
    payload = decision.observation.payload
    truth = payload.get("truth", LIE) if isinstance(payload, dict) else LIE
    return truth if isinstance(truth, int) else LIE


def p1_monotone(decision: Decision, shown: int, weather: Weather) -> None:
    """What is shown is monotone in (attempt, version, rank) except by `corrected`."""
    before, after, reason = decision.before, decision.after, decision.reason
    if decision.action is Action.APPLY and before is not None and before.verified:
        older = is_older(before, decision.observation) and reason is not Reason.NEW_ATTEMPT
        require(not older, "P1 an older updated_at was applied", decision)
    if before is None or after is None or not goes_back(before, after):
        return
    if not before.verified and decision.observation.source.is_read:
        return  # what is only remembered is outranked by any read
    if reason is Reason.CORRECTED:
        honest = not weather.reads_are_honest or truth_of(decision) > shown or shown == LIE
        require(honest, "P1 corrected away from the truth", decision)
        http = decision.observation.http
        require(http is None or http.cached_by is None, "P1 corrected by a cache that says so", decision)
    else:
        newer = reason in _NEEDS_NEWER_TRUTH and truth_of(decision) > shown
        require(newer, f"P1 shown state {shown}, then the older {truth_of(decision)}", decision)


def p1_ending(finish: Finish, shown: Job | None) -> None:
    """An end that a stream claims must not be older than what was shown, either.

    Reads that keep to an older end are believed at last: the stream's clock may run ahead of the API's.
    """
    if finish.job is not None and finish.job.source.is_read and not finish.confirmed:
        return
    if finish.job is None or shown is None or finish.job.updated_at is None or shown.updated_at is None:
        return
    older = finish.job.updated_at.compare(shown.updated_at) < 0
    require(not older, "P1 ended with something older than was shown", finish)


def p2_terminal_absorbs(decision: Decision) -> None:
    """Terminal absorbs within an attempt."""
    before, after = decision.before, decision.after
    if before is None or after is None or not before.verified or not before.status.terminal:
        return
    allowed = decision.reason in {Reason.TERMINAL_CORRECTED, Reason.NEW_ATTEMPT, Reason.REOPENED}
    require(after.status is before.status or allowed, "P2 an end un-happened", decision)


def p3_duplicate(decision: Decision, *, follow_restarts: bool) -> None:
    """A duplicate changes nothing."""
    again = reconcile(decision.after, decision.observation, follow_restarts=follow_restarts)
    require(again.after is decision.after, "P3 a repetition changed something", again)


def p4_converges(job: Job | None, server: Server, weather: Weather, reader: Reader, now: float) -> None:
    """Any delivery order plus one fresh verified read gives the server's state (P9: after a crash too)."""
    index = server.index_at(now)
    if (
        index < 0 or server.reopens
    ):  # without a number or a time, a restarted job cannot be told from a late word
        return
    basis = job.revision if job else 0
    payload = server.payload(index, weather.reads)
    decision = reconcile(job, reader.observe(payload, Source.VERIFY, JOB, 0.0, basis=basis))
    truth, after = server.script[index], decision.after
    require(after is not None and after.status.value == truth.status, "P4 not the server's status", decision)
    if after is not None and not after.status.terminal:
        require(truth.progress in {None, after.progress}, "P4 not the server's progress", decision)


def p7_keepalive(decision: Decision, word_before: float | None, word_after: float | None) -> None:
    """Keep-alives change nothing, the "last data" clock included."""
    if decision.reason is Reason.KEEPALIVE:
        require(decision.after is decision.before, "P7 a keep-alive changed the job", decision)
        require(word_before == word_after, "P7 a keep-alive moved the last-data clock", decision)


def p8_store_alone(finish: Finish) -> None:
    """Persisted state alone never produces a terminal exit, and neither does a cancel response."""
    if finish.ending is Ending.TERMINAL:
        job = finish.job
        require(job is not None and job.verified, "P8 ended on what was stored", finish)
        said_by = job.source if job else None
        may_claim = {Source.STREAM, Source.POLL, Source.VERIFY}
        require(finish.confirmed or said_by in may_claim, f"P8 ended on a claim of {said_by}", finish)


def p10_no_invented_end(job: Job | None, server: Server, now: float) -> None:
    """No terminal is shown that the server never had."""
    if job is not None and job.verified and job.status.terminal:
        require(job.status.value in server.had(now), "P10 an end the server never had", job)


class Watched:
    """What one client process did so far, counted without asking the machine."""

    def __init__(self, server: Server, weather: Weather, options: WatchOptions, started: float) -> None:
        self._server, self._weather, self._options = server, weather, options
        self.started = started
        self.shown = LIE
        self.reading = False
        self.fruitless = 0
        self.last_good: float | None = None
        self.not_before = started
        """The server asked for no read before (Retry-After)."""
        self._polls: deque[float] = deque()
        self._reads: deque[float] = deque()
        self._turns: deque[float] = deque()
        self._ticks_at, self._ticks = started, 0

    def decided(self, decision: Decision, now: float) -> None:
        """Check one decision, whatever it came from."""
        p1_monotone(decision, self.shown, self._weather)
        p2_terminal_absorbs(decision)
        p3_duplicate(decision, follow_restarts=self._options.follow_restarts)
        p10_no_invented_end(decision.after, self._server, now)
        if decision.action is Action.APPLY:
            self.shown = truth_of(decision)
            if decision.observation.source is Source.STREAM:
                self.fruitless, self.last_good = 0, now

    def read_sent(self, source: Source, now: float) -> None:
        """At most one read under way; polls are never faster than `fastest`, apart from one a (re)connect."""
        require(now >= self.not_before - 1e-6, f"read {self.not_before - now:.3f} s before Retry-After")
        require(not self.reading, "two reads under way")
        self.reading = True
        for sent in (self._polls, self._reads, self._turns):
            while sent and sent[0] <= now - 10:
                sent.popleft()
        self._reads.append(now)
        if source is Source.POLL:
            self._polls.append(now)
            most = 10 / (0.9 * self._options.fastest) + 1 + len(self._turns)
            require(len(self._polls) <= most, f"{len(self._polls)} polls in 10 s")
        most = 80 if self._options.verify_each else 60  # a read for every word, and they are asked for
        require(len(self._reads) <= most, f"{len(self._reads)} reads in 10 s")

    def session_opened(self) -> None:
        """At most five sessions in a row without accepted data."""
        self.fruitless += 1
        most = self._options.max_stream_sessions
        require(self.fruitless <= most, f"session {self.fruitless} after {most} fruitless ones")

    def session_turned(self, now: float) -> None:
        """A session was opened, or came to an end: reason for one read."""
        self._turns.append(now)

    def slept(self, until: float, now: float) -> None:
        """Asking for a wake-up in the past, over and over, is a busy loop."""
        if until > now:
            return
        self._ticks = self._ticks + 1 if now == self._ticks_at else 1
        self._ticks_at = now
        require(self._ticks < _TICKS_AT_ONCE, f"spins: asks at {now} to be woken at {until}")

    def not_forgotten(self, now: float) -> None:
        """Without any good word the watch ends as lost contact; a Retry-After buys time, but not for ever."""
        limit = 5 * self._options.lost_after + 60
        heard = self.started if self.last_good is None else self.last_good
        require(now - heard <= limit, f"watches on after {now - heard:.0f} s without a good word")

    def finished(self, finish: Finish, machine: WatchMachine, now: float, *, auth: bool) -> None:
        """Each ending has its own good reason."""
        p8_store_alone(finish)
        ending, job = finish.ending, finish.job
        p1_ending(finish, machine.job)
        if ending is Ending.TERMINAL and finish.confirmed:
            p10_no_invented_end(job, self._server, now)
            require(job is not None and job.status.terminal, "ended without an end", finish)
        elif ending is Ending.LOST:
            limit = self._options.first_contact if self.last_good is None else self._options.lost_after
            quiet = now - (self.started if self.last_good is None else self.last_good)
            require(quiet >= limit - 1e-6, f"lost contact after {quiet} s", finish)
        elif ending is Ending.GONE:
            lagging = now - max(self._weather.lag, default=0.0) - 1.5 * self._weather.latency
            # A process that was restarted does not know that the job is new.
            first = self._weather.just_submitted and self.started == 0.0
            grace = self._options.not_found_grace if first else 0.0
            unseen = self._server.index_at(lagging) < 0
            require(
                unseen and now >= self.started + grace, "gone, says the client; the server has it", finish
            )
        elif ending is Ending.STALLED:
            require(job is not None and job.status is JobStatus.UNKNOWN, "stalled on a known word", finish)
        else:
            reasons = {Ending.AUTH: auth, Ending.INTERRUPTED: self._weather.interrupt_at is not None}
            reasons[Ending.TERMINAL] = not finish.confirmed
            require(reasons.get(ending, False), "an ending nobody asked for", finish)
        require(not machine.handle(_Nothing(), now, 0.5), "spoke after Finish")


class _Nothing:
    """An event the machine does not know."""

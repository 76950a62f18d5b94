"""The watch machine of one job: events in, instructions out. Pure, and the only place of this judgement.

Rules for whoever edits this file:
 1. No clock, no I/O, no randomness: `now` (monotonic seconds) and `random` in [0, 1) come with each event.
 2. Events only change what is known; `_plan` alone derives what to do next from it (level-driven).
 3. At most one read is under way. A verified read takes its basis when it is sent.
 4. Nothing the stream does ends a watch or hides an error of the reads, and the other way round.
 5. After `Finish` every event is answered with nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from jobctl.model import Decision, Job, Observation, Source
from jobctl.reasons import Action, Reason
from jobctl.story import Story
from jobctl.watching import endings
from jobctl.watching.assertions import Assertions
from jobctl.watching.claim import Claim, Weight
from jobctl.watching.events import (
    CloseStream,
    Emit,
    Event,
    Failure,
    FailureKind,
    Finish,
    Instruction,
    Interrupted,
    Level,
    Notice,
    OpenStream,
    Read,
    ReadDone,
    ReadFailed,
    ReadSent,
    ReadWaits,
    SleepUntil,
    Started,
    StreamClosed,
    StreamFrame,
    StreamOpened,
)
from jobctl.watching.final_record import FinalRecord
from jobctl.watching.limits import TimeLimits
from jobctl.watching.read_state import ReadState
from jobctl.watching.stream_state import Socket, StreamState

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobctl.watching.options import WatchOptions

_MOVED: Final = frozenset({Reason.ADVANCED, Reason.PROGRESSED, Reason.REQUEUED, Reason.NEW_ATTEMPT})
_NO_WORD: Final = frozenset({Reason.KEEPALIVE, Reason.OTHER_JOB, Reason.UNREADABLE})


class WatchMachine:
    """Feed it events with `handle`; do what it returns."""

    def __init__(self, job_id: str, options: WatchOptions, *, has_stream: bool) -> None:
        self.options = options
        self.story = Story(job_id, limit=options.story_limit, follow_restarts=options.follow_restarts)
        self.stream = StreamState(options, available=has_stream)
        self.reads = ReadState(options)
        self.finished: Finish | None = None
        self.last_word_at: float | None = None
        """Monotonic time of the last readable word about this job, keep-alives excluded."""
        self.last_word_from: Source | None = None
        self._limits = TimeLimits(options, self.reads)
        self._claim = Claim(options.max_verifies)
        self._final = FinalRecord()
        self._asserted = Assertions(enabled=options.verify_each)
        self._out: list[Instruction] = []
        self._read_returned = False
        self._said: set[str] = set()
        self._handlers: dict[type[Any], Callable[[Any, float, float], None]] = {
            Started: self._on_started,
            ReadSent: self._on_read_sent,
            ReadWaits: lambda *_: self.reads.waits(),
            ReadDone: self._on_read_done,
            ReadFailed: lambda event, now, random: self._take_bad_read(event.failure, now, random),
            StreamOpened: self._on_stream_opened,
            StreamFrame: self._on_frame,
            StreamClosed: self._on_stream_closed,
            Interrupted: lambda *_: self._finish(endings.interrupted(self.job)),
        }

    @property
    def job(self) -> Job | None:
        """What is known now."""
        return self.story.job

    @property
    def claim(self) -> Observation | None:
        """An end that something claims and no read supports yet."""
        return self._claim.seen

    @property
    def revision(self) -> int:
        """The basis of a verified read sent now."""
        return self.story.job.revision if self.story.job else 0

    def handle(self, event: Event, now: float, random: float) -> list[Instruction]:
        """Take one event and return what to do, in order."""
        if self.finished is not None:
            return []
        self._out = []
        if (handler := self._handlers.get(type(event))) is not None:
            handler(event, now, random)
        if self.finished is None:
            self._plan(now)
        return self._out

    def _on_started(self, event: Started, now: float, random: float) -> None:
        self._limits.start(now, just_submitted=event.just_submitted)
        for observation in event.known:
            if self.finished is None:
                self._decide(observation, now, random)
        self.reads.next_poll_at = now

    def _on_read_sent(self, _event: ReadSent, now: float, _random: float) -> None:
        self._final.asked(now)
        self.reads.sent(now)
        if self.reads.in_flight is Source.VERIFY:
            self._asserted.sent()

    def _on_read_done(self, event: ReadDone, now: float, random: float) -> None:
        was_verify, had_failed = self.reads.returned(now), self.reads.failures
        was_for_record = self._final.wanted
        self._read_returned = True
        if (http := event.observation.http) is not None and http.cached_by is not None:
            self._say_once("cached-reads", endings.from_a_store(http.cached_by), Level.WARNING)
        decision = self._decide(event.observation, now, random)
        if was_verify and decision.action is Action.APPLY:
            self.reads.verify_applied()
        if self.finished is not None:
            return
        if decision.reason in _NO_WORD:
            self._take_bad_read(endings.wordless(event.observation), now, random)
            return
        self._limits.good_word(now)
        if had_failed:
            self._notice("reads-recovered", f"reads work again after {had_failed} failed", Level.DETAIL)
        self.reads.answered(now, self._pause(random))
        if was_for_record and self._final.wanted:
            self._take_final_record(decision, now, random)
        elif was_verify and self._claim.seen is not None:
            self._weigh(self._claim.seen, decision, now, random)
        if decision.reason in _MOVED and self.stream.read_moved(now):
            self._drop_silent_stream(now, random)

    def _take_final_record(self, read: Decision, now: float, random: float) -> None:
        if self._final.is_in(read):
            self._finish_terminal()
        else:
            self.reads.want_verify(now, random)

    def _take_bad_read(self, failure: Failure, now: float, random: float) -> None:
        # Reads that fail by themselves leave the stream its chance; a job that is not there has none.
        self._read_returned |= failure.kind is not FailureKind.NOT_FOUND
        self.reads.failed(now, failure, random)
        self._limits.bad_read(now)
        if self._final.wanted:
            if self._final.may_still_come(failure):
                self.reads.want_verify(now, random)
            else:
                self._finish_without_record()
        elif (finish := self._limits.ended_by(failure, now, self.job)) is not None:
            self._finish(finish)
        else:
            self._notice(f"read-failed:{failure.kind.value}", failure.words, self._limits.loudness(now))

    def _on_stream_opened(self, event: StreamOpened, now: float, _random: float) -> None:
        if event.session == self.stream.session:
            self.stream.opened(now)
            self.reads.prompt(now)  # what was said while we were away is only in a read

    def _on_frame(self, event: StreamFrame, now: float, random: float) -> None:
        if event.session != self.stream.session or self.stream.socket is not Socket.OPEN:
            return
        decision = self._decide(event.observation, now, random)
        if decision.reason in _NO_WORD:
            return
        accepted, was_trusted = decision.action is Action.APPLY, self.stream.trusted
        self.stream.heard(now, accepted=accepted)
        if accepted:
            self._limits.good_word(now)
            self.reads.contradicted()
            if not was_trusted and self.reads.failures == 0:
                self.reads.next_poll_at = now + self._pause(random)

    def _on_stream_closed(self, event: StreamClosed, now: float, random: float) -> None:
        if event.session != self.stream.session or self.stream.socket not in {Socket.CONNECTING, Socket.OPEN}:
            return  # a close we asked for is silent
        text = f"socket closed ({event.code})" if event.opened else "socket refused"
        text += f": {event.reason}" if event.reason else ""
        level = Level.DETAIL if self._final.wanted else Level.INFO
        self._notice(f"stream-closed:{event.code}:{event.reason[:80]}", text, level)
        self._stream_ended(now, random)
        if self.reads.failures == 0:
            self.reads.prompt(now)  # the end of the stream is often the end of the job

    def _decide(self, seen: Observation, now: float, random: float) -> Decision:
        decision = self.story.record(seen)
        self._out += (Emit(decision), *self._asserted.weigh(decision))
        if self._asserted.made(decision):
            self.reads.want_assertion(now)
        if decision.reason not in _NO_WORD and seen.source is not Source.STORE:
            self.last_word_at, self.last_word_from = now, seen.source
        if decision.action is Action.APPLY:
            self._after_apply(decision, now, random)
        elif decision.action is Action.VERIFY:
            self._claim.consider(decision)
            if decision.reason is not Reason.UNREADABLE or not seen.source.is_read:
                self.reads.want_verify(now, random)
        return decision

    def _after_apply(self, decision: Decision, now: float, random: float) -> None:
        if (job := decision.after) is None:
            return
        self._limits.applied(now, decision.before, job)
        self.reads.pace.changed()
        if not job.status.terminal:
            self._final.drop()
        if job.verified and job.status.terminal and job.proven:
            self._claim.drop()
            if decision.observation.source.is_read and not self._asserted.is_open:
                self._finish_terminal()
            elif not self._final.wanted:
                # The frame ends the watch; one more read brings the final record and settles what it can.
                self._final.want(now)
                self.reads.want_verify(now, random, at_once=True)
        elif job.verified and not job.status.terminal and self.options.is_reached(job.status):
            self._finish(endings.until_reached(job))

    def _weigh(self, claim: Observation, read: Decision, now: float, random: float) -> None:
        weight = self._claim.weigh(claim, read, moved=read.reason in _MOVED)
        if weight is Weight.EXHAUSTED:
            self._finish(endings.unconfirmed(self.job, claim))
        elif weight is not Weight.REFUTED:
            if weight is Weight.DOUBTED:
                self._say_once("disagreement", endings.disagreement(self.job, claim), Level.WARNING)
            self.reads.want_verify(now, random)

    def _plan(self, now: float) -> None:
        if self._final.wanted:
            if self._final.is_late(now) or self._limits.is_out_of_time(now):
                self._finish_without_record()
                return
        elif (overdue := self._limits.overdue(now, self.job, self._claim)) is not None:
            self._finish(overdue)
            return
        source = self.reads.due(now)
        if source is not None:
            self.reads.asked(source)
            self._out.append(Read(source))
        if self._read_returned and not self._final.wanted and self.stream.due(now):
            self._out.append(OpenStream(self.stream.connecting()))
        until, retry_at = self._final.wanted_until, self.stream.retry_at
        if (wake := self._limits.next_wake(self.job, until, retry_at)) < math.inf:
            self._out.append(SleepUntil(wake))

    def _pause(self, random: float) -> float:
        """Seconds until the next poll."""
        if self.stream.trusted and self.options.interval is None:
            return self.options.safety_interval
        return self.reads.pace.next_delay(random)

    def _drop_silent_stream(self, now: float, random: float) -> None:
        self._out.append(CloseStream(self.stream.session))
        self._notice("stream-silent", "socket open but silent while reads move on: reconnecting")
        self._stream_ended(now, random)

    def _stream_ended(self, now: float, random: float) -> None:
        if self.stream.ended(now, random):
            self._say_once("polling-only", endings.polling_only(self.options), Level.WARNING)

    def _notice(self, code: str, text: str, level: Level = Level.INFO) -> None:
        self._out.append(Notice(code, text, level))

    def _say_once(self, code: str, text: str, level: Level) -> None:
        if code not in self._said:
            self._said.add(code)
            self._notice(code, text, level)

    def _finish_terminal(self) -> None:
        self._finish(endings.terminal(self.job))

    def _finish_without_record(self) -> None:
        self._notice("final-record", endings.without_record(self._final.problem), Level.WARNING)
        self._finish_terminal()

    def _finish(self, finish: Finish) -> None:
        if self.finished is None:
            if self.stream.socket in {Socket.CONNECTING, Socket.OPEN}:
                self._out.append(CloseStream(self.stream.session))
            self.finished = finish
            self._out += (*self._asserted.summary(), finish)

"""The simulated world: performs the machine's instructions on simulated time and checks every step.

`World(seed).run()` raises `RuleBroken` with everything needed to see it again. The seed decides everything.
"""

from __future__ import annotations

import heapq
import json
import random
from typing import Any, Final

from world.make import JOB
from world.reads import Answer, ReadPath
from world.report import report
from world.rules import RuleBroken, Watched, p4_converges, p7_keepalive, require, truth_of
from world.server import Server, write_script
from world.sockets import Closed, Opened, SocketPath
from world.weather import Weather, forecast

from jobctl.model import Decision, Observation, Source
from jobctl.observe import Reader
from jobctl.profile.model import Operation, Profile
from jobctl.reasons import Action
from jobctl.story import Story, decision_record, job_record, observation_of
from jobctl.watching.events import (
    CloseStream,
    Emit,
    Event,
    Finish,
    Interrupted,
    OpenStream,
    Read,
    ReadDone,
    ReadFailed,
    ReadSent,
    SleepUntil,
    Started,
    StreamClosed,
    StreamFrame,
    StreamOpened,
    Tick,
)
from jobctl.watching.machine import WatchMachine
from jobctl.watching.options import WatchOptions

READER: Final = Reader(Profile(name="world", read=Operation("GET", "/jobs/{id}")))
SETTLES_WITHIN: Final = 60.0
"""Seconds after the server's end, with reads that succeed: safety read, backoff, verified and final read."""
_WALL: Final = 1_767_225_600.0
_MOST_STEPS: Final = 20_000
_OVERTAKES: Final = (Source.POLL, Source.VERIFY)
"""A verified read takes the turn of a poll that has not left yet."""


class Process:
    """One life of the client: a machine, its log, and what it was seen doing."""

    def __init__(self, number: int, machine: WatchMachine, watched: Watched) -> None:
        self.number, self.machine, self.watched = number, machine, watched
        self.log: list[str] = []
        self.wake_at: float | None = None
        self.session = 0
        self.queued: Read | None = None
        """The read that waits for its turn."""


class World:
    """One seed, one world."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._rng = rng = random.Random(seed)
        script = write_script(rng)
        self.weather: Weather = forecast(rng, script[0].since, max(0.0, script[-1].since))
        self.server = Server(script, self.weather.clock_skew)
        self.options = WatchOptions(
            interval=rng.choice((None, None, None, 1.0, 5.0)),
            max_verifies=rng.choice((5, 5, 2)),
            stall_after=rng.choice((600.0, 20.0)),
            follow_restarts=rng.random() < 0.3,
            verify_each=rng.random() < 0.2,
        )
        self.now = 0.0
        self.steps = 0
        self.finish: Finish | None = None
        self.trace: list[tuple[float, Any, Any]] = []
        self._heap: list[tuple[float, int, int, Any]] = []
        self._count = 0
        self._reads = ReadPath(self.server, self.weather, rng)
        self._sockets = SocketPath(self.server, self.weather, rng)
        self._process = self._start(0)

    def run(self) -> Finish | None:
        """Play until the watch has ended; return how."""
        try:
            self._begin()
            while self.finish is None:
                self._step()
            self._check_log()
        except RuleBroken as broken:
            raise RuleBroken(report(self, str(broken))) from None
        return self.finish

    # --- processes ------------------------------------------------------------------------------------

    def _start(self, number: int) -> Process:
        machine = WatchMachine(JOB, self.options, has_stream=self.weather.has_stream)
        return Process(number, machine, Watched(self.server, self.weather, self.options, self.now))

    def _begin(self) -> None:
        weather = self.weather
        for at in weather.kills:
            self._later(at, "kill")
        if weather.interrupt_at is not None:
            self._later(weather.interrupt_at, "interrupt")
        known: list[Observation] = []
        if weather.remembered:
            body = {"id": JOB, "status": weather.remembered, "updated_at": weather.remembered_at}
            known.append(READER.observe(body, Source.STORE, JOB, self._wall()))
        if weather.just_submitted:
            body = {"id": JOB, "status": "pending", "truth": 0}
            known.append(READER.observe(body, Source.SUBMIT, JOB, self._wall()))
        if weather.cancel_said:
            body = {"id": JOB, "status": weather.cancel_said}
            known.append(READER.observe(body, Source.CANCEL, JOB, self._wall()))
        self._tell(Started(tuple(known), weather.just_submitted))

    def _kill(self) -> None:
        """The process dies in the middle of a write, and a new one starts from what was written."""
        log = self._process.log
        if log and self.weather.tears_line:
            log[-1] = log[-1][: self._rng.randrange(len(log[-1]))]
        story = self._replay(log)
        self._process = self._start(self._process.number + 1)
        known: tuple[Observation, ...] = ()
        if story.job is not None:
            body = {"id": JOB, **(job_record(story.job) or {})}
            body["status"] = body.pop("raw_status")
            body["truth"] = truth_of(story.filter(action=Action.APPLY)[-1])
            known = (READER.observe(body, Source.STORE, JOB, self._wall()),)
        self._tell(Started(known))

    # --- time -----------------------------------------------------------------------------------------

    def _later(self, at: float, what: Any) -> None:
        self._count += 1
        heapq.heappush(self._heap, (max(at, self.now), self._count, self._process.number, what))

    def _step(self) -> None:
        self.steps += 1
        require(self.steps < _MOST_STEPS, f"{_MOST_STEPS} steps and no end")
        wake = self._process.wake_at
        require(wake is not None or bool(self._heap), "the watch sleeps for ever")
        fair = max(self.weather.heals_at, self.server.end, self._process.watched.started)
        require(self.now <= fair + SETTLES_WITHIN, f"P5 no end {SETTLES_WITHIN} s after the server's")
        self._process.watched.not_forgotten(self.now)
        if wake is not None and (not self._heap or wake <= self._heap[0][0]):
            self.now, self._process.wake_at = max(self.now, wake), None
            self._tell(Tick())
            return
        self.now, _, number, what = heapq.heappop(self._heap)
        if what == "kill":
            self._kill()
        elif what == "interrupt":
            self._tell(Interrupted())
        elif isinstance(what, Read):
            if what is self._process.queued:  # no other took its place meanwhile
                self._send(self._process, what)
        elif number == self._process.number:
            self._tell(self._event(what))

    def _event(self, what: Any) -> Event:
        if isinstance(what[0], Read):
            return self._answered(*what)
        session, said = what
        watched = self._process.watched
        if isinstance(said, Opened):
            watched.session_turned(self.now)
            return StreamOpened(session)
        if isinstance(said, Closed):
            watched.session_turned(self.now)
            return StreamClosed(session, said.opened, said.code, said.reason)
        return StreamFrame(session, READER.observe(said.payload, Source.STREAM, JOB, self._wall()))

    def _answered(self, read: Read, basis: int | None, answer: Answer) -> Event:
        watched = self._process.watched
        watched.reading = False
        if answer.failure is not None:
            watched.not_before = self.now + (answer.failure.retry_after or 0.0)
            return ReadFailed(read.source, answer.failure)
        seen = READER.observe(answer.payload, read.source, JOB, self._wall(), basis=basis, http=answer.http)
        if seen.status is not None:
            watched.last_good = self.now
        return ReadDone(seen)

    def _wall(self) -> float:
        return round(_WALL + self.now, 6)

    # --- the machine ----------------------------------------------------------------------------------

    def _tell(self, event: Event) -> None:
        process = self._process
        word_before = process.machine.last_word_at
        out = process.machine.handle(event, self.now, self._rng.random())
        self.trace.append((self.now, event, out))
        decided = 0
        for instruction in out:
            if isinstance(instruction, Emit):
                decided += 1
                self._emitted(process, instruction)
                p7_keepalive(instruction.decision, word_before, process.machine.last_word_at)
            else:
                self._perform(process, instruction)
        observations = len(event.known) if isinstance(event, Started) else isinstance(event, ReadDone)
        if isinstance(event, StreamFrame):  # of a session that was closed meanwhile: not an observation
            observations = decided if event.session != process.session else 1
        require(decided == observations or self.finish is not None, "P6 not one decision per observation")

    def _send(self, process: Process, read: Read) -> None:
        """Its turn has come."""
        process.queued = None
        process.watched.read_sent(read.source, self.now)
        answer = self._reads.read(self.now)
        basis = process.machine.revision if read.source is Source.VERIFY else None
        self._later(self.now + answer.delay, (read, basis, answer))
        self._tell(ReadSent())

    def _emitted(self, process: Process, emit: Emit) -> None:
        decision = emit.decision
        process.log.append(self._line(decision, len(process.log)))
        process.watched.decided(decision, self.now)
        if decision.action is Action.APPLY:
            p4_converges(decision.after, self.server, self.weather, READER, self.now)

    def _perform(self, process: Process, instruction: Any) -> None:
        watched = process.watched
        match instruction:
            case Read(source):
                before = process.queued
                require(before is None or (before.source, source) == _OVERTAKES, "two reads wait")
                # The instruction itself, in a copy of its own, is the token that it holds its turn by.
                process.queued = queued = Read(source)
                wait = self._rng.uniform(0.0, self.weather.turn) if self.weather.turn else 0.0
                self._later(self.now + wait, queued)
            case OpenStream(session):
                watched.session_opened()
                process.session = session
                for at, said in self._sockets.session(self.now):
                    self._later(at, (session, said))
            case CloseStream():
                watched.session_turned(self.now)
                process.session = 0
            case SleepUntil(at):
                watched.slept(at, self.now)
                process.wake_at = at
            case Finish():
                require(self.finish is None, "two Finish")
                self.finish = instruction
                watched.finished(instruction, process.machine, self.now, auth=self._reads.auth_refused)

    # --- afterwards -----------------------------------------------------------------------------------

    def _check_log(self) -> None:
        """P6: replaying a story rebuilds the state bit for bit."""
        process = self._process
        story = self._replay(process.log)
        require(story.job == process.machine.job, "P6 the log rebuilds another state", story.job)
        again = [self._line(decision, seq) for seq, decision in enumerate(story)]
        require(again == process.log, "P6 the log re-decides differently")

    def _line(self, decision: Decision, seq: int) -> str:
        follow = self.options.follow_restarts
        return json.dumps(decision_record(decision, seq=seq, profile="world", follow_restarts=follow))

    def _replay(self, log: list[str]) -> Story:
        """Decide a log again; a torn last line is skipped."""
        story = Story(JOB, follow_restarts=self.options.follow_restarts)
        for number, line in enumerate(log):
            try:
                record = json.loads(line)
            except ValueError:
                require(number == len(log) - 1, "a line in the middle of the log is torn")
                break
            story.record(observation_of(record, READER))
        return story

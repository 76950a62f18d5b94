"""A watch machine played by hand: short words for events, and what it answered last."""

from __future__ import annotations

from typing import Any

from world.make import JOB, at, seen

from jobctl.model import JobStatus, Observation, Source
from jobctl.watching.events import (
    CloseStream,
    Emit,
    Event,
    Failure,
    FailureKind,
    Finish,
    Instruction,
    Notice,
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

_MOST_TICKS = 200


class Play:
    """Feeds one machine; `now` moves on by itself while waiting for a read to be asked for."""

    def __init__(self, *, stream: bool = True, random: float = 0.5, **options: Any) -> None:
        self.machine = WatchMachine(JOB, WatchOptions(**options), has_stream=stream)
        self.now, self._random = 0.0, random
        self.out: list[Instruction] = []
        self.notices: list[Notice] = []
        self.shown: list[str] = []
        self.reads: list[tuple[float, Source]] = []
        self.sessions: list[int] = []
        self.wake: float | None = None
        self._pending: tuple[Source, int] | None = None

    def tell(self, event: Event) -> Play:
        """Hand over one event now."""
        self.out = self.machine.handle(event, self.now, self._random)
        if any(isinstance(item, Read) for item in self.out):
            self.out += self.machine.handle(ReadSent(), self.now, self._random)
        for item in self.out:
            if isinstance(item, Read):
                assert self._pending is None, "two reads under way"
                self._pending = item.source, self.machine.revision
                self.reads.append((self.now, item.source))
            elif isinstance(item, OpenStream):
                self.sessions.append(item.session)
            elif isinstance(item, Notice):
                self.notices.append(item)
            elif isinstance(item, SleepUntil):
                self.wake = item.at
            elif isinstance(item, Emit) and item.decision.after is not item.decision.before:
                after = item.decision.after
                self.shown.append(after.status.value if after else "")
        return self

    def start(self, *known: Observation, just_submitted: bool = False) -> Play:
        return self.tell(Started(known, just_submitted))

    def wait(self, seconds: float = 0.0) -> Play:
        """Let `seconds` pass, waking the machine whenever it asked for it, while nothing else happens."""
        until = self.now + seconds
        for _ in range(_MOST_TICKS):
            if self.finish is not None or self.wake is None or self.wake > until:
                self.now = max(self.now, until)
                return self
            self.now, self.wake = max(self.now, self.wake), None
            self.tell(Tick())
        raise AssertionError("the machine never stops asking to be woken")

    def read(self, status: JobStatus | str | None = None, *, after: float = 0.05, **more: Any) -> Play:
        """Answer the read under way; wait for one to be asked for first, however long that takes."""
        under_way = self._read_under_way()
        if under_way is None:
            return self
        source, basis = under_way
        self.now += after
        basis_or_none = basis if source is Source.VERIFY else None
        return self.tell(ReadDone(seen(status, source, basis=basis_or_none, **more)))

    def fail(self, kind: FailureKind = FailureKind.TRANSIENT, *, after: float = 0.05, **more: Any) -> Play:
        """Fail the read under way."""
        under_way = self._read_under_way()
        if under_way is None:
            return self
        self.now += after
        return self.tell(ReadFailed(under_way[0], Failure(kind, more.pop("message", kind.value), **more)))

    def _read_under_way(self) -> tuple[Source, int] | None:
        assert self.finish is None, "the watch is over"
        for _ in range(_MOST_TICKS):
            if self._pending is not None:
                pending, self._pending = self._pending, None
                return pending
            if self.finish is not None:  # the end came while waiting
                return None
            assert self.wake is not None, "no read is under way and none will be"
            self.wait(self.wake - self.now)
        raise AssertionError("the machine never reads")

    def opened(self, session: int | None = None) -> Play:
        return self.tell(StreamOpened(self.machine.stream.session if session is None else session))

    def frame(self, status: JobStatus | str | None, session: int | None = None, **more: Any) -> Play:
        number = self.machine.stream.session if session is None else session
        return self.tell(StreamFrame(number, seen(status, Source.STREAM, **more)))

    def pong(self) -> Play:
        return self.frame(None, keepalive=True)

    def closed(self, code: int | None = 1006, reason: str = "", *, opened: bool = True) -> Play:
        return self.tell(StreamClosed(self.machine.stream.session, opened, code, reason))

    @property
    def finish(self) -> Finish | None:
        return self.machine.finished

    @property
    def reading(self) -> Source | None:
        """The read asked for and not answered yet."""
        return None if self._pending is None else self._pending[0]

    @property
    def closes(self) -> list[int]:
        """Sessions that the last answer asked to close."""
        return [item.session for item in self.out if isinstance(item, CloseStream)]

    def codes(self) -> list[str]:
        """Every notice so far."""
        return [notice.code for notice in self.notices]

    @property
    def status(self) -> str | None:
        return self.machine.job.status.value if self.machine.job else None


def ended(play: Play) -> tuple[str, str | None, bool]:
    assert play.finish is not None
    job = play.finish.job
    return play.finish.ending.value, job.status.value if job else None, play.finish.confirmed


def streaming(**options) -> Play:
    """A running job, the stream open, the read after connecting answered."""
    play = Play(**options).start().read("running", updated_at=at(1)).opened()
    return play.read("running", updated_at=at(1))

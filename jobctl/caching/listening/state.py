"""What the passive protocol remembers of one job: versions, runs of equal answers, replays. Bounded.

Rules for whoever edits this. An answer proves that the state it shows existed when it arrived, whoever gave
it: a control needs no trust, only a time. So every known version keeps when it was first known, and an answer
is out of date when a newer version was known before it was asked for. That holds in any order of arrival.
Whether a store or a lagging replica gave the old answer is another question: see `frozen` and `in_disorder`.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final

from jobctl.caching.listening.runs import Frozen, KeyState, Known, Run, Sample, Stale, Strength, is_newer
from jobctl.caching.versions import compare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobctl.model import Observation

MAX_KNOWN: Final = 8
MAX_KEYS: Final = 4
MAX_RUNS: Final = 3
_SECOND: Final = 1_000_000_000


class Versions:
    """The versions of one job and the runs of its answers."""

    __slots__ = (
        "backward",
        "changes",
        "disordered",
        "ended",
        "gaps",
        "keys",
        "known",
        "pairs",
        "proof",
        "worst",
    )

    def __init__(self) -> None:
        self.known: list[Known] = []
        self.keys: OrderedDict[int, KeyState] = OrderedDict()
        self.ended: deque[Run] = deque(maxlen=MAX_RUNS)
        self.changes = 0
        self.backward = False
        """One key answered newer, then older: a single store cannot do that, several replicas do."""
        self.disordered: Stale | None = None
        """A read that no store can have held was out of date."""
        self.worst: Stale | None = None
        self.proof: Frozen | None = None
        """The frozen run that lasted longest."""
        self.pairs = 0
        self.gaps: tuple[float, ...] = ()
        """The shortest times for which one key kept showing a version, in seconds."""

    @property
    def in_disorder(self) -> bool:
        """Older answers alone prove no store here."""
        return self.backward or self.disordered is not None

    def learn(self, known: Known) -> bool:
        """Take a version that exists; tell whether it is new to us, or known earlier than before."""
        for place in range(len(self.known) - 1, -1, -1):
            old = self.known[place]
            if compare(old.seen, known.seen) == 0:
                if known.received < old.received:
                    self.known[place] = known
                    return True
                return False
        newest = self.newest()
        self.known.append(known)
        if newest is not None and compare(known.seen, newest.seen) > 0:
            self.changes += 1
        if len(self.known) > MAX_KNOWN:
            best = self.newest()
            self.known.remove(
                min((one for one in self.known if one is not best), key=lambda one: one.received)
            )
        return True

    def newest(self) -> Known | None:
        """Return the newest version known."""
        best: Known | None = None
        for known in self.known:
            if best is None or compare(known.seen, best.seen) > 0:
                best = known
        return best

    def newer(self, seen: Observation) -> Iterator[Known]:
        """List the known versions that are newer than this one."""
        return (known for known in self.known if is_newer(known.seen, seen))

    def stale(self, seen: Observation, sample: Sample) -> Stale | None:
        """Return what shows that an answer was out of date: the strongest control, of those the earliest."""
        controls = [known for known in self.newer(seen) if known.received <= sample.sent]
        if not controls:
            return None
        first = min(known.received for known in controls)
        best = min(controls, key=lambda known: (-known.strength, known.received))
        return Stale(best, sample, seen, sample.sent - first)

    def key(self, key: int) -> KeyState:
        """Return the state of one key; the least used of many is forgotten."""
        state = self.keys.get(key)
        if state is None:
            state = self.keys[key] = KeyState()
            if len(self.keys) > MAX_KEYS:
                _, gone = self.keys.popitem(last=False)
                self._end(gone.run)
        else:
            self.keys.move_to_end(key)
        return state

    def goes_back(self, state: KeyState, seen: Observation, sample: Sample) -> bool:
        """Tell whether a key answers older than it did; remembers it for good."""
        newest = state.newest
        if newest is None or newest.received > sample.sent or compare(seen, newest.seen) >= 0:
            return False
        self.backward = True
        return True

    def follow(self, state: KeyState, seen: Observation, sample: Sample, *, is_plain: bool = True) -> Run:
        """Take the next answer of a key into its run, or begin a new run.

        `is_plain`: a store may answer such requests, so that new versions show how long none did.
        """
        newest, run = state.newest, state.run
        moved_on = newest is None or compare(seen, newest.seen) > 0
        if is_plain and moved_on and run is not None and newest and newest.received <= sample.sent:
            self._told_apart(run, sample)
        if moved_on:
            state.newest = Known(seen, sample.received, sample.number, Strength.PLAIN)
        if run is not None and compare(seen, run.seen) == 0:
            run.add(sample)
            return run
        self._end(run)
        state.run = Run(seen, sample)
        state.run.since = run.samples[-1].sent if run is not None else None
        return state.run

    def runs(self) -> Iterator[Run]:
        """List the runs that are remembered, finished ones first."""
        yield from self.ended
        for state in self.keys.values():
            if state.run is not None:
                yield state.run

    def _end(self, run: Run | None) -> None:
        if run is not None and run.count > 1:
            self.ended.append(run)

    def _told_apart(self, run: Run, following: Sample) -> None:
        # A store that gave the first of a run took it after the last of the run before, maybe for another
        # client, and would have kept it from then on.
        if run.since is not None:
            self.pairs += 1
            self.gaps = tuple(sorted((*self.gaps, max(following.sent - run.since, 0.0))))[:2]

    def judge(self, run: Run) -> bool:
        """Keep a run as proof when it is frozen, or more so than before; tell whether."""
        found = self._frozen(run)
        if found is None or (self.proof is not None and found.last.seconds <= self.proof.last.seconds):
            return False
        self.proof = found
        return True

    def _frozen(self, run: Run, least: int = 3, advances: int = 2) -> Frozen | None:
        """Return a run that only a store explains, else None.

        At least `least` answers of it were out of date, the job advanced by `advances` known versions between
        the first and the last of them, and they span more time than this version can have been the current
        one: a replica that lags by a constant time shows a version for exactly as long as the origin had it.
        """
        late = self._late_answers(run)
        if len(late) < least:
            return None
        first, last = late[0], late[-1]
        moved = sum(first.received < known.received <= last.sent for known in self.newer(run.seen))
        lifetime = self._longest_life(run.seen)
        if moved < advances or lifetime is None or last.sent - first.received <= lifetime:
            return None
        one, other = self.stale(run.seen, first), self.stale(run.seen, last)
        if other is None:
            return None
        return Frozen(run, run.first_late or one or other, run.late(other))

    def _late_answers(self, run: Run) -> list[Sample]:
        since = min((known.received for known in self.newer(run.seen)), default=None)
        late = [sample for sample in run.samples if since is not None and sample.sent >= since]
        if late and run.first_late is not None and run.first_late.sample.sent < late[0].sent:
            late.insert(0, run.first_late.sample)
        return late

    def _longest_life(self, seen: Observation) -> float | None:
        """Return for how long, at most, a version was the current one, in seconds of the origin's clock.

        From its own `updated_at` to that of the next version known; without those, from the last event that
        told an older version until a newer one was known.
        """
        newer = list(self.newer(seen))
        mine = seen.updated_at
        times = [known.seen.updated_at for known in newer if known.seen.updated_at is not None]
        if mine is not None and len(times) == len(newer):
            following = min(times, key=lambda time: time.ns)
            return max(0.0, following.ns - mine.ns + max(mine.unit, following.unit)) / _SECOND
        older = [
            known.received
            for known in self.known
            if known.strength is Strength.EVENT and compare(known.seen, seen) < 0
        ]
        return min(known.received for known in newer) - max(older) if older and newer else None

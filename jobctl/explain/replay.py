"""Re-decide a decision log with today's rules: what was decided, and every difference."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from jobctl.errors import ConfigError
from jobctl.observe import Reader
from jobctl.reconcile import reconcile, same_id
from jobctl.story import SCHEMA, RecordError, differences, job_record, observation_of
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jobctl.captures.decision_log import Line
    from jobctl.model import Decision, Job
    from jobctl.profile.load import Profiles


_NOT_DECISIONS = frozenset({"notice", "result"})
"""Lines of saved `watch --json` output that decide nothing."""


class Replayed(NamedTuple):
    """One line of the log, decided again (`decision`), or why it could not be (`problem`)."""

    line: Line
    decision: Decision | None
    differences: tuple[str, ...] = ()
    problem: str | None = None


@dataclass
class Summary:
    """What a whole log amounts to."""

    jobs: dict[str, Job | None] = field(default_factory=dict)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(action, reason) → how often, as decided today."""
    decisions: int = 0
    differing: int = 0
    skipped: int = 0

    def add(self, replayed: Replayed) -> None:
        """Count one line."""
        decision = replayed.decision
        if decision is None:
            self.skipped += 1
            return
        self.decisions += 1
        self.differing += bool(replayed.differences)
        self.counts[decision.action, decision.reason] += 1
        self.jobs[decision.observation.job] = decision.after


class Replay:
    """Decides log lines again, each job on its own, by the profile each line names."""

    def __init__(self, profiles: Profiles, only_job: str | None = None, fallback: str | None = None) -> None:
        self._profiles, self._only, self._fallback = profiles, only_job, fallback
        self._readers: dict[str, Reader] = {}
        self._jobs: dict[tuple[str, str, str], tuple[Job | None, dict[str, Any] | None]] = {}
        self._numbers = _Numbers()

    def lines(self, lines: Iterable[Line]) -> Iterator[Replayed]:
        """Yield each line decided again."""
        for line in lines:
            if line.record is None:
                self._numbers.damaged()
                yield Replayed(line, None, problem=line.problem)
            elif _is_no_decision(line.record):
                continue
            else:
                self._numbers.see(line.number, line.record)
                if self._only is None or _is_about(line.record.get("job"), self._only):
                    replayed = self._decide(line, line.record)
                    yield self._with_notes(replayed) if self._numbers.noted else replayed

    def _with_notes(self, replayed: Replayed) -> Replayed:
        # A line that cannot be decided shows its problem only: the notes wait for one that can.
        if replayed.decision is None or replayed.line.record is None:
            return replayed
        notes = self._numbers.notes(replayed.line.record)
        return replayed._replace(differences=(*notes, *replayed.differences)) if notes else replayed

    def _decide(self, line: Line, record: dict[str, Any]) -> Replayed:
        if record.get("schema", SCHEMA) != SCHEMA:
            return Replayed(line, None, problem=f"schema {visible(record['schema'], 80)} is not {SCHEMA}")
        name = record.get("profile") or self._fallback
        try:
            reader = self._readers.get(name) if isinstance(name, str) else None
            seen = observation_of(record, reader or self._reader(name))
        except RecordError as error:
            return Replayed(line, None, problem=str(error))
        run = record.get("run", "")
        key = str(name), seen.job, run if isinstance(run, str) else visible(run)
        known, before = self._jobs.get(key, (None, None))
        decision = reconcile(known, seen, follow_restarts=record.get("follow_restarts") is True)
        after = before
        if decision.after is not known:
            after = job_record(decision.after)
            self._jobs[key] = decision.after, after
        return Replayed(line, decision, differences(record, decision, before, after))

    def _reader(self, name: Any) -> Reader:
        if not isinstance(name, str):
            raise RecordError("profile: missing, give --profile NAME")
        try:
            profile = self._profiles.get(name)
        except ConfigError as error:
            raise RecordError(f"{error}; give --config FILE with the file that has it") from error
        reader = self._readers[name] = Reader(profile)
        return reader


def _is_about(job: object, wanted: str) -> bool:
    return job == wanted or (isinstance(job, str) and same_id(job, wanted))


def _is_no_decision(record: dict[str, Any]) -> bool:
    kind = record.get("type")
    return isinstance(kind, str) and kind in _NOT_DECISIONS


class _Numbers:
    """Each run numbers its lines 1, 2, 3 …, whatever job they are about: one that is missing was taken out.

    A damaged line is told as such; what it may have been is not told again as missing.
    """

    def __init__(self) -> None:
        self._last: dict[str, list[int]] = {}
        """By run: the last number, and how many damaged lines there were before it."""
        self._damaged = 0
        self.noted: dict[str, list[str]] = {}

    def damaged(self) -> None:
        """Take note of a line that nobody can read."""
        self._damaged += 1

    def see(self, number: int, record: dict[str, Any]) -> None:
        """Compare a line's `seq` with the one before it in the same run; `number` is the line's own."""
        run, seq = record.get("run"), record.get("seq")
        if run.__class__ is not str or seq.__class__ is not int:
            return
        state = self._last.get(run)
        if state is None:
            state = self._last[run] = [0, 0]
        last, damaged = state
        state[:] = max(seq, last), self._damaged
        if seq <= last:
            note = f"seq: {visible(str(seq)[:40], 40)} on line {number} came before: written twice or moved"
        elif seq > last + 1 and damaged == self._damaged:
            note = f"seq: {_lines_missing(seq - last - 1)} before line {number}"
        else:
            return
        self.noted.setdefault(run, []).append(note)

    def notes(self, record: dict[str, Any]) -> list[str]:
        """Return, once, what was found out about the run of this line."""
        run = record.get("run")
        return self.noted.pop(run, []) if isinstance(run, str) else []


def _lines_missing(count: int) -> str:
    return "a line of this run is missing" if count == 1 else f"{count} lines of this run are missing"

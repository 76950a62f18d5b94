"""Re-decide a decision log with today's rules: what was decided, and every difference."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from jobctl.errors import ConfigError
from jobctl.observe import Reader
from jobctl.reconcile import reconcile
from jobctl.story import SCHEMA, RecordError, differences, job_record, observation_of

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

    def lines(self, lines: Iterable[Line]) -> Iterator[Replayed]:
        """Yield each line decided again."""
        for line in lines:
            if line.record is None:
                yield Replayed(line, None, problem=line.problem)
            elif line.record.get("type") in _NOT_DECISIONS:
                continue
            elif self._only is None or line.record.get("job") == self._only:
                yield self._decide(line, line.record)

    def _decide(self, line: Line, record: dict[str, Any]) -> Replayed:
        if record.get("schema", SCHEMA) != SCHEMA:
            return Replayed(line, None, problem=f"schema {record['schema']!r} is not {SCHEMA}")
        name = record.get("profile") or self._fallback
        try:
            reader = self._readers.get(name) if isinstance(name, str) else None
            seen = observation_of(record, reader or self._reader(name))
        except (RecordError, ConfigError) as error:
            return Replayed(line, None, problem=str(error))
        key = str(name), seen.job, str(record.get("run"))
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
        reader = self._readers[name] = Reader(self._profiles.get(name))
        return reader

"""What the passive protocol knows of one job, and the findings that follow from it."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jobctl.caching.findings import Diagnosis, Finding, Flag, Floor, Inconclusive, Rule, Verdict
from jobctl.caching.listening.replays import Replays
from jobctl.caching.listening.state import Versions
from jobctl.caching.rules import best_evidence, fold
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobctl.caching.listening.replays import HostNames, Replay
    from jobctl.caching.listening.runs import Stale
    from jobctl.caching.rfc9111 import Exposure
    from jobctl.model import Observation

_ENOUGH_PAIRS: Final = 2
_MAX_TARGETS: Final = 12
LONGEST_FLOOR: Final = 2.0
"""Seconds: a floor above it has seen no usual cache, so "no cache seen" would say nothing."""


class Word(NamedTuple):
    """A field that says "from a store": where first, what it says, how often."""

    number: int
    text: str
    seconds: float | None
    times: int = 1


class JobState:
    """One job: bounded, a few kilobytes."""

    __slots__ = (
        "arguments",
        "etags",
        "exposure",
        "forbidden",
        "notes",
        "plain_reads",
        "policy",
        "problem",
        "reads",
        "replays",
        "rules",
        "stale_by_word",
        "stale_replay",
        "status",
        "targets",
        "unchanged",
        "verdict",
        "versions",
        "words",
    )

    def __init__(self) -> None:
        self.versions = Versions()
        self.replays = Replays()
        self.words: dict[Rule, Word] = {}
        self.exposure: tuple[int, Exposure] | None = None
        self.policy = 0
        """Hash of the policy fields last looked at."""
        self.forbidden: dict[int, Replay | None] = {}
        """Answers with `no-store` or `private` that a store gave all the same → the replay that tells so."""
        self.etags: dict[str, Observation] = {}
        self.arguments: dict[str, tuple[int, int, int]] = {}
        """Query argument → hash of its last value, how many values followed each other, how often it came."""
        self.targets: deque[int] = deque(maxlen=_MAX_TARGETS)
        """Hashes of the paths and queries last asked for."""
        self.notes: set[str] = set()
        self.problem: str | None = None
        self.reads = 0
        self.plain_reads = 0
        """Reads that a store may have answered: neither by a URL never used before, nor with `no-cache`."""
        self.status: Observation | None = None
        self.unchanged = 0
        self.stale_replay: tuple[Stale, Replay] | None = None
        """An answer that was out of date and a replay itself."""
        self.stale_by_word: tuple[Stale, Rule, str, float | None] | None = None
        """An answer that was out of date and declared an age, or a hit, that explains it."""
        self.verdict = Verdict.INCONCLUSIVE
        self.rules: set[Rule] = set()
        """Rules that were told already."""

    def diagnosis(self, host: HostNames) -> Diagnosis:
        """Conclude from everything remembered."""
        findings = tuple(dict.fromkeys(self._findings(host)))
        floor, stale = self._floor(), self.versions.worst
        has_power = stale is None and floor is not None and floor.seconds <= LONGEST_FLOOR
        verdict = fold(findings, has_power=has_power)
        evidence = best_evidence(findings, verdict)
        return Diagnosis(
            verdict=verdict,
            findings=findings,
            flags=_flags(findings),
            reason=self._reason() if verdict is Verdict.INCONCLUSIVE else None,
            staleness=round(stale.seconds, 3) if stale else None,
            floor=floor,
            evidence=evidence,
            # Without a direct origin nobody knows whether its `no-store` arrives unchanged.
            is_safe=False,
            changes=self.versions.changes,
            plain_reads=self.plain_reads,
        )

    def _findings(self, host: HostNames) -> Iterator[Finding]:
        yield from self._replay_findings(host)
        if self.versions.worst is not None:
            yield _older(self.versions.worst)
            yield from self._frozen_findings()
        yield from self._word_findings(host)
        if self.exposure is not None:
            number, exposed = self.exposure
            yield Finding(
                Rule.R11,
                (number,),
                f"{exposed.ground}: caches may answer with it for {exposed.seconds:g} s",
                exposed.seconds,
            )
        disordered = self.versions.disordered
        if disordered is not None:
            yield Finding(
                Rule.C1,
                (disordered.control.number, disordered.sample.number),
                "reads with a query never used before, which a store keyed by URL cannot hold, went back: "
                + told(disordered),
                round(disordered.seconds, 3),
            )

    def _replay_findings(self, host: HostNames) -> Iterator[Finding]:
        replays = list(self.replays.proven(host))
        if self.stale_replay is not None:
            stale, replay = self.stale_replay
            if host.proves(replay):
                yield _older(stale)
                if replay not in replays:
                    replays.insert(0, replay)
        for replay in replays:
            rule = Rule.R1 if replay.is_echo else Rule.R2
            whose = "the id that request sent" if replay.is_echo else "the same value"
            detail = f"{replay.name} of answer {replay.first} came again in answer {replay.again}: {whose}"
            yield Finding(rule, (replay.first, replay.again), detail, round(replay.seconds, 3))
            if replay.crossed:
                yield Finding(
                    Rule.R12,
                    (replay.first, replay.again),
                    f"answers {replay.first} and {replay.again} are one answer, "
                    "asked for with different Authorization",
                )

    def _frozen_findings(self) -> Iterator[Finding]:
        proof = self.versions.proof
        if proof is None or self.versions.in_disorder:
            return
        run, last = proof.run, proof.last
        if run.forbidden:
            self.forbidden[last.sample.number] = None
        moved = f"{run.count} answers in a row said {spelled(run.seen)} while the job moved on"
        yield Finding(
            Rule.R4,
            (last.control.number, proof.first.sample.number, last.sample.number),
            f"{moved}: {last.control.strength.phrase} ({last.control.number}) had said "
            f"{spelled(last.control.seen)}",
            round(last.seconds, 3),
        )
        if run.confirmed is not None and run.confirmed.sent >= last.control.received:
            yield Finding(
                Rule.R6,
                (last.control.number, run.confirmed.number),
                f"304 confirmed the ETag of {spelled(run.seen)} after {last.control.strength.phrase} "
                f"had said {spelled(last.control.seen)}",
                round(last.seconds, 3),
            )

    def _word_findings(self, host: HostNames) -> Iterator[Finding]:
        if self.stale_by_word is not None:
            stale, rule, text, seconds = self.stale_by_word
            yield _older(stale)
            yield Finding(rule, (stale.sample.number,), text, seconds)
        for rule, word in self.words.items():
            yield Finding(rule, (word.number,), f"{word.text} ({word.times} answers)", word.seconds)
        proven = (number for number, replay in self.forbidden.items() if not replay or host.proves(replay))
        for number in islice(proven, 1):
            yield Finding(
                Rule.R9, (number,), f"answer {number} carries no-store or private, yet a store gave it"
            )

    def _floor(self) -> Floor | None:
        if self.versions.pairs < _ENOUGH_PAIRS:
            return None
        return Floor(round(self.versions.gaps[-1], 3), self.versions.pairs, "changes")

    def _reason(self) -> Inconclusive:
        if self.reads == 0:
            return _REASONS.get(self.problem or "", Inconclusive.NOTHING_READ)
        if self.versions.disordered is not None:
            return Inconclusive.ORIGIN_NOT_MONOTONE
        if self.plain_reads <= _ENOUGH_PAIRS < self.reads:
            return Inconclusive.NO_PLAIN_READS
        return Inconclusive.JOB_NOT_CHANGING


def _older(stale: Stale) -> Finding:
    return Finding(Rule.R3, (stale.control.number, stale.sample.number), told(stale), round(stale.seconds, 3))


def _flags(findings: tuple[Finding, ...]) -> tuple[Flag, ...]:
    rules = {finding.rule for finding in findings}
    by_rule = {Rule.R12: Flag.AUTH_UNSAFE, Rule.R9: Flag.CONTRADICTION}
    return tuple(flag for rule, flag in by_rule.items() if rule in rules)


_REASONS: Final = {
    "tunnel-page": Inconclusive.TUNNEL_PAGE,
    "not-json": Inconclusive.NOT_JSON,
    "redirect": Inconclusive.REDIRECTED,
    "auth": Inconclusive.AUTH_REFUSED,
    "not-found": Inconclusive.JOB_NOT_FOUND,
    "rate-limited": Inconclusive.RATE_LIMITED,
    "server-error": Inconclusive.SERVER_ERROR,
    "unreachable": Inconclusive.UNREACHABLE,
}


def told(stale: Stale) -> str:
    """Say what made an answer out of date, in one line."""
    return (
        f"answer {stale.sample.number} said {spelled(stale.seen)}, {stale.seconds:.1f} s after "
        f"{stale.control.strength.phrase} ({stale.control.number}) had said {spelled(stale.control.seen)}"
    )


def spelled(seen: Observation) -> str:
    """Spell a state in a few words, fit for a terminal."""
    parts = [visible(seen.raw_status or (seen.status.value if seen.status else "nothing"), 40)]
    if seen.progress is not None:
        parts.append(f"{seen.progress:g} %")
    if seen.updated_at is not None:
        parts.append(f"(updated_at {visible(seen.updated_at.text or str(seen.updated_at.ns), 40)})")
    return " ".join(parts)


def slim(seen: Observation) -> Observation:
    """Return an observation without its payload: what is kept of it."""
    kept: dict[str, Any] = {"payload": None, "error": None, "result": None, "http": None, "job": ""}
    return seen._replace(**kept)

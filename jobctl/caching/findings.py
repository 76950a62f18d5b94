"""What the caching rules conclude: findings, verdicts, flags, reasons for no verdict. Data, no judgement."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple, Self

from jobctl.caching.registry import Confidence, Rule, Severity
from jobctl.exit_codes import ExitCode

__all__ = [
    "WORST_FIRST",
    "Confidence",
    "Diagnosis",
    "Finding",
    "Flag",
    "Floor",
    "Inconclusive",
    "Rule",
    "Severity",
    "Verdict",
]


class Verdict(StrEnum):
    """What the findings come to, worst first. `sentence` completes "this path …"."""

    sentence: str
    exit_code: ExitCode

    def __new__(cls, word: str, exit_code: ExitCode, sentence: str) -> Self:
        """Attach the columns to the word."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.exit_code = exit_code
        member.sentence = sentence
        return member

    PROVEN_STALE = (
        "PROVEN_STALE",
        ExitCode.CACHING_PROVEN,
        "answered job reads from memory, out of date",
    )
    SERVED_FROM_CACHE = (
        "SERVED_FROM_CACHE",
        ExitCode.CACHING_PROVEN,
        "answered job reads from memory; none was seen out of date",
    )
    CACHE_DECLARED = "CACHE_DECLARED", ExitCode.CACHING_PROVEN, "says itself that it answered from memory"
    SUSPECT_STALE = (
        "SUSPECT_STALE",
        ExitCode.CACHING_POSSIBLE,
        "returned older state; a cache or a lagging replica, not proven which",
    )
    CACHEABLE = (
        "CACHEABLE",
        ExitCode.CACHING_POSSIBLE,
        "was not seen caching, but the answers' policy lets caches store them",
    )
    NO_CACHE_SEEN = (
        "NO_CACHE_SEEN",
        ExitCode.COMPLETED,
        "was not seen caching, by an experiment that could have seen it",
    )
    INCONCLUSIVE = "INCONCLUSIVE", ExitCode.UNDECIDED, "could not be judged"


class Flag(StrEnum):
    """What is said beside a verdict."""

    REWRITTEN = "REWRITTEN"
    AUTH_UNSAFE = "AUTH_UNSAFE"
    ORIGIN_SIDE_CACHE = "ORIGIN_SIDE_CACHE"
    CONTRADICTION = "CONTRADICTION"
    BUSTER_INEFFECTIVE = "BUSTER_INEFFECTIVE"
    CLOCK_SKEW = "CLOCK_SKEW"


class Inconclusive(StrEnum):
    """Why a path could not be judged, and what to do about it."""

    next_step: str

    def __new__(cls, word: str, next_step: str) -> Self:
        """Attach the next step to the reason."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.next_step = next_step
        return member

    JOB_NOT_CHANGING = (
        "job-not-changing",
        "diagnose a running job, let `--submit PAYLOAD` make one, or give --wait-change 60s",
    )
    ORIGIN_NOT_MONOTONE = (
        "origin-not-monotone",
        "the origin's own replicas disagree: pin reads to its primary, or let it echo X-Request-Id",
    )
    RATE_LIMITED = "rate-limited", "wait as long as it asks for, then repeat with --rounds 2"
    TUNNEL_PAGE = "tunnel-page", "the tunnel answered instead of the API: mend the tunnel first"
    NOT_JSON = "not-json", "what answered is no job API: check the route, --profile and the job id"
    NO_DIRECT = "no-direct", "give --origin URL, the address of the API past the proxy"
    BUSTER_UNVERIFIED = (
        "buster-unverified",
        "give --origin URL: without it, and with a query that changes nothing, there is no control",
    )
    DIFFERENT_BACKEND = (
        "different-backend",
        "the job exists on one side only: do route and origin lead to the same server?",
    )
    BUDGET = "budget", "give a larger --budget"
    UNREACHABLE = "unreachable", "nobody answered there: check the address, and that it is up"
    AUTH_REFUSED = "auth-refused", "set the token the profile names; does the proxy pass Authorization on?"
    REDIRECTED = "redirected", "give the address it redirects to as the route"
    JOB_NOT_FOUND = "job-not-found", "neither side knows this job: check the id and --profile"
    SERVER_ERROR = "server-error", "the API or something in front of it fails: its log says more"
    NO_PLAIN_READS = (
        "no-plain-reads",
        "only unique URLs or no-cache were asked for, which caches pass on: run `jobctl diagnose JOB`",
    )
    NOTHING_READ = "nothing-read", "no read of a job is in it: check --profile and the job id"


class Finding(NamedTuple):
    """One rule that held: on which exchanges (their numbers, control first), and in words.

    `seconds` is what the rule measures, where it does: staleness (R3, R4, R6), age (R7), horizon (R11).
    """

    rule: Rule
    exchanges: tuple[int, ...]
    detail: str
    seconds: float | None = None


class Floor(NamedTuple):
    """What the experiment could see: a cache holding answers for `seconds` or longer would have shown.

    `pairs` of plain reads were told apart; `by` is what told them apart (`changes`, `unique values`).
    """

    seconds: float
    pairs: int
    by: str


class Diagnosis(NamedTuple):
    """What the rules conclude about one job on one path."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    flags: tuple[Flag, ...] = ()
    reason: Inconclusive | None = None
    staleness: float | None = None
    """Seconds the worst stale answer was at least out of date, on our clock."""
    floor: Floor | None = None
    evidence: tuple[int, int] | None = None
    """Numbers of the two exchanges that show it best: the control, then the answer it convicts."""
    is_safe: bool = False
    """NO_CACHE_SEEN, and the origin's `no-store` arrives unchanged."""
    changes: int = 0
    """How many changes of the job the control saw."""
    plain_reads: int = 0


WORST_FIRST: Final = tuple(Verdict)
"""The order of the verdicts; INCONCLUSIVE stands apart, at the end."""

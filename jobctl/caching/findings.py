"""The closed registry of what the caching rules can conclude: rules, verdicts, flags. Data, no judgement.

Every rule says what it proves and what it does not: a report must never claim more than its evidence.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final, NamedTuple, Self


class Severity(IntEnum):
    """How bad it is if true."""

    NOTE = 0
    WARNING = 1
    ERROR = 2


class Confidence(IntEnum):
    """How sure the evidence makes us, apart from how bad it is."""

    POSSIBLE = 0
    DECLARED = 1
    PROVEN = 2


class Rule(StrEnum):
    """One rule: id, and what is said about it. The table below is the only place where rules are made."""

    slug: str
    severity: Severity
    confidence: Confidence
    headline: str
    proves: str
    not_proves: str
    anchor: str

    def __new__(  # noqa: PLR0917 -- the columns of the table
        cls,
        code: str,
        slug: str,
        severity: Severity,
        confidence: Confidence,
        headline: str,
        proves: str,
        not_proves: str,
        anchor: str,
    ) -> Self:
        """Attach the explanations to the id."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.slug, member.severity, member.confidence = slug, severity, confidence
        member.headline, member.proves, member.not_proves, member.anchor = (
            headline,
            proves,
            not_proves,
            anchor,
        )
        return member

    R1 = (
        "R1",
        "echo-replay",
        Severity.ERROR,
        Confidence.PROVEN,
        "the answer carries another request's id",
        "it was made for an earlier request and served from a store",
        "that what it says is out of date",
        "RFC 9111 section 4",
    )
    R2 = (
        "R2",
        "nonce-replay",
        Severity.ERROR,
        Confidence.PROVEN,
        "a value that the origin makes anew for each answer came twice",
        "the second answer was served from a store",
        "that what it says is out of date",
        "RFC 9111 section 4",
    )
    R3 = (
        "R3",
        "regression",
        Severity.ERROR,
        Confidence.POSSIBLE,
        "a later answer was older than what the origin had already said",
        "the path returned an older state",
        "that a cache did it: a lagging replica looks the same",
        "RFC 9111 section 4.2.4",
    )
    R4 = (
        "R4",
        "frozen",
        Severity.ERROR,
        Confidence.PROVEN,
        "the same older state came again while the origin moved on",
        "the path returns a stored, out-of-date state",
        "anything about stores that keep it for less than the gap between the two",
        "RFC 9111 section 4.2.4",
    )
    R5 = (
        "R5",
        "key-split",
        Severity.ERROR,
        Confidence.POSSIBLE,
        "a unique URL was answered freshly, the plain URL with older state right after",
        "the plain URL is answered differently, as a cache keyed by URL does",
        "that it happens each time",
        "RFC 9111 section 2",
    )
    R6 = (
        "R6",
        "validator-stale",
        Severity.ERROR,
        Confidence.PROVEN,
        "an ETag the origin has replaced is still confirmed as current",
        "a stored, out-of-date validator answers for the origin",
        "anything where the ETag is weak",
        "RFC 9110 section 13.1.2, RFC 9111 section 4.3",
    )
    R7 = (
        "R7",
        "age",
        Severity.WARNING,
        Confidence.DECLARED,
        "answers carry an Age that the origin's do not",
        "a cache on this path declares that it reused an answer",
        "that what it says is out of date",
        "RFC 9111 section 5.1",
    )
    R8 = (
        "R8",
        "declared",
        Severity.WARNING,
        Confidence.DECLARED,
        "a cache's own field says that it answered from its store",
        "the cache says so",
        "that its word is true",
        "RFC 9211 section 2",
    )
    R9 = (
        "R9",
        "contradiction",
        Severity.ERROR,
        Confidence.PROVEN,
        "answers are stored although their policy forbids it",
        "a policy is overridden on this path: headers alone will not fix it",
        "who overrides it",
        "RFC 9111 section 5.2.2.5",
    )
    R10 = (
        "R10",
        "rewritten",
        Severity.WARNING,
        Confidence.PROVEN,
        "cache fields are changed on the way",
        "somebody on this path edits the caching policy or the validators",
        "that anything is cached",
        "RFC 9110 section 7.7",
    )
    R11 = (
        "R11",
        "cacheable",
        Severity.WARNING,
        Confidence.POSSIBLE,
        "the answers' own policy lets shared caches store them",
        "a cache may keep them, for as long as said",
        "that one does",
        "RFC 9111 section 3",
    )
    R12 = (
        "R12",
        "auth-leak",
        Severity.ERROR,
        Confidence.PROVEN,
        "a request without credentials got the answer made for one with them",
        "stored answers cross from user to user on this path",
        "which users were affected",
        "RFC 9111 section 3.5",
    )
    C1 = (
        "C1",
        "origin-not-monotone",
        Severity.WARNING,
        Confidence.PROVEN,
        "the origin itself answered older after newer",
        "direct reads are not in order (replica lag, several backends)",
        "anything about a cache on this path; older answers alone count for nothing here",
        "",
    )
    C2 = (
        "C2",
        "origin-side",
        Severity.WARNING,
        Confidence.PROVEN,
        "direct answers show the marks of a store too",
        "the cache sits at or behind what was called direct",
        "anything about the proxy",
        "RFC 9111 section 4",
    )
    C3 = (
        "C3",
        "no-power",
        Severity.NOTE,
        Confidence.PROVEN,
        "the experiment could not have seen a cache",
        "nothing: too few changes, and nothing unique in each answer",
        "the absence of caching",
        "",
    )


class Verdict(StrEnum):
    """What the findings come to, worst first. `sentence` completes "this path …"."""

    sentence: str

    def __new__(cls, word: str, sentence: str) -> Self:
        """Attach the sentence to the word."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.sentence = sentence
        return member

    PROVEN_STALE = "PROVEN_STALE", "answered job reads from memory, with an older state than the job had"
    SERVED_FROM_CACHE = "SERVED_FROM_CACHE", "answered job reads from memory; none was seen out of date"
    CACHE_DECLARED = "CACHE_DECLARED", "says itself that it answered from memory"
    SUSPECT_STALE = "SUSPECT_STALE", "returned older state; a cache or a lagging replica, not proven which"
    CACHEABLE = "CACHEABLE", "was not seen caching, but the answers' policy lets caches store them"
    NO_CACHE_SEEN = "NO_CACHE_SEEN", "was not seen caching, by an experiment that could have seen it"
    INCONCLUSIVE = "INCONCLUSIVE", "could not be judged"


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

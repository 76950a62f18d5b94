"""The closed registry of caching rules: how grave, how sure, what each proves and what it does not.

A report must never claim more than its evidence: the sentences here are what it says.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Self


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

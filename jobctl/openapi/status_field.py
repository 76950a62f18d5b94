"""Which property is the job's status, and which words it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from jobctl.model import JobStatus
from jobctl.openapi.flags import Flag, find_flag
from jobctl.openapi.found import Confidence, Found, graded, missing
from jobctl.openapi.names import expression, snake
from jobctl.openapi.roles import INSIDE_STATUS, OUTCOMES, STATUS, STATUS_ENDINGS
from jobctl.openapi.words import Word, read_words, tells_a_life, words_in_text
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobctl.openapi.schemas import Leaf

_BY_HAND: Final = "write fields.status by hand, as a JMESPath expression"
_WHOLE_LIFE: Final = 6
_PART_OF_A_LIFE: Final = 3


class Status(NamedTuple):
    """The finding, the property behind it, its words, and how much it looks like a job's status.

    `flag` is there where no word but booleans tell it.
    """

    found: Found
    leaf: Leaf | None
    words: tuple[Word, ...]
    points: int
    flag: Flag | None = None


class _Candidate(NamedTuple):
    points: int
    leaf: Leaf
    words: tuple[Word, ...]
    reasons: tuple[str, ...]


def find_status(leaves: list[Leaf]) -> Status:
    """Find the status among an answer's properties."""
    best: _Candidate | None = None
    for leaf in leaves:
        one = _judged(leaf)
        if one is not None and (best is None or one.points > best.points):
            best = one
    flag = find_flag(leaves)
    if flag is not None and (best is None or _tells_more(flag, best)):
        found = Found(flag.status(None), graded(flag.points, 10, 7), flag.reasons)
        return Status(found, flag.leaf, read_words(flag.words), flag.points, flag)
    if best is None:
        return Status(missing("no property looks like a status", _BY_HAND), None, (), 0)
    path, words, reasons = expression(best.leaf.path), best.words, best.reasons
    confidence = graded(best.points, 10, 7)
    outcome = _outcome(leaves, best)
    if outcome is not None:
        ending = expression(outcome.path)
        path = f"{ending} || {path}"
        words = read_words(dict.fromkeys([*_words(outcome)[0], *(word.word for word in words)]))
        reasons = (*reasons, f"{ending} tells how it ended, which {best.leaf.name} does not")
    elif words and not _has(words, JobStatus.FAILED):
        confidence = Confidence.MEDIUM if confidence is Confidence.HIGH else confidence
        reasons = (*reasons, "no word for a failure: is that told elsewhere?")
    return Status(Found(path, confidence, reasons), best.leaf, words, best.points)


def _tells_more(flag: Flag, word: _Candidate) -> bool:
    """A word is the better status, unless it belongs to something within the record, or is no job's."""
    if len(word.leaf.path) > len(flag.leaf.path):
        return flag.is_complete or not tells_a_life(word.words)
    return bool(word.words) and not any(one.status is not None for one in word.words)


def _judged(leaf: Leaf) -> _Candidate | None:
    points = _points_of_name(leaf)
    if not points or not leaf.shape.may_be("string") or leaf.shape.properties:
        return None
    written, origin = _words(leaf)
    words = read_words(written)
    reasons = [f"named {visible('.'.join(leaf.path), 80)}"]
    if tells_a_life(words):
        points += _WHOLE_LIFE
        reasons.append(f"its words ({origin}) tell a job's life")
    elif any(word.status is not None and word.confidence is not Confidence.LOW for word in words):
        points += _PART_OF_A_LIFE if origin == "example" else 0
        reasons.append(f"some of its words ({origin}) are a job's")
    elif words:
        points -= 2
        reasons.append(f"its words ({origin}) are no job's")
    else:
        points -= 1
        reasons.append("its words are not listed: the usual ones are assumed")
    points -= 2 * max(0, len(leaf.path) - 2) + (len(leaf.path) > 1)
    return _Candidate(points, leaf, words, tuple(reasons)) if points > 0 else None


def _points_of_name(leaf: Leaf) -> int:
    name = snake(leaf.name)
    above = snake(leaf.path[-2]) if len(leaf.path) > 1 else ""
    if above in STATUS and name in INSIDE_STATUS:
        return STATUS[above] if name in STATUS else STATUS[above] - 2
    if name in STATUS:
        return STATUS[name]
    return 4 if name.endswith(STATUS_ENDINGS) else 0


def _words(leaf: Leaf) -> tuple[tuple[str, ...], str]:
    """Return the words of a property, and where they were written."""
    if leaf.shape.enum:
        return leaf.shape.enum, "enum"
    if quoted := words_in_text(leaf.shape.text):
        return quoted, "description"
    samples = tuple(one for one in leaf.shape.samples if isinstance(one, str) and len(one) < 40)
    return samples, "example"


def _outcome(leaves: list[Leaf], status: _Candidate) -> Leaf | None:
    """Return the property that tells how a job ended, where the status has no word for a failure."""
    if _has(status.words, JobStatus.FAILED):
        return None
    for leaf in leaves:
        if leaf.path[:-1] == status.leaf.path[:-1] and snake(leaf.name) in OUTCOMES:
            written, origin = _words(leaf)
            is_open = origin == "example"  # its words are not listed: it may well say failed
            if leaf.shape.may_be("string") and (is_open or _has(read_words(written), JobStatus.FAILED)):
                return leaf
    return None


def _has(words: Iterable[Word], status: JobStatus) -> bool:
    return any(word.status is status for word in words)

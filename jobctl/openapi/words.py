"""An API's own status words → `JobStatus`: known ones, likely ones with a reason, and the unsure marked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from jobctl.model import JobStatus
from jobctl.openapi.found import Confidence
from jobctl.openapi.names import snake, words_in
from jobctl.profile.model import DEFAULT_WORDS, spell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Word(NamedTuple):
    """One word. `status` is None where nobody could tell; `known`: the profile need not mention it."""

    word: str
    status: JobStatus | None
    confidence: Confidence
    reason: str
    known: bool = False


_LIKELY: Final = {
    JobStatus.PENDING: "in_queue enqueued accepted new init initial initializing initialized not_started "
    "on_queue ready_to_run preparing received validating provisioning requested starting backlog "
    "up_for_retry up_for_reschedule retrying_later throttled awaiting_retry late",
    JobStatus.RUNNING: "executing working in_process inprogress ongoing rendering encoding transcoding "
    "generating building uploading downloading finalizing finishing finalising retrying "
    "cancelling canceling stopping terminating aborting deleting training evaluating leased "
    "stopping_jobs updating creating",
    JobStatus.COMPLETED: "ok successful passed fulfilled resolved",
    JobStatus.FAILED: "timed_out timeout timedout expired crashed dead rejected unsuccessful fatal "
    "startup_failure internal_error bad_request upstream_failed out_of_memory broken lost execution_error",
    JobStatus.CANCELLED: "cancelled_by_user canceled_by_user user_cancelled user_canceled killed terminated "
    "interrupted withdrawn",
}
_UNSURE: Final = {
    "paused": "a paused job goes on one day, or never",
    "suspended": "a suspended job goes on one day, or never",
    "skipped": "is a skipped job completed or cancelled?",
    "ended": "ended, but how?",
    "closed": "closed, but how?",
    "terminal": "ended, but how?",
    "neutral": "neither success nor failure",
    "partial": "completed in part",
    "ready": "ready to start, or ready to fetch?",
    "action_required": "waits for a person",
    "requires_action": "waits for a person",
    "stale": "given up by the server, by age",
    "unknown": "the server does not know either",
    "deleted": "the record is gone, the job's end unknown",
    "warning": "completed with warnings, or not?",
    "incomplete": "not complete yet, or never",
}
_BY_WORD: Final = {word: status for status, words in _LIKELY.items() for word in words.split()}
_ENDINGS: Final = {
    "failed": JobStatus.FAILED,
    "failure": JobStatus.FAILED,
    "error": JobStatus.FAILED,
    "cancelled": JobStatus.CANCELLED,
    "canceled": JobStatus.CANCELLED,
    "queued": JobStatus.PENDING,
    "pending": JobStatus.PENDING,
    "running": JobStatus.RUNNING,
}
_QUOTED: Final = re.compile(r"[`'\"“]([A-Za-z][\w -]{1,30}?)[`'\"”]", re.ASCII)


def read_word(word: str) -> Word:
    """Map one word."""
    spelled, bare = spell(word), snake(word)
    if (status := DEFAULT_WORDS.get(spelled)) is not None:
        return Word(word, status, Confidence.HIGH, "a usual word", known=True)
    if (status := DEFAULT_WORDS.get(bare)) is not None:
        return Word(word, status, Confidence.HIGH, f"{bare}, written differently")
    if (doubt := _UNSURE.get(bare)) is not None:
        return Word(word, None, Confidence.NONE, doubt)
    if (status := _BY_WORD.get(bare)) is not None:
        return Word(word, status, Confidence.MEDIUM, "what this word mostly means")
    last = bare.rpartition("_")[2]
    if (status := _ENDINGS.get(last)) is not None:
        return Word(word, status, Confidence.LOW, f"it ends in {last}")
    return Word(word, None, Confidence.NONE, "not a usual word")


def read_words(words: Iterable[str]) -> tuple[Word, ...]:
    """Map words in their order, each spelling once; one that no profile can hold is left out."""
    found: dict[str, str] = {}
    for word in words:
        if word.strip() and len(word) <= 100:
            found.setdefault(spell(word), word.strip())
    prefix = _shared_prefix([words_in(word) for word in found.values()])
    return tuple(_without(prefix, word) for word in found.values())


def _shared_prefix(words: Sequence[tuple[str, ...]]) -> int:
    """Return with how many parts all words begin, as `JOB_STATE_QUEUED` and its like do."""
    if len(words) < 3:
        return 0
    longest = min(map(len, words)) - 1
    shared = next((n for n in range(longest) if len({word[n] for word in words}) > 1), max(longest, 0))
    return 0 if _TELLING.intersection(words[0][:shared]) else shared


_TELLING: Final = frozenset(
    ["not", "no", "non", "never", "un", "pre", "almost", "nearly", "partially", "partly", "half"]
)
"""In front of a word these change what it says."""


def _without(prefix: int, word: str) -> Word:
    read = read_word(word)
    if not prefix or read.known:
        return read
    parts = words_in(word)
    rest = read_word("_".join(parts[prefix:]))
    if rest.status is None:
        return rest._replace(word=word) if read.status is None else read
    reason = f"{rest.word}, behind the {'_'.join(parts[:prefix]).upper()} that all words have"
    return Word(word, rest.status, Confidence.MEDIUM, reason)


def words_in_text(text: str) -> tuple[str, ...]:
    """Return the quoted words of a description, when at least two of them speak of a job's life."""
    quoted = tuple(dict.fromkeys(_QUOTED.findall(text[:2000])))
    sure = [word for word in quoted if read_word(word).status is not None]
    return quoted if len(sure) > 1 else ()


def tells_a_life(words: Iterable[Word]) -> bool:
    """Tell whether among these words is an end and something before it: the mark of a job's status."""
    statuses = {word.status for word in words if word.status is not None}
    return any(one.terminal for one in statuses) and any(not one.terminal for one in statuses)

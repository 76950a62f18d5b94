"""What else a record shows about a job, after the answer: the truth, the other sources, the noise. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobctl.explain.answers import ages, answer
from jobctl.explain.causes import taken_back
from jobctl.explain.ends import refused, unanswered
from jobctl.explain.explanation import Cause, Claim
from jobctl.explain.wording import Wording, count_of, shown_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jobctl.explain.facts import Facts

_UNREAD: Final = {
    "no-body": "whose body is not in the recording (export it with content)",
    "head": "asked for the headers alone (HEAD), which carry no status",
    "not-modified": "said HTTP 304: the client got its old copy again",
    "not-json": "were no JSON",
    "tunnel-page": "were a tunnel's own page, no answer of the API",
    "not-the-job": "were JSON, but no record of this job",
    "redirect": "were redirected",
    "auth": "were refused (401, 403)",
    "not-found": "were not found",
    "rate-limited": "were told to wait (429, 503)",
    "server-error": "failed with a server error",
    "unreachable": "got no answer",
    "timeout": "timed out",
    "refused": "were refused",
}
_MANY_OPENED: Final = 2


def further(causes: Sequence[Cause], facts: Facts, words: Wording) -> Iterator[Claim]:
    """Yield the claims after the first: `causes[0]` has been answered."""
    yield from _truth(facts, words)
    for cause in causes[1:]:
        if (
            cause is Cause.CANCEL_RESPONSE
            and facts.refused
            and not facts.back_counts[cause]
            and taken_back(facts, cause) is None
        ):
            yield refused(facts, words)
        elif cause is not Cause.CACHED_READS or facts.back_counts[cause] or taken_back(facts, cause):
            yield answer(cause, facts, words)
    yield from unanswered(facts, words)
    if facts.cached:
        numbers = [moment.entry for moment in facts.cached.first]
        yield Claim(
            f"{count_of(len(facts.cached), 'read was', 'reads were')} answered from a cache{ages(facts)}: "
            f"{words.listed(numbers, len(facts.cached))}.",
            tuple(numbers),
        )
    yield from _the_clients_own(causes, facts, words)
    yield from _noise(facts, words)


def _truth(facts: Facts, words: Wording) -> Iterator[Claim]:
    if not facts.steps:
        return
    said = [
        f"{shown_words(step.shown)} at {words.time(step.moment.at)} ({words.entry(step.moment.entry)})"
        for step in facts.steps
    ]
    if facts.more_steps:
        said.insert(-1, f"{facts.more_steps} more")
    yield Claim(
        f"The truth, as jobctl shows it: {', '.join(said)}.", tuple(s.moment.entry for s in facts.steps)
    )


def _the_clients_own(causes: Sequence[Cause], facts: Facts, words: Wording) -> Iterator[Claim]:
    told = facts.flips[1:] if causes[0] is Cause.CLIENT_STATE else facts.flips
    for flip in told:
        yield Claim(f"At {words.time(flip.at)} ({words.entry(flip.entry)}) {flip.text}.", (flip.entry,))
    if facts.loaded and (facts.flips or causes[0] is not Cause.CLIENT_STATE):
        loads = facts.loaded
        first = loads.first[0]
        many = f", and {count_of(len(loads) - 1, 'more time', 'more times')}" if len(loads) > 1 else ""
        yield Claim(
            f"The page was loaded again at {words.time(first.at)} ({words.entry(first.entry)}){many}: "
            "a client that restores saved state shows it from then until its next read.",
            tuple(one.entry for one in loads.first),
        )


def _noise(facts: Facts, words: Wording) -> Iterator[Claim]:
    if facts.disordered:
        numbers = facts.disordered.first
        yield Claim(
            f"The {words.record} is not in order of time ({words.entries(facts.disordered)}): put together "
            "so, it tells another story than what happened.",
            tuple(numbers),
        )
    for kind, some in facts.unread.items():
        numbers = [one.entry for one in some.first]
        yield Claim(
            f"{count_of(len(some), 'read', 'reads')} {_UNREAD.get(kind, kind)}: "
            f"{words.listed(numbers, len(some))}.",
            tuple(numbers),
        )
    if len(facts.opened) >= _MANY_OPENED:
        numbers = [one.entry for one in facts.opened.first]
        yield Claim(
            f"The WebSocket was opened {len(facts.opened)} times "
            f"({words.listed(numbers, len(facts.opened))}); a client that resets on connecting shows its "
            "first status each time.",
            tuple(numbers),
        )
    if facts.keepalives:
        yield Claim(
            f"{count_of(facts.keepalives, 'keep-alive', 'keep-alives')} came by the WebSocket and carried no "
            "status."
        )

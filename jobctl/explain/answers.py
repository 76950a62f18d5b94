"""The first sentence of an explanation: one for each cause, in plain words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobctl.explain.causes import taken_back
from jobctl.explain.ends import refused, told_end
from jobctl.explain.explanation import Cause, Claim
from jobctl.explain.naive import is_back
from jobctl.explain.wording import Wording, count_of, sayer, shown_words, stream_name
from jobctl.model import Source
from jobctl.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobctl.explain.explanation import Moment
    from jobctl.explain.facts import Back, Facts


def answer(cause: Cause, facts: Facts, words: Wording) -> Claim:
    """Return the sentence that answers, where `cause` is the first that holds."""
    return _ANSWERS[cause](facts, words)


def _stream_stale(facts: Facts, words: Wording) -> Claim:
    back = _worst(facts, Cause.STREAM_STALE)
    if back is None:
        return _taken_back(Cause.STREAM_STALE, facts, words)
    moment, known = back.moment, back.known
    said = _quoted(back)
    more = facts.back_counts[Cause.STREAM_STALE] - 1
    others = f", and {count_of(more, 'more message', 'more messages')} did the same" if more else ""
    lock = "a terminal lock" if known.shown.status.terminal else "an order of versions"
    # What only frames without a time said does not tell what the server would have said.
    is_proven = known.moment.source is not Source.STREAM or known.moment.updated_at is not None
    # And an old word that is higher may have been said again since.
    is_proven = is_proven and is_back(known.shown, moment.naive)
    if is_proven and facts.server_low_at < known.moment.at:
        first = (
            f"The server never said {said} after {words.time(known.moment.at)}, when "
            f"{sayer(known.moment.source)} said {shown_words(known.shown)} "
            f"({words.entry(known.moment.entry)})."
        )
    else:
        first = (
            f"The job was {shown_words(known.shown)} from {words.time(known.moment.at)} on "
            f"({words.entry(known.moment.entry)})."
        )
    return Claim(
        f"{first} {stream_name(back.stream, words)} said {said} {_age_of(back)} at "
        f"{words.where(moment)}{others}; "
        f"a client without {lock} would have gone back at that moment.",
        (known.moment.entry, moment.entry),
    )


def _cached_reads(facts: Facts, words: Wording) -> Claim:
    back = _worst(facts, Cause.CACHED_READS)
    if back is None:
        end = taken_back(facts, Cause.CACHED_READS)
        return _stuck(facts, words) if end is None else told_end(end, facts, words)
    moment, known = back.moment, back.known
    is_declared = moment.cached_by is not None
    entries = facts.back_entries[Cause.CACHED_READS]
    came = (
        f"came from a cache ({moment.cached_by})"
        if is_declared
        else "was asked before that and came after it"
        if back.overtaken
        else "was an old copy, or the job did end so: no time tells which of the two ends is the later one"
        if moment.reason is Reason.TERMINAL_CONFLICT
        else "is older than that, though it stands after it"
        if moment.at < known.moment.at
        else "was a stored answer to that submit, or the job was started again"
        if moment.source is Source.SUBMIT
        else "was an old copy: a cache that does not say so, or a replica that lags"
    )
    many = (
        f" {count_of(len(entries), 'read', 'reads')} went back so ({words.entries(entries)})."
        if len(entries) > 1
        else ""
    )
    return Claim(
        f"The job was {shown_words(known.shown)} from {words.time(known.moment.at)} on, as "
        f"{sayer(known.moment.source)} said ({words.entry(known.moment.entry)}). "
        f"{_answered(moment, words)} said {_quoted(back)} and {came}; a client that believes the last "
        f"word would have gone back at that moment.{many}",
        (known.moment.entry, *entries.first),
    )


def _answered(moment: Moment, words: Wording) -> str:
    where = words.where(moment)
    if moment.source.is_read:
        return f"The read answered at {where}"
    return f"{sayer(moment.source).capitalize()}, which came at {where},"


def _stuck(facts: Facts, words: Wording) -> Claim:
    cached, last = facts.cached, facts.cached_last
    shows = f" and left the job at {shown_words(last.true)}" if last is not None and last.true else ""
    return Claim(
        f"{count_of(len(cached), 'read was', 'reads were')} answered from a cache{ages(facts)}{shows}; what "
        f"the server itself said after {_last_direct(facts, words)} is not in the recording.",
        tuple(moment.entry for moment in cached.first),
    )


def _last_direct(facts: Facts, words: Wording) -> str:
    first = facts.cached.first[0]
    return words.where(first) if facts.direct_at < first.at else words.time(facts.direct_at)


def _server_regressed(facts: Facts, words: Wording) -> Claim:
    back = _worst(facts, Cause.SERVER_REGRESSED)
    if back is None:  # only a step back is ever blamed on the server
        return _client_state(facts, words)
    moment, known = back.moment, back.known
    return Claim(
        f"The server itself took it back: it said {shown_words(known.shown)} at "
        f"{words.where(known.moment)}, and {_quoted(back)} {_age_of(back)} at {words.where(moment)}, "
        f"by {sayer(moment.source)} ({moment.reason.value}: {moment.reason.sentence}).",
        (known.moment.entry, moment.entry),
    )


def _cancel_response(facts: Facts, words: Wording) -> Claim:
    end = taken_back(facts, Cause.CANCEL_RESPONSE)
    if end is not None:
        return told_end(end, facts, words)
    back = _worst(facts, Cause.CANCEL_RESPONSE)
    if back is not None:
        return Claim(
            f"The answer to the cancel said {_quoted(back)} at {words.where(back.moment)}, and the job was "
            f"{shown_words(back.known.shown)} since {words.where(back.known.moment)}: what a cancel answers "
            "is what was asked for, not the status.",
            (back.known.moment.entry, back.moment.entry),
        )
    return refused(facts, words)


def _client_state(facts: Facts, words: Wording) -> Claim:
    if not facts.flips:
        return _calm(facts, words)
    flip = facts.flips[0]
    last = next((step for step in reversed(facts.steps) if step.moment.at <= flip.at), None)
    told = (
        f", after it had been told {shown_words(last.shown)} at {words.where(last.moment)}"
        if last is not None
        else ""
    )
    return Claim(
        f"Nothing in the {words.record} regressed: the client's own state did it. At {words.time(flip.at)} "
        f"({words.entry(flip.entry)}) {flip.text}{told}: persisted or parent state was shown over it.",
        (flip.entry,),
    )


def _calm(facts: Facts, words: Wording) -> Claim:
    start = f"Nothing in the {words.record} regressed: if a screen went back, the client's own state did it"
    if not facts.loaded:
        return Claim(f"{start} (persisted or parent state shown over what had been heard).")
    loaded = facts.loaded.first[0]
    return Claim(
        f"{start}. The page was loaded again at {words.time(loaded.at)} ({words.entry(loaded.entry)}): "
        "a client that restores saved state shows that from then until its next read.",
        tuple(one.entry for one in facts.loaded.first),
    )


def _not_enough(facts: Facts, words: Wording) -> Claim:
    if facts.steps:
        only = facts.steps[0]
        return Claim(
            f"Not enough was recorded to tell: one word only, {shown_words(only.shown)} by "
            f"{sayer(only.moment.source)} ({words.where(only.moment)}).",
            (only.moment.entry,),
        )
    return Claim("Not enough was recorded to tell: no answer about the job holds a status that can be read.")


def _taken_back(cause: Cause, facts: Facts, words: Wording) -> Claim:
    end = taken_back(facts, cause)
    return _client_state(facts, words) if end is None else told_end(end, facts, words)


def _quoted(back: Back) -> str:
    moment = back.moment
    progress = "" if moment.progress is None else f" {moment.progress:.3g} %"
    return f"{moment.said}{progress}"


def _age_of(back: Back) -> str:
    moment = back.moment
    return "without a timestamp" if moment.updated_at is None else f"with the timestamp {moment.updated_at}"


def ages(facts: Facts) -> str:
    """` (Age 4 to 9)`, or why else the answers are known to be cached."""
    if facts.ages is None:
        return f" ({facts.cached.first[0].cached_by})"
    low, high = facts.ages
    return f" (Age {low})" if low == high else f" (Age {low} to {high})"


def _worst(facts: Facts, cause: Cause) -> Back | None:
    """The first of that cause against an end, or else the first."""
    found = [back for back in facts.backs if back.cause is cause]
    return next((back for back in found if back.known.shown.status.terminal), found[0] if found else None)


_ANSWERS: Final[dict[Cause, Callable[[Facts, Wording], Claim]]] = {
    Cause.STREAM_STALE: _stream_stale,
    Cause.CACHED_READS: _cached_reads,
    Cause.SERVER_REGRESSED: _server_regressed,
    Cause.CANCEL_RESPONSE: _cancel_response,
    Cause.CLIENT_STATE: _client_state,
    Cause.NOT_ENOUGH: _not_enough,
}

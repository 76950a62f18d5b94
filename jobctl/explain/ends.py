"""Sentences about ends that were claimed, and about cancels that came too late. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jobctl.explain.claims import Weight
from jobctl.explain.explanation import Cause, Claim
from jobctl.explain.wording import sayer, shown_words, stream_name
from jobctl.model import Source
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobctl.explain.claims import Claimed, Denial
    from jobctl.explain.events import Stream
    from jobctl.explain.explanation import Moment
    from jobctl.explain.facts import Facts
    from jobctl.explain.wording import Wording

_LONGEST_DETAIL: Final = 160


def told_end(end: Claimed, facts: Facts, words: Wording) -> Claim:
    """Tell an end that was claimed and then taken back, and by whom."""
    claimed = f"{_who(end.moment, end.stream, words)} said {_word(end)} at {words.where(end.moment)}"
    denied = end.denied
    if denied is None:
        return Claim(f"{claimed}.", (end.moment.entry,))
    if end.came is None and end.status not in facts.reached and denied.weight is not Weight.EXCUSED:
        return _never_came(end, denied, facts, words, claimed)
    said = f"{_who(denied.moment, denied.stream, words)} said {denied.moment.said} at "
    said += f"{words.where(denied.moment)}{_excuse(end, denied)}"
    came = f" The job was {end.status.value} from {words.where(end.came)} on." if end.came else ""
    return Claim(
        f"{claimed}. {said}; a client that believes the last word would have gone back at that moment.{came}",
        (end.moment.entry, denied.moment.entry, *((end.came.entry,) if end.came else ())),
    )


def _never_came(end: Claimed, denied: Denial, facts: Facts, words: Wording, claimed: str) -> Claim:
    last = facts.steps[-1] if facts.steps else None
    # What held before the claim is no answer to it: then who was asked after it is cited.
    is_later = last is not None and (last.moment.at >= end.moment.at or last.shown.status.terminal)
    if last is not None and is_later:
        entry, truth = last.moment.entry, f"it was {shown_words(last.shown)} at {words.where(last.moment)}"
    else:
        entry = denied.moment.entry
        truth = (
            f"{sayer(denied.moment.source)} still said {denied.moment.said} at {words.where(denied.moment)}"
        )
    return Claim(
        f"{claimed}, and the job never was: {truth}. A client that believes the last word would have shown "
        "an end that never came.",
        (end.moment.entry, entry),
    )


def unanswered(facts: Facts, words: Wording) -> Iterator[Claim]:
    """Yield the ends that were claimed and that nothing recorded afterwards bears out or denies."""
    for end in facts.claimed:
        if end.denied is None:
            yield Claim(
                f"{_who(end.moment, end.stream, words)} said {_word(end)} at {words.where(end.moment)}: "
                "nothing recorded after that tells whether the job was.",
                (end.moment.entry,),
            )


def refused(facts: Facts, words: Wording) -> Claim:
    """A cancel that came too late: only for facts that have one, of a job that ended."""
    ended = facts.ended
    refusals = facts.refused.first
    late = (one for one in refusals if ended is not None and one.at >= ended.moment.at)
    one = next(late, refusals[0])
    why = f": {visible(one.detail, _LONGEST_DETAIL)}" if one.detail else ""
    was = ""
    if ended is not None:
        since = "since" if one.at >= ended.moment.at else "only from"
        was = (
            f" The job was {shown_words(ended.shown)} {since} {words.where(ended.moment)}; a client that "
            "shows cancelled before it has the answer goes back and forth."
        )
    return Claim(
        f"The cancel at {words.time(one.at)} was refused with HTTP {one.status}{why} "
        f"({words.entry(one.entry)}).{was}",
        (one.entry,),
    )


def _excuse(end: Claimed, denied: Denial) -> str:
    if denied.moment.cached_by is not None:
        return f" and came from a cache ({denied.moment.cached_by})"
    if denied.overtaken:
        return ", asked before that and answered after it"
    if denied.weight is Weight.OPEN and end.blamed is Cause.CACHED_READS:
        return ": an old copy, or the end was claimed too early"
    return ""


def _who(moment: Moment, stream: Stream | None, words: Wording) -> str:
    if moment.source is Source.STREAM:
        return stream_name(stream, words)
    return sayer(moment.source).capitalize()


def _word(end: Claimed) -> str:
    return end.moment.said or end.status.value

"""The closed registry of decision reasons: code, possible actions, one sentence.

The order is the order of the rules in `reconcile.py`. The README and the decision log speak
these codes; a code never changes its meaning.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Self


class Action(StrEnum):
    """What happens to an observation."""

    APPLY = "apply"
    IGNORE = "ignore"
    VERIFY = "verify"


_IGNORE = (Action.IGNORE,)
_APPLY = (Action.APPLY,)
_VERIFY = (Action.VERIFY,)


class Reason(StrEnum):
    """Why a decision was taken. `actions[0]` is the usual action; `warns` marks what a person should see."""

    actions: tuple[Action, ...]
    sentence: str
    warns: bool

    def __new__(cls, code: str, actions: tuple[Action, ...], sentence: str, warns: bool = False) -> Self:
        """Attach the registry columns to the code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.actions = actions
        member.sentence = sentence
        member.warns = warns
        return member

    KEEPALIVE = "keepalive", _IGNORE, "a keep-alive carries no status and is no sign of life from the job"
    OTHER_JOB = "other-job", _IGNORE, "it is about another job"
    UNREADABLE = "unreadable", _VERIFY, "no status can be read from it"
    STORED_HINT = "stored-hint", _IGNORE, "what was stored earlier never overrules what was heard live"
    UNCONFIRMED_TERMINAL = (
        "unconfirmed-terminal",
        _VERIFY,
        "an end without updated_at, or in a cancel's answer, is believed only from a read",
    )
    FIRST_SEEN = "first-seen", _APPLY, "nothing was known before"
    OLDER_ATTEMPT = "older-attempt", _IGNORE, "it belongs to an earlier attempt"
    NEW_ATTEMPT = "new-attempt", _APPLY, "a later attempt has begun"
    TERMINAL_LOCK = "terminal-lock", _IGNORE, "the job has ended and nothing shows this to be newer"
    REOPENED = (
        "reopened",
        (Action.IGNORE, Action.APPLY),
        "the server seems to have restarted a finished job (--follow-restarts applies it)",
        True,
    )
    LATE_TERMINAL = (
        "late-terminal",
        _VERIFY,
        "an end that is older than what is known cannot be current unproven",
    )
    OLDER_UPDATE = "older-update", _IGNORE, "its updated_at is older than what is known"
    TERMINAL_CORRECTED = (
        "terminal-corrected",
        _APPLY,
        "a read proves that the job ended differently from what was shown",
        True,
    )
    TERMINAL_CONFLICT = "terminal-conflict", _VERIFY, "two different ends are claimed"
    REQUEUED = "requeued", _APPLY, "the server put the job back, with a newer updated_at"
    CORRECTED = "corrected", _APPLY, "a fresh verified read does not support what was shown"
    SAME_TIME_REGRESSION = (
        "same-time-regression",
        (Action.IGNORE, Action.VERIFY),
        "same updated_at, lower status or progress",
    )
    UNVERSIONED_REGRESSION = (
        "unversioned-regression",
        _VERIFY,
        "without updated_at on both sides nothing may lower status or progress",
    )
    CONFIRMED = "confirmed", _APPLY, "a read proves the status that was shown"
    DUPLICATE = "duplicate", _IGNORE, "it says nothing new"
    ADVANCED = "advanced", _APPLY, "the job moved to a later status"
    PROGRESSED = "progressed", _APPLY, "same status, newer or more detailed"


REASONS: Final = {reason.value: reason for reason in Reason}
"""The registry by code, in the order of the rules."""

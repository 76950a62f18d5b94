"""Records that tell their end by booleans: `done` beside `error` and `response`, `finished` and `success`.

The shape with `name`, `done`, `error` and `response` is the long-running operation of https://google.aip.dev/151.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jobctl.openapi.names import expression, snake
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jobctl.openapi.schemas import Leaf

_SURE: Final = "done finished completed complete ended terminal"
_DONE: Final = frozenset(
    form for word in _SURE.split() for form in (word, f"is_{word}", f"has_{word}", f"was_{word}")
)
_WELL: Final = "success succeeded successful ok passed"
_SUCCESS: Final = frozenset(form for word in _WELL.split() for form in (word, f"is_{word}", f"was_{word}"))
_FAILED: Final = frozenset(["failed", "is_failed", "has_failed", "errored", "is_errored"])
"""An end by themselves; those of `_WRONG` say only how an end is to be taken."""
_WRONG: Final = frozenset(["error", "has_error", "is_error", "failure", "is_failure"])
_CANCELLED: Final = frozenset(
    ["cancelled", "canceled", "is_cancelled", "is_canceled", "was_cancelled", "was_canceled", "aborted"]
)
_ERRORS: Final = frozenset(
    ["error", "exception", "failure", "failure_reason", "failed_reason", "failure_message", "fail_reason"]
    + [f"error_{what}" for what in ("message", "details", "detail", "info", "description", "reason")]
)
_DOUBTFUL: Final = frozenset(["errors", "last_error"])
"""There after a success too: the errors of some parts, or of an attempt that was made again."""
_OPERATION: Final = frozenset(["name", "metadata", "done", "error", "response"])
ENDED: Final = "ended"
_WITH_ERRORS: Final = "ended_with_errors"


class Flag(NamedTuple):
    """A boolean that tells that a job has ended, and what beside it tells how.

    `cases` are conditions within the record with the word that each means, the first that holds counts.
    """

    leaf: Leaf
    cases: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    reasons: tuple[str, ...]
    points: int

    @property
    def is_complete(self) -> bool:
        """Tell whether a success and a failure can be told apart."""
        return "completed" in self.words

    def status(self, job_id: str | None) -> str:
        """Return the JMESPath of the status; what is no record (`job_id` names its id) has none."""
        done = _name(self.leaf)
        known = f"{job_id} && !{done}" if job_id else f"{done} == `false`"
        return " || ".join(f"({when} && '{word}')" for when, word in (*self.cases, (known, "running")))


def find_flag(leaves: Iterable[Leaf]) -> Flag | None:
    """Find the boolean that tells a job's end; of several the nearest, and what tells more."""
    beside: dict[tuple[str, ...], dict[str, Leaf]] = {}
    for leaf in leaves:
        beside.setdefault(leaf.path[:-1], {}).setdefault(snake(leaf.name), leaf)
    found = [
        _flag(leaf, named)
        for above, named in beside.items()
        if len(above) < 3 and not any(snake(name) in _ERRORS | _DOUBTFUL for name in above)
        for name, leaf in named.items()
        if name in _DONE and _is_flag(leaf)
    ]
    return max(found, key=lambda one: one.points - 2 * len(one.leaf.path), default=None)


def as_operation(record: Any) -> Mapping[str, Any]:
    """Return what AIP-151 adds to one answer: while it runs, an operation leaves out most of its fields."""
    if not isinstance(record, dict) or not record.keys() <= _OPERATION:
        return {}
    name = record.get("name")
    is_named = isinstance(name, str) and ("done" in record or "operations" in name.split("/"))
    if not is_named or record.get("done", False) not in {True, False}:
        return {}
    error = {"type": "object", "properties": {"message": {"type": "string"}}}
    fields = {"done": {"type": "boolean"}, "error": error, "response": {"type": "object"}}
    return {key: schema for key, schema in fields.items() if record.get(key) is None}


def _is_flag(leaf: Leaf) -> bool:
    return leaf.shape.types == {"boolean"}


def _name(leaf: Leaf) -> str:
    return expression(leaf.path[-1:])


def _flag(leaf: Leaf, named: Mapping[str, Leaf]) -> Flag:
    # Only `true` itself: to JMESPath a 0 and a "false" are true as well, should a server send them.
    is_true = {name: f"{_name(one)} == `true`" for name, one in named.items() if _is_flag(one)}
    done = is_true[snake(leaf.name)]
    success = next((name for name in is_true if name in _SUCCESS), None)
    wrong = [_name(one) for name, one in named.items() if name in _ERRORS and _is_falsy_when_well(one)]
    wrong += [when for name, when in is_true.items() if name in _WRONG]
    wrong += [f"{_name(named[success])} == `false`"] if success else []
    doubtful = [_name(one) for name, one in named.items() if name in _DOUBTFUL and not _is_flag(one)]
    cases = [(when, "cancelled") for name, when in is_true.items() if name in _CANCELLED]
    cases += [(when, "failed") for name, when in is_true.items() if name in _FAILED]
    cases += [(f"{done} && {_any(wrong)}", "failed")] if wrong else []
    if success:
        cases += [(f"{done} && {is_true[success]}", "completed"), (done, ENDED)]
    elif any(word == "failed" for _, word in cases):
        cases.append((done, "completed"))
    elif doubtful:
        cases += [(f"{done} && {_any(doubtful)}", _WITH_ERRORS), (done, "completed")]
    else:
        cases.append((done, ENDED))
    words = dict.fromkeys(["running", *(word for _, word in cases)])
    if success:
        words.pop(ENDED)  # never said by a server that keeps its word: nothing to ask a person about
    return Flag(leaf, tuple(cases), tuple(words), *_judged(leaf, named, tuple(words)))


def _any(conditions: list[str]) -> str:
    return f"({' || '.join(conditions)})" if conditions[1:] else conditions[0]


def _judged(leaf: Leaf, named: Mapping[str, Leaf], words: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
    reasons = [f"{visible('.'.join(leaf.path), 80)} (boolean) tells that it ended"]
    untrusted = [one for name, one in named.items() if name in _ERRORS and not _is_falsy_when_well(one)]
    if "failed" in words:
        is_operation = {"name", "error", "response"} <= named.keys() and snake(leaf.name) == "done"
        reasons.append("what stands beside it tells how")
        if is_operation:
            reasons.append("a long-running operation (AIP-151)")
        return tuple(reasons), 10 if is_operation else 8
    if _WITH_ERRORS in words:
        reasons.append("errors beside it may be those of some parts only")
        return tuple(reasons), 7
    if untrusted:
        reasons.append(f"{visible(untrusted[0].name, 60)} is always there: it does not tell a failure")
    reasons.append("no error beside it: it cannot tell a success from a failure")
    return tuple(reasons), 5


def _is_falsy_when_well(leaf: Leaf) -> bool:
    """An object that is always there is true to JMESPath, whatever it says; a number is, too."""
    if not leaf.shape.may_be("string", "object", "array"):
        return False
    return not (leaf.promised and leaf.shape.types == {"object"})

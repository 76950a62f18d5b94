"""An explanation as a person and as a script read it: the answer first, then what bears it out."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, Final

from jobctl.cli import output
from jobctl.explain.explanation import Cause, Explanation, Moment, Shown
from jobctl.explain.naive import is_back
from jobctl.explain.wording import Wording, count_of, shown_words
from jobctl.model import JobStatus
from jobctl.reasons import Action
from jobctl.story import format_time
from jobctl.text import visible

_ROWS: Final = 40
_MOST_JOBS: Final = 50
_MOST_ANSWERS: Final = 5
_HEADS: Final = ("time (UTC)", "source", "said", "decision", "jobctl shows", "last word shows")
_HARMLESS: Final = frozenset({Cause.CLIENT_STATE, Cause.NOT_ENOUGH})
_NO_MARGIN: Final = 4


def show_explanation(told: Explanation, *, verbose: bool) -> None:
    """Print the answer, the other claims, and the decisions that would have changed a screen."""
    output.result(_heading(told))
    output.result("")
    first, *others = told.claims
    output.result(_wrapped(first.text, ""))
    output.result("")
    for claim in others:
        output.result(_wrapped(claim.text, "- "))
    rows = list(told.moments) if verbose else list(_telling(told.moments))
    if rows:
        output.result("")
        _table(told, rows, verbose=verbose)


def _heading(told: Explanation) -> str:
    where = f" in {visible(told.origin, 200)}" if told.origin else ""
    decided = count_of(told.decisions, "decision", "decisions")
    return f"job {visible(told.job, 80)} (profile {visible(told.profile, 40)}){where}: {decided}"


def _wrapped(text: str, bullet: str) -> str:
    if not output.is_terminal(sys.stdout):
        return bullet + text
    width = max(40, shutil.get_terminal_size().columns - _NO_MARGIN)
    return textwrap.fill(text, width, initial_indent=bullet, subsequent_indent=" " * len(bullet))


def _telling(moments: Sequence[Moment]) -> Iterator[Moment]:
    """Yield what changed a status on a screen, set the two apart, was not believed, or came from a cache."""
    true = naive = None
    is_apart = False
    for one in moments:
        changed = _status(one.true) != true or _status(one.naive) != naive
        was_apart, is_apart = is_apart, is_back(one.true, one.naive)
        if changed or is_apart != was_apart or one.action is Action.VERIFY or one.cached_by is not None:
            yield one
        true, naive = _status(one.true), _status(one.naive)


def _status(shown: Shown | None) -> JobStatus | None:
    return None if shown is None else shown.status


def _table(told: Explanation, rows: Sequence[Moment], *, verbose: bool) -> None:
    from tabulate import tabulate

    words = Wording(told.kind, told.moments[0].at, told.moments[-1].at)
    shown = rows if verbose or len(rows) <= _ROWS else [*rows[: _ROWS // 2], *rows[-_ROWS // 2 :]]
    unit = words.entry(0).split()[0]
    cells = [(one.at, _row(one, words)) for one in shown]
    cells += [(flip.at, (flip.entry, words.time(flip.at), "client", flip.text)) for flip in told.flips]
    cells.sort(key=lambda cell: cell[0])
    output.result(tabulate([row for _, row in cells], headers=(unit, *_HEADS), disable_numparse=True))
    if len(shown) < len(rows):
        output.note(f"jobctl: {len(rows) - len(shown)} rows between them are left out; -v or --html has them")
    left_out = told.decisions - len(told.moments)
    if left_out:
        output.note(f"jobctl: {left_out} decisions between the first and the last are in --html only")


def _row(one: Moment, words: Wording) -> tuple[object, ...]:
    true = shown_words(one.true) if one.true else "-"
    naive = shown_words(one.naive) if one.naive else "-"
    return (
        one.entry,
        words.time(one.at),
        one.source.value + (f" {one.connection}.{one.frame}" if one.frame else ""),
        _said(one),
        f"{one.action.value}: {one.reason.value}" + (f"; {one.cached_by}" if one.cached_by else ""),
        true,
        "" if naive == true else naive,
    )


def _said(one: Moment) -> str:
    progress = "" if one.progress is None else f" {one.progress:.3g} %"
    return f"{one.said or '-'}{progress}"


def show_jobs(told: Sequence[Explanation], origin: str) -> None:
    """List the jobs of a record, and answer about those that went back."""
    from tabulate import tabulate

    rows = [
        (visible(one.job, 80), visible(one.profile, 40), one.decisions, _last(one), _cause(one))
        for one in told[:_MOST_JOBS]
    ]
    output.result(f"{len(told)} jobs are in {visible(origin, 200)}:")
    output.result("")
    output.result(tabulate(rows, headers=("job", "profile", "decisions", "last shown", "cause")))
    if len(told) > _MOST_JOBS:
        output.result(f"… and {len(told) - _MOST_JOBS} more jobs")
    wrong = [one for one in told if one.causes[0] not in _HARMLESS]
    for one in wrong[:_MOST_ANSWERS]:
        output.result("")
        output.result(_wrapped(f"{visible(one.job, 80)}: {one.claims[0].text}", ""))
    output.tell("--job ID tells all about one of them")


def _last(told: Explanation) -> str:
    return shown_words(told.last) if told.last is not None else "-"


def _cause(told: Explanation) -> str:
    is_calm = told.causes[0] is Cause.CLIENT_STATE and not told.flips
    return "nothing went back" if is_calm else told.causes[0].value


def explanation_document(told: Explanation, *, verbose: bool) -> dict[str, Any]:
    """An explanation as JSON; `verbose` adds the decisions that were kept."""
    first, *others = told.claims
    document: dict[str, Any] = {
        "job": told.job,
        "profile": told.profile,
        "kind": told.kind,
        "decisions": told.decisions,
        "last": None if told.last is None else told.last.status.value,
        "causes": [cause.value for cause in told.causes],
        "answer": {"text": first.text, "entries": list(first.entries)},
        "claims": [{"text": claim.text, "entries": list(claim.entries)} for claim in others],
        "client_flips": [
            {"at": format_time(flip.at), "entry": flip.entry, "text": flip.text} for flip in told.flips
        ],
    }
    if verbose:
        document["moments"] = [_moment_document(one) for one in told.moments]
    return document


def _moment_document(one: Moment) -> dict[str, Any]:
    fields = one._asdict()
    fields |= {"at": format_time(one.at), "sent": format_time(one.sent)}
    for name in ("true", "naive"):
        fields[name] = None if fields[name] is None else fields[name]._asdict()
    return fields

"""`jobctl help TOPIC`: the closed lists that jobctl speaks in, from the tables the code uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from jobctl.cli import output
from jobctl.cli.parameters import JsonOption


class Topic(StrEnum):
    """What there is help about."""

    EXIT_CODES = "exit-codes"
    REASONS = "reasons"
    CAUSES = "causes"
    VERDICTS = "verdicts"
    RULES = "rules"
    PROFILES = "profiles"
    MAN = "man"


_Table = tuple[Sequence[str], list[tuple[Any, ...]]]


def help_about(
    topic: Annotated[Topic, typer.Argument(help="Which list, or the manual page.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Show what a code, a reason, a cause or a verdict means, as the guides have it.

    `jobctl help man | man -l -` shows all of it as a manual page.
    """
    heads, rows = table_of(topic)
    if as_json:
        output.close_json(
            {"topic": topic.value, "rows": [dict(zip(heads, row, strict=True)) for row in rows]}
        )
        return
    if topic is Topic.MAN:
        from jobctl.cli.manual import page

        output.result(page().rstrip("\n"))
        return
    from tabulate import tabulate

    widths = [None] * (len(heads) - 1) + [70]
    output.result(tabulate(rows, headers=heads, tablefmt="plain", maxcolwidths=widths, disable_numparse=True))


def table_of(topic: Topic) -> _Table:
    """Return the column heads and the rows of a list; of the manual page, its sections."""
    return _TABLES[topic]()


def _exit_codes() -> _Table:
    from jobctl.exit_codes import ExitCode

    return ("code", "when"), [(int(code), code.sentence) for code in ExitCode]


def _reasons() -> _Table:
    from jobctl.reasons import Reason

    rows = [(one.value, "/".join(action.value for action in one.actions), one.sentence) for one in Reason]
    return ("reason", "action", "because"), rows


def _causes() -> _Table:
    from jobctl.explain.explanation import Cause

    return ("cause", "meaning"), [(one.value, one.sentence) for one in Cause]


def _verdicts() -> _Table:
    from jobctl.caching.findings import Verdict

    rows = [(one.value, int(one.exit_code), f"this path {one.sentence}") for one in Verdict]
    return ("verdict", "exit", "meaning"), rows


def _rules() -> _Table:
    from jobctl.caching.findings import Rule

    rows = [
        (one.value, one.slug, f"{one.headline}. Proves: {one.proves}. Not: {one.not_proves}") for one in Rule
    ]
    return ("rule", "name", "meaning"), rows


def _profiles() -> _Table:
    from jobctl.profile.load import Profiles

    known = Profiles()
    return ("profile", "reads"), [(name, str(known.get(name).read)) for name in known.names]


def _manual() -> _Table:
    from jobctl.cli.manual import sections

    return ("section", "roff"), [tuple(section) for section in sections()]


_TABLES: dict[Topic, Callable[[], _Table]] = {
    Topic.EXIT_CODES: _exit_codes,
    Topic.REASONS: _reasons,
    Topic.CAUSES: _causes,
    Topic.VERDICTS: _verdicts,
    Topic.RULES: _rules,
    Topic.PROFILES: _profiles,
    Topic.MAN: _manual,
}

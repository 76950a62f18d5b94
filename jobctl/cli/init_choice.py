"""Which of the kinds of job in a document is meant."""

from __future__ import annotations

from dataclasses import replace

from jobctl.cli import output
from jobctl.cli.init_ask import ask_kind, ask_parameters, kind_lines
from jobctl.cli.init_source import Loaded
from jobctl.errors import ConfigError
from jobctl.openapi.draft import Draft
from jobctl.openapi.drafting import Wishes, draft_of
from jobctl.text import visible

_MOST_LISTED = 20


def choose(loaded: Loaded, path: str | None, name: str | None, *, asking: bool) -> int:
    """Choose by path, by name, because one is clearly meant, or by asking.

    Raises:
        ConfigError: several may be meant, or none is below that path.
        UnlikelyDocument: nothing in the document looks like a job.
    """
    kinds = loaded.kinds
    if not kinds.families:
        raise UnlikelyDocument(
            f"{visible(loaded.shown, 200)}: none of its {len(kinds.calls)} calls reads anything with a job's "
            "status: could not tell",
            hint="write the profile by hand, or give one answer about a job: --sample FILE|URL",
        )
    if path is not None:
        below = kinds.below(path)
        if len(below) == 1:
            return below[0]
        what = "no job is" if not below else f"{len(below)} kinds of jobs are"
        raise ConfigError(
            f"{what} read below {visible(path, 200)}{_listed(loaded)}", hint="give another --path"
        )
    number = kinds.called(name) if name is not None else None
    number = kinds.leader if number is None else number
    if number is not None:
        return number
    if asking:
        return ask_kind(kinds)
    raise ConfigError(
        f"{len(kinds.families)} kinds of jobs, told apart by the path that reads them:{_listed(loaded)}",
        hint="choose one: --name NAME, or --path PREFIX",
    )


class UnlikelyDocument(ConfigError):  # noqa: N818 -- a document may well have no jobs
    """Nothing in it looks like a job: could not tell."""


def drafted(loaded: Loaded, number: int, wishes: Wishes, *, asking: bool) -> Draft:
    """Draft the chosen kind; where a person is asked, what the paths leave open is asked too."""
    draft = draft_of(loaded.document, loaded.kinds, number, wishes)
    if asking and draft.unfilled:
        answers = {**wishes.parameters, **ask_parameters(draft)}
        draft = draft_of(loaded.document, loaded.kinds, number, wishes._replace(parameters=answers))
    for one in others(loaded, number)[:_MOST_LISTED]:
        output.note(f"jobctl: described there too: {one}")
    return replace(draft, source=loaded.shown)


def others(loaded: Loaded, number: int) -> list[str]:
    """Return the kinds of job that were not chosen, each with the path that reads it."""
    return [line for index, line in enumerate(kind_lines(loaded.kinds)) if index != number]


def _listed(loaded: Loaded) -> str:
    lines = kind_lines(loaded.kinds)
    more = [f"… and {len(lines) - _MOST_LISTED} more"] if len(lines) > _MOST_LISTED else []
    return "".join(f"\n  {line}" for line in [*lines[:_MOST_LISTED], *more])

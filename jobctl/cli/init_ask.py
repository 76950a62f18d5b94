"""The questions of `jobctl init`, on a terminal only; Enter is always the cautious answer."""

from __future__ import annotations

import sys
from typing import Final

from jobctl.cli import output
from jobctl.errors import ConfigError
from jobctl.model import JobStatus
from jobctl.openapi.draft import Draft
from jobctl.openapi.drafting import Kinds
from jobctl.text import visible

_LETTERS: Final = {
    "p": JobStatus.PENDING,
    "r": JobStatus.RUNNING,
    "c": JobStatus.COMPLETED,
    "f": JobStatus.FAILED,
    "x": JobStatus.CANCELLED,
}
_CHOICES: Final = "p pending, r running, c completed, f failed, x cancelled, Enter: not known"


def may_ask(*, yes: bool, as_json: bool) -> bool:
    """Tell whether a person sits there who wants to be asked."""
    return not yes and not as_json and output.is_terminal(sys.stdin) and output.is_terminal(sys.stderr)


def ask(question: str) -> str:
    """Ask on stderr and return the answer; the end of the input is an empty one."""
    sys.stderr.write(f"{question} ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def kind_lines(kinds: Kinds) -> list[str]:
    """Return a line for each kind of job, told apart by the path that reads them."""
    return [
        f"{visible(name, 60)}  {visible(family.read.found.value or '', 200)}  "
        f"(status: {visible(family.fields.found['status'].value or '', 80)})"
        for family, name in zip(kinds.families, kinds.names, strict=True)
    ]


def ask_kind(kinds: Kinds) -> int:
    """Ask which kind of job is meant.

    Raises:
        ConfigError: no number of the list was answered.
    """
    output.note("There are several kinds of jobs here, told apart by the path that reads them:")
    for number, line in enumerate(kind_lines(kinds), 1):
        output.note(f"  {number}  {line}")
    answer = ask(f"Which one? [1-{len(kinds.families)}]")
    if not answer.isdecimal() or not 1 <= int(answer[:6]) <= len(kinds.families):
        raise ConfigError("none was chosen", hint="--name NAME or --path PREFIX chooses one without asking")
    return int(answer) - 1


def ask_words(draft: Draft) -> Draft:
    """Ask what each unsure status word means."""
    for word in draft.unsure_words:
        answer = ask(f"What does the status {visible(word.word, 60)!r} mean? ({word.reason}; {_CHOICES})")
        status = _LETTERS.get(answer.lower()[:1])
        if status is not None:
            draft = draft.with_word(word.word, status)
    return draft


def ask_parameters(draft: Draft) -> dict[str, str]:
    """Ask for the parameters of paths that only a person knows; those without an answer are left out."""
    answers = {name: ask(f"What is {visible(name, 60)} in the paths?") for name in draft.unfilled}
    return {name: answer for name, answer in answers.items() if answer}


def agrees(question: str) -> bool:
    """Ask for a yes, which Enter is too."""
    return ask(f"{question} [Y/n]").lower() in {"", "y", "yes"}

"""The summary of a GitHub Actions step: what a watch or a diagnosis came to, where the run is looked at.

https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions#adding-a-job-summary
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jobctl.cli import output
from jobctl.cli.witness import Witness
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.exit_codes import ExitCode

VARIABLE: Final = "GITHUB_STEP_SUMMARY"
_MOST_ROWS: Final = 200
_HEADS: Final = ("job", "status", "progress", "ending", "result")


def summary_file() -> Path | None:
    """Return where the summary goes; None outside of GitHub Actions."""
    path = os.environ.get(VARIABLE, "").strip()
    return Path(path) if path else None


def append_summary(text: str) -> None:
    """Append Markdown to the summary, where there is one; a failure is one line on stderr."""
    path = summary_file()
    if path is None:
        return
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text.rstrip("\n") + "\n\n")
    except OSError as error:
        output.note(f"jobctl: {VARIABLE}: cannot write {str(path)!r}: {error.strerror}")


class StepSummary(Witness):
    """A table of the jobs at the end of a watch."""

    def end(
        self, results: list[dict[str, Any]], code: ExitCode, problem: dict[str, Any] | None = None
    ) -> None:
        """Write it."""
        lines = [f"### jobctl watch: exit {int(code)}, {code.sentence}", ""]
        if problem:
            lines += [f"{cell(problem.get('message'))}", ""]
        lines += [f"| {' | '.join(_HEADS)} |", "|---" * len(_HEADS) + "|"]
        lines += [_row(one) for one in results[:_MOST_ROWS]]
        if len(results) > _MOST_ROWS:
            lines += ["", f"… and {len(results) - _MOST_ROWS} more jobs"]
        append_summary("\n".join(lines))


def _row(one: dict[str, Any]) -> str:
    progress = one.get("progress")
    shown = one.get("error") if one.get("error") is not None else one.get("result")
    cells = (
        one.get("job"),
        one.get("status"),
        f"{progress:.3g} %" if isinstance(progress, int | float) else "",
        one.get("ending"),
        "" if shown is None else shown,
    )
    return f"| {' | '.join(map(cell, cells))} |"


def cell(value: Any) -> str:
    """A server's text in a Markdown table: on one line, and neither a cell's end, markup nor a mention."""
    text = "" if value is None else visible(value, 200)
    for character in "\\`*_~$[]|@#!":
        text = text.replace(character, f"\\{character}")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

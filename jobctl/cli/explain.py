"""`jobctl explain FILE.jsonl`: decide a log again with today's rules, and flag every difference."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobctl.cli import output
from jobctl.cli.parameters import ConfigOption, JsonOption, ProfileOption, VerboseOption, settings_for
from jobctl.exit_codes import ExitCode

if TYPE_CHECKING:
    from jobctl.explain.replay import Replayed, Summary

_SHOWN = 50
_PROGRESS_EVERY = 50_000


def explain(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A decision log (--log FILE).")],
    job: Annotated[str | None, typer.Option("--job", metavar="ID", help="Only this job.")] = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Decide a decision log again with today's rules and flag every difference.

    Exits 0 when every line is decided as it was recorded, 12 when one differs or cannot be read.
    """
    from jobctl.captures.decision_log import read_lines
    from jobctl.explain.replay import Replay, Summary

    chosen = settings_for(profile, None, config)
    summary = Summary()
    show = _Lines(as_json=as_json, verbose=verbose)
    for replayed in Replay(chosen.profiles, job, chosen.profile.name).lines(read_lines(file)):
        summary.add(replayed)
        show.line(replayed)
        if summary.decisions % _PROGRESS_EVERY == 0:
            show.progress(summary.decisions)
    show.end()
    code = ExitCode.UNDECIDED if summary.differing or summary.skipped else ExitCode.COMPLETED
    if as_json:
        output.close_json({"type": "summary", "exit_code": int(code), **_document(summary)})
    else:
        _show(summary, job)
    output.leave(code)


class _Lines:
    """Tells differing and unreadable lines (all lines under -v), the first ones only on a person's screen."""

    def __init__(self, *, as_json: bool, verbose: bool) -> None:
        self._as_json, self._verbose = as_json, verbose
        self._shown = 0
        self._live = output.is_terminal(sys.stderr)

    def line(self, replayed: Replayed) -> None:
        decision, number = replayed.decision, replayed.line.number
        if decision is None:
            self._tell(number, "skipped", [replayed.problem or "unreadable"])
        elif replayed.differences:
            self._tell(number, "differs", list(replayed.differences))
        elif self._verbose and not self._as_json:
            from jobctl.cli.jobs import status_words
            from jobctl.text import visible

            after = status_words(decision.after) if decision.after else "-"
            seen = decision.observation
            output.result(
                f"{number:>6}  {visible(seen.job, 40)}  {seen.source.value:<6}  "
                f"{visible(seen.raw_status or '-', 30):<12}  {decision.action.value:<6}  "
                f"{decision.reason.value:<22}  {after}"
            )

    def progress(self, decisions: int) -> None:
        if self._live and decisions:
            sys.stderr.write(f"\r{decisions:,} decisions")
            sys.stderr.flush()

    def end(self) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[K")

    def _tell(self, number: int, what: str, why: list[str]) -> None:
        if self._as_json:
            output.result_json({"type": what, "line": number, "why": why})
            return
        from jobctl.text import visible

        self._shown += 1
        if self._shown <= _SHOWN:
            output.result(f"line {number} {what}: {'; '.join(visible(one, 400) for one in why)}")
        elif self._shown == _SHOWN + 1:
            output.note("jobctl: more lines differ or were skipped; --json shows all of them")


def _document(summary: Summary) -> dict[str, Any]:
    from jobctl.cli.jobs import job_document

    return {
        "decisions": summary.decisions,
        "differing": summary.differing,
        "skipped": summary.skipped,
        "counts": [
            {"action": action, "reason": reason, "count": count}
            for (action, reason), count in summary.counts.most_common()
        ],
        "jobs": [job_document(known) for known in summary.jobs.values() if known is not None],
    }


def _show(summary: Summary, job: str | None) -> None:
    from tabulate import tabulate

    from jobctl.cli.jobs import job_line
    from jobctl.reasons import REASONS

    if not summary.decisions and not summary.skipped:
        output.note("jobctl: no decisions" + (f" about job {job!r}" if job else "") + " in this file")
        return
    rows = [
        (count, action, reason, REASONS[reason].sentence)
        for (action, reason), count in summary.counts.most_common()
    ]
    output.result(tabulate(rows, headers=("count", "action", "reason", "because")))
    output.result("")
    finals = [known for known in summary.jobs.values() if known is not None]
    for known in finals[:_SHOWN]:
        output.result(job_line(known))
    if len(finals) > _SHOWN:
        output.result(f"… and {len(finals) - _SHOWN} more jobs")
    told = "as recorded" if not summary.differing else f"{summary.differing} differ from what was recorded"
    skipped = f", {summary.skipped} lines skipped" if summary.skipped else ""
    output.result(f"{summary.decisions} decisions re-decided: {told}{skipped}")

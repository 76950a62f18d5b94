"""A decision log decided again with today's rules: which lines differ, and what they amount to."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from jobctl.cli import output
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jobctl.explain.replay import Replayed, Summary

_SHOWN: Final = 50
_PROGRESS_EVERY: Final = 50_000


class LogLines:
    """Passes lines on, and tells those that differ or cannot be read: at once under -v and --json.

    Elsewhere they wait for `tell_rest`: the answer comes first.
    """

    def __init__(self, summary: Summary, *, as_json: bool, verbose: bool) -> None:
        self._summary, self._as_json, self._verbose = summary, as_json, verbose
        self._waiting: list[str] = []
        self._left_out = 0
        self._live = output.is_terminal(sys.stderr)

    def watched(self, replayed: Iterable[Replayed]) -> Iterator[Replayed]:
        """Yield each line again, counted and told."""
        for one in replayed:
            self._summary.add(one)
            self._line(one)
            if self._live and self._summary.decisions % _PROGRESS_EVERY == 0 and self._summary.decisions:
                sys.stderr.write(f"\r{self._summary.decisions:,} decisions")
                sys.stderr.flush()
            yield one
        if self._live:
            sys.stderr.write("\r\x1b[K")

    def tell_rest(self) -> None:
        """Tell what has waited."""
        for line in self._waiting:
            output.result(line)
        if self._left_out:
            output.note("jobctl: more lines differ or were skipped; --json shows all of them")

    def _line(self, replayed: Replayed) -> None:
        decision, number = replayed.decision, replayed.line.number
        if decision is None:
            self._tell(number, "skipped", [replayed.problem or "unreadable"])
        elif replayed.differences:
            self._tell(number, "differs", list(replayed.differences))
        elif self._verbose and not self._as_json:
            from jobctl.cli.jobs import status_words

            after = status_words(decision.after) if decision.after else "-"
            seen = decision.observation
            output.result(
                f"{number:>6}  {visible(seen.job, 40)}  {seen.source.value:<6}  "
                f"{visible(seen.raw_status or '-', 30):<12}  {decision.action.value:<6}  "
                f"{decision.reason.value:<22}  {after}"
            )

    def _tell(self, number: int, what: str, why: list[str]) -> None:
        if self._as_json:
            output.result_json({"type": what, "line": number, "why": why})
            return
        line = f"line {number} {what}: {'; '.join(visible(one, 400) for one in why)}"
        if self._verbose:
            output.result(line)
        elif len(self._waiting) < _SHOWN:
            self._waiting.append(line)
        else:
            self._left_out += 1


def summary_document(summary: Summary) -> dict[str, Any]:
    """What a log amounts to, as JSON."""
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


def show_summary(summary: Summary) -> None:
    """Print the counts, where each job stands, and whether everything was decided as recorded."""
    from tabulate import tabulate

    from jobctl.cli.jobs import job_line
    from jobctl.reasons import REASONS

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
    lines = "1 line" if summary.skipped == 1 else f"{summary.skipped} lines"
    skipped = f", {lines} skipped" if summary.skipped else ""
    output.result(f"{summary.decisions} decisions re-decided: {told}{skipped}")

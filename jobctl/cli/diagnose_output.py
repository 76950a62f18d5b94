"""Where a diagnosis goes: stdout or a file, in one of four formats, and its exit code."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from jobctl.cli import output
from jobctl.errors import ConfigError
from jobctl.exit_codes import ExitCode, worst

if TYPE_CHECKING:
    from jobctl.caching.report import Report

FORMATS: Final = ("table", "json", "markdown", "html")


@dataclass(frozen=True)
class Presented:
    """How and where a report is shown. `quiet`: the headline alone."""

    format: str
    out: Path | None = None
    har: Path | None = None
    quiet: bool = False

    def check(self) -> None:
        """Refuse before the experiment what could not be written after it.

        Raises:
            ConfigError: a page on a terminal, a folder that is not there, or a file that cannot be written.
        """
        if self.format == "html" and self.out is None and output.is_terminal(sys.stdout):
            raise ConfigError("an HTML page is nothing for a terminal", hint="give --output FILE.html")
        for path in (self.out, self.har):
            if path is not None and not path.parent.is_dir():
                raise ConfigError(f"no such folder: {str(path.parent)!r}", hint="make it first")
            if path is not None and (path.is_dir() or not _is_writable(path)):
                raise ConfigError(f"cannot write {str(path)!r}", hint="give a file in a folder of yours")

    def show(self, reports: Sequence[Report], *, interrupted: bool = False) -> NoReturn:
        """Write the reports, and leave with the code of the worst."""
        codes = [one.diagnosis.verdict.exit_code for one in reports]
        code = ExitCode.INTERRUPTED if interrupted else worst(codes)
        text = self._rendered(reports, code)
        if self.out is not None:
            for report in reports:
                output.result(_headline(report))
            _write(self.out, text)
            output.tell(f"the report is in {self.out}")
        elif self.format == "json":
            output.said.is_closed = True
            output.result(text)
        else:
            output.result("\n".join(_headline(one) for one in reports) if self.quiet else text)
        _summarise(reports)
        if self.har is not None:  # last: what goes wrong here must not cost the report
            _write_har(self.har, reports)
        output.leave(code)

    def _rendered(self, reports: Sequence[Report], code: ExitCode) -> str:
        if self.format == "json":
            return _json(reports, code)
        from jobctl.caching.reporting.text import markdown_report, table_report

        width = max(60, min(160, shutil.get_terminal_size((100, 24)).columns))
        renderers: dict[str, Callable[[Report], str]] = {
            "table": lambda one: table_report(one, width=width),
            "markdown": markdown_report,
        }
        if self.format == "html":
            from jobctl.caching.reporting.html import html_report

            return html_report(reports)
        return "\n\n".join(renderers[self.format](one) for one in reports)


def _summarise(reports: Sequence[Report]) -> None:
    """Where GitHub Actions has a place for it, the reports stand there too."""
    from jobctl.cli.step_summary import append_summary, summary_file

    if summary_file() is not None:
        from jobctl.caching.reporting.text import markdown_report

        append_summary("\n\n".join(markdown_report(one) for one in reports))


def _is_writable(path: Path) -> bool:
    return os.access(path if path.exists() else path.parent, os.W_OK)


def _headline(report: Report) -> str:
    from jobctl.caching.reporting.view import headline

    return headline(report)


def _json(reports: Sequence[Report], code: ExitCode) -> str:
    from jobctl.caching.reporting.document import document

    documents: list[dict[str, Any]] = [document(one) for one in reports]
    first = documents[0] if len(documents) == 1 else {"jobs": documents}
    return json.dumps({**first, "exit_code": int(code)}, default=str)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {str(path)!r}: {error.strerror}") from error


def _write_har(path: Path, reports: Sequence[Report]) -> None:
    from jobctl.captures.har_writer import write_har

    notes: dict[int, list[str]] = {}
    for report in reports:
        for finding in report.diagnosis.findings:
            for number in finding.exchanges:
                notes.setdefault(number, []).append(f"{finding.rule} {finding.rule.slug}: {finding.detail}")
    exchanges = [one for report in reports for one in report.exchanges]
    try:
        with path.open("w", encoding="utf-8") as file:
            write_har(exchanges, file, notes=notes)
    except OSError as error:
        raise ConfigError(f"cannot write {str(path)!r}: {error.strerror}") from error
    output.tell(f"the exchanges are in {path}")

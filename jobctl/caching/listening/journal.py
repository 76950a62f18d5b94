"""What the addon writes: JSON lines of transitions (schema `jobctl.transition/1`), and the report's lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from jobctl.caching.findings import WORST_FIRST
from jobctl.redact import redact_url
from jobctl.secret_scan import redact_text
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobctl.caching.passive import JobSummary, Passive, Transition
    from jobctl.exchange import Exchange

SCHEMA: Final = "jobctl.transition/1"
_LONGEST: Final = 600


class Journal:
    """A file of JSON lines, each flushed as it is written; without a path nothing is written."""

    def __init__(self, path: str = "") -> None:
        """Open the file to add to it; raise OSError when that fails."""
        self._file: IO[str] | None = Path(path).open("a", encoding="utf-8") if path else None  # noqa: SIM115 -- closed by close()

    def write(self, record: dict[str, Any]) -> None:
        """Add one line."""
        if self._file is not None:
            self._file.write(json.dumps(record, ensure_ascii=True) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file; twice is fine."""
        if self._file is not None:
            self._file.close()
            self._file = None


def record_of(transition: Transition, exchange: Exchange) -> dict[str, Any]:
    """Return a transition as plain data, without secrets."""
    finding = transition.finding
    return {
        "schema": SCHEMA,
        "at": _iso(exchange.at),
        "job": transition.key.job,
        "host": f"{transition.key.scheme}://{transition.key.host}",
        "exchange": transition.number,
        "method": exchange.method,
        "url": visible(redact_url(exchange.url), _LONGEST),
        "status": exchange.status,
        "kind": transition.kind,
        "verdict": transition.verdict.value,
        "before": transition.before.value,
        "rule": finding.rule.value if finding is not None else None,
        "exchanges": list(finding.exchanges) if finding is not None else [transition.number],
        "seconds": finding.seconds if finding is not None else None,
        "text": visible(redact_text(transition.text), _LONGEST),
    }


def _iso(at: float) -> str | None:
    try:
        return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return None


def report_lines(passive: Passive, most: int = 200) -> Iterator[str]:
    """Tell about each job in a few lines, worst first; of many jobs only the first `most`."""
    jobs = sorted(passive.jobs(), key=lambda one: WORST_FIRST.index(one.verdict))
    if not jobs:
        yield "jobctl: no job read was seen: check jobctl_profile"
        return
    for one in jobs[:most]:
        yield from _about(passive, one)
    if len(jobs) > most:
        yield f"jobctl: and {len(jobs) - most} more jobs, none of them worse"
    if passive.forgotten:
        yield f"jobctl: {passive.forgotten} more jobs were forgotten: raise jobctl_limit"


def _about(passive: Passive, one: JobSummary) -> Iterator[str]:
    found = passive.diagnose(one.key)
    reason = f" ({found.reason.value}: {found.reason.next_step})" if found.reason is not None else ""
    yield (
        f"jobctl: job {visible(one.key.job, 80)} at {one.key.scheme}://{visible(one.key.host, 80)}: "
        f"{found.verdict.value}: this path {found.verdict.sentence}{reason}; "
        f"{one.reads} reads, {one.changes} changes"
    )
    if found.floor is not None and not found.findings:
        yield f"  a cache holding answers for {found.floor.seconds:g} s or longer would have shown"
    if found.flags:
        yield f"  {', '.join(flag.value for flag in found.flags)}"
    for finding in found.findings:
        yield f"  {finding.rule.value} {finding.rule.slug}: {visible(finding.detail, 300)}"

"""The small print of a report: budget, detection floor, what stood in between, the WebSocket. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.caching.findings import Flag, Verdict
from jobctl.caching.judging.policies import forbids
from jobctl.redact import redact_text
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.caching.report import Report
    from jobctl.exchange import Exchange


def footer(report: Report, who: str | None, control: Exchange | None) -> list[str]:
    """Return the lines, most important first; `who` stood in between, P was compared with `control`."""
    diagnosis = report.diagnosis
    lines = [_effort(report)]
    if diagnosis.floor is not None and diagnosis.verdict is not Verdict.PROVEN_STALE:
        floor = diagnosis.floor
        lines.append(
            f"detection floor: a cache holding answers for {floor.seconds:.2f} s or longer would have shown "
            f"({floor.pairs} pairs of plain reads told apart by {floor.by})"
        )
    if report.direct_url is None and report.budget_requests:
        lines.append(
            "no direct address: unique URLs through the same route were the control, and a memory inside the "
            "origin itself would look the same"
        )
    if report.stopped is not None:
        lines.append(f"it ended early: {report.stopped}")
    if who is not None:
        lines.append(f"in between, by its headers: {who}")
    if report.stream is not None:
        lines.append(report.stream.sentence)
    if report.skew is not None:
        side = "ahead of" if report.skew > 0 else "behind"
        lines.append(f"the origin's clock is {abs(report.skew):.0f} s {side} ours")
    if report.bypass:
        lines.append(
            "sent to pass the tunnel's warning page: " + ", ".join(name for name, _ in report.bypass)
        )
    if Flag.BUSTER_INEFFECTIVE in diagnosis.flags:
        lines.append("a unique query does not get past this cache")
    if control is not None and forbids(control) is None and diagnosis.verdict is Verdict.NO_CACHE_SEEN:
        lines.append("not called safe: the origin does not send no-store")
    return [visible(redact_text(line), 500) for line in (*lines, *report.notes)]


def _effort(report: Report) -> str:
    budget = ""
    if report.budget_requests:
        budget = f" (budget {report.budget_requests} requests, {report.budget_seconds:g} s)"
    diagnosis = report.diagnosis
    return (
        f"{report.requests} requests in {report.seconds:.1f} s{budget}; "
        f"{diagnosis.changes} changes of the job seen, {diagnosis.plain_reads} plain reads"
    )

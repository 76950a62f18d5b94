"""A report in words and rows, made once for every format: headline, evidence, comparison, findings. Pure.

Everything here is redacted and visible: it may go to a terminal, a file or a page as it is.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from jobctl.caching.fields import POLICY_FIELDS, combined
from jobctl.caching.findings import Rule, Verdict
from jobctl.caching.reporting.curl import commands, job_path
from jobctl.caching.reporting.fixes import Fix, fixes, intermediary, next_step
from jobctl.caching.reporting.footer import footer
from jobctl.evidence import VENDOR_WORDS
from jobctl.exchange import Path
from jobctl.redact import redact_headers, redact_text, redact_url
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobctl.caching.findings import Diagnosis, Finding
    from jobctl.caching.report import Report
    from jobctl.exchange import Exchange

_COMPARED: Final = (
    *POLICY_FIELDS,
    "Age",
    "Date",
    "Via",
    "Cache-Status",
    "X-Varnish",
    "X-Cache-Hits",
    *(name for name in VENDOR_WORDS if name != "Via"),
    "X-Request-Id",
)
_WIDTH: Final = 60


class Moment(NamedTuple):
    """One answer in a line: number, way, seconds into the experiment, and what it said."""

    number: int
    path: str
    sent: float
    received: float
    said: str
    updated_at: str


class Row(NamedTuple):
    """One line of the comparison; `differs` marks what a person should look at."""

    field: str
    left: str
    proxied: str
    differs: bool


class View(NamedTuple):
    """What every format shows, in this order."""

    headline: str
    next_step: str
    pair: tuple[Moment, Moment] | None
    proves: str
    rows: tuple[Row, ...]
    left: str
    """What the proxied answer is compared with: `direct`, `unique URL`, …"""
    findings: tuple[tuple[str, int, str], ...]
    """(rule and slug, how often, the best detail), worst first."""
    fixes: tuple[Fix, ...]
    is_named: bool
    """The proxy's own headers say who it is: its fix is among them, and no other proxy's."""
    curl: tuple[str, ...]
    problems: tuple[str, ...]
    """Why a side that never gave the job did not, and what to do about it."""
    footer: tuple[str, ...]


def view(report: Report) -> View:
    """Make the view of a report."""
    diagnosis = report.diagnosis
    proxied = [one for one in report.exchanges if one.path in {Path.PLAIN, Path.BUSTED, Path.CONFESSION}]
    direct = [one for one in report.exchanges if one.path is Path.DIRECT]
    who = intermediary(proxied, direct)
    direct_and_proxied = compared(report)
    return View(
        headline(report),
        next_step(diagnosis, who),
        _pair(report),
        _proves(diagnosis),
        _comparison(report),
        label(direct_and_proxied[0]),
        _findings(diagnosis.findings),
        tuple(fixes(diagnosis, job_path(report), who)),
        who is not None,
        commands(direct_and_proxied),
        tuple(_problems(report)),
        tuple(footer(report, who, direct_and_proxied[0])),
    )


def headline(report: Report) -> str:
    """The one line that a person can act on."""
    diagnosis = report.diagnosis
    flags = f" [{', '.join(diagnosis.flags)}]" if diagnosis.flags else ""
    route = visible(redact_url(report.route), 80)
    if diagnosis.verdict is Verdict.INCONCLUSIVE:
        return f"INCONCLUSIVE ({diagnosis.reason}): {route} could not be judged{flags}"
    what, mark, why = diagnosis.verdict.sentence.partition(";")
    return f"{diagnosis.verdict}: {route} {what}{_measure(report)}{mark}{why}{flags}"


def _measure(report: Report) -> str:
    diagnosis = report.diagnosis
    if diagnosis.verdict in {Verdict.PROVEN_STALE, Verdict.SUSPECT_STALE} and diagnosis.staleness:
        return f" by {diagnosis.staleness:.1f} s at least"
    horizon = max((one.seconds or 0.0 for one in diagnosis.findings if one.rule is Rule.R11), default=0.0)
    if diagnosis.verdict is Verdict.CACHEABLE and horizon:
        return f" (up to {horizon:g} s)"
    if diagnosis.verdict is Verdict.NO_CACHE_SEEN and diagnosis.floor is not None:
        safe = "; safe: the origin's no-store arrives unchanged" if diagnosis.is_safe else ""
        return f" (one holding answers for {diagnosis.floor.seconds:.1f} s or longer{safe})"
    return ""


def _pair(report: Report) -> tuple[Moment, Moment] | None:
    if report.diagnosis.evidence is None:
        return None
    first, second = (report.exchange(number) for number in report.diagnosis.evidence)
    if first is None or second is None:
        return None
    return moment(first, report), moment(second, report)


def moment(exchange: Exchange, report: Report) -> Moment:
    """Say one exchange in a line."""
    begun = report.exchanges[0].sent if report.exchanges else 0.0
    return Moment(
        exchange.number,
        exchange.path.value,
        exchange.sent - begun,
        exchange.received - begun,
        said(exchange),
        _updated_at(exchange),
    )


def said(exchange: Exchange) -> str:
    """What an answer says about the job, or what it is instead."""
    seen = exchange.seen
    if seen is not None:
        progress = f" {seen.progress:g} %" if seen.progress is not None else ""
        return f"{visible(seen.raw_status or '-', 40)}{progress}"
    if exchange.problem is not None:
        return f"{exchange.problem.kind}: {visible(redact_text(exchange.problem.message), 120)}"
    return f"HTTP {exchange.status}"


def _updated_at(exchange: Exchange) -> str:
    seen = exchange.seen
    return visible(seen.updated_at.text, 40) if seen is not None and seen.updated_at is not None else "-"


def _proves(diagnosis: Diagnosis) -> str:
    """What the best finding proves and what it does not, in one sentence each."""
    held = [one.rule for one in diagnosis.findings if one.rule.value.startswith("R")]
    wanted = {
        Verdict.PROVEN_STALE: (Rule.R4, Rule.R6, Rule.R1, Rule.R2, Rule.R7, Rule.R8),
        Verdict.SERVED_FROM_CACHE: (Rule.R1, Rule.R2),
        Verdict.CACHE_DECLARED: (Rule.R7, Rule.R8),
        Verdict.SUSPECT_STALE: (Rule.R3, Rule.R5),
        Verdict.CACHEABLE: (Rule.R11,),
    }.get(diagnosis.verdict, ())
    rule = next((one for one in wanted if one in held), None)
    if rule is None:
        return ""
    also = "" if diagnosis.verdict is not Verdict.PROVEN_STALE else " With R3: it was out of date."
    if rule in {Rule.R4, Rule.R6}:
        also = ""
    return f"Proves: {rule.proves}.{also} Does not prove: {rule.not_proves}."


def _problems(report: Report) -> list[str]:
    lines = []
    for path in (Path.PLAIN, Path.DIRECT, Path.BUSTED):
        asked = [one for one in report.exchanges if one.path is path]
        problem = next((one.problem for one in reversed(asked) if one.problem is not None), None)
        if problem is not None and all(one.seen is None for one in asked):
            hint = f" ({problem.hint})" if problem.hint else ""
            lines.append(f"{path.value}: {visible(redact_text(problem.message), 300)}{hint}")
    return lines


def _comparison(report: Report) -> tuple[Row, ...]:
    """Direct beside proxied: of the evidence pair, else of the last answers of both sides."""
    direct, proxied = compared(report)
    rows = []
    for name in dict.fromkeys(_COMPARED):
        left, right = _field(direct, name), _field(proxied, name)
        if left != "-" or right != "-":
            rows.append(Row(name, left, right, left != right and name not in {"Date", "X-Request-Id"}))
    for label, text in (("status", said), ("updated_at", _updated_at)):
        left, right = (text(one) if one is not None else "-" for one in (direct, proxied))
        rows.append(Row(label, left, right, left != right))
    return tuple(rows)


def compared(report: Report) -> tuple[Exchange | None, Exchange | None]:
    """Return the two answers that are set side by side: what is compared with, and the convicted one."""
    if report.diagnosis.evidence is not None:
        first, second = (report.exchange(number) for number in report.diagnosis.evidence)
        if first is not None and second is not None:
            return first, second
    return _last(report, Path.DIRECT) or _last(report, Path.BUSTED), _last(report, Path.PLAIN)


_LABELS: Final = {
    Path.DIRECT: "direct",
    Path.BUSTED: "unique URL",
    Path.PLAIN: "earlier answer",
    Path.EVENT: "stream",
    Path.WRITE: "answer to a write",
}


def label(exchange: Exchange | None) -> str:
    """Name the left side of the comparison."""
    return _LABELS.get(exchange.path, exchange.path.value) if exchange is not None else "direct"


def _last(report: Report, path: Path) -> Exchange | None:
    return next((one for one in reversed(report.exchanges) if one.path is path and one.completed), None)


def _field(exchange: Exchange | None, name: str) -> str:
    text = combined(redact_headers(exchange.headers), name) if exchange is not None else None
    return "-" if text is None else visible(text, _WIDTH)


def _findings(findings: Sequence[Finding]) -> tuple[tuple[str, int, str], ...]:
    """Group by rule, the gravest and surest first; the detail is the one with the longest duration."""
    counts = Counter(one.rule for one in findings)
    best = {
        rule: max((one for one in findings if one.rule is rule), key=lambda one: one.seconds or 0.0)
        for rule in counts
    }
    ranked = sorted(counts, key=lambda rule: (-rule.severity, -rule.confidence, list(Rule).index(rule)))
    return tuple((f"{rule} {rule.slug}", counts[rule], _clean(best[rule].detail)) for rule in ranked)


def _clean(text: str) -> str:
    return visible(redact_text(text), 400)

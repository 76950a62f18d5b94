"""The report for machines, schema `jobctl.diagnosis/1`. Redacted; times in seconds from the first request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from jobctl.caching.reporting.view import view
from jobctl.redact import redact, redact_headers, redact_url
from jobctl.secret_scan import redact_text

if TYPE_CHECKING:
    from jobctl.caching.findings import Finding
    from jobctl.caching.report import Report
    from jobctl.exchange import Exchange

SCHEMA: Final = "jobctl.diagnosis/1"
_EXCERPT: Final = 2000
_LONGEST_SECRET: Final = 8192


def document(report: Report) -> dict[str, Any]:
    """Return the whole report as plain data, ready for JSON."""
    diagnosis, seen = report.diagnosis, view(report)
    return {
        "schema": SCHEMA,
        "verdict": diagnosis.verdict.value,
        "headline": seen.headline,
        "reason": diagnosis.reason.value if diagnosis.reason is not None else None,
        "next_step": seen.next_step,
        "flags": [flag.value for flag in diagnosis.flags],
        "safe": diagnosis.is_safe,
        "staleness_seconds": _rounded(diagnosis.staleness),
        "floor": _floor(report),
        "evidence": list(diagnosis.evidence) if diagnosis.evidence is not None else None,
        "findings": [_finding(one) for one in diagnosis.findings],
        "job": report.job,
        "profile": report.profile,
        "route": redact_url(report.route),
        "proxied_url": redact_url(report.proxied_url),
        "direct_url": redact_url(report.direct_url) if report.direct_url is not None else None,
        "comparison": [row._asdict() for row in seen.rows],
        "fixes": [{"where": fix.where, "who": fix.who, "lines": list(fix.lines)} for fix in seen.fixes],
        "curl": list(seen.curl),
        "stream": redact(report.stream._asdict()) if report.stream is not None else None,
        "clock_skew_seconds": _rounded(report.skew),
        "bypass_headers": dict(report.bypass),
        "changes": diagnosis.changes,
        "plain_reads": diagnosis.plain_reads,
        "requests": report.requests,
        "seconds": _rounded(report.seconds),
        "budget": {"requests": report.budget_requests, "seconds": report.budget_seconds},
        "stopped": report.stopped,
        "notes": [redact_text(note) for note in report.notes],
        "exchanges": [_exchange(one, report) for one in report.exchanges],
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _floor(report: Report) -> dict[str, Any] | None:
    floor = report.diagnosis.floor
    return None if floor is None else {**floor._asdict(), "seconds": _rounded(floor.seconds)}


def _finding(finding: Finding) -> dict[str, Any]:
    rule = finding.rule
    return {
        "rule": rule.value,
        "slug": rule.slug,
        "severity": rule.severity.name.lower(),
        "confidence": rule.confidence.name.lower(),
        "title": rule.headline,
        "detail": redact_text(finding.detail),
        "proves": rule.proves,
        "does_not_prove": rule.not_proves,
        "reference": rule.anchor or None,
        "exchanges": list(finding.exchanges),
        "seconds": _rounded(finding.seconds),
    }


def _exchange(exchange: Exchange, report: Report) -> dict[str, Any]:
    begun = report.exchanges[0].sent
    seen, problem = exchange.seen, exchange.problem
    # Redacted before it is cut: half a secret has no closing quote to be known by.
    body = redact_text(exchange.body[: _EXCERPT + _LONGEST_SECRET].decode("utf-8", "replace"))[:_EXCERPT]
    return {
        "number": exchange.number,
        "path": exchange.path.value,
        "at": datetime.fromtimestamp(exchange.at, UTC).isoformat() if 0 < exchange.at < 2**33 else None,
        "sent": _rounded(exchange.sent - begun),
        "received": _rounded(exchange.received - begun),
        "method": exchange.method,
        "url": redact_url(exchange.url),
        "request_headers": [list(pair) for pair in redact_headers(exchange.request_headers)],
        "status": exchange.status or None,
        "headers": [list(pair) for pair in redact_headers(exchange.headers)],
        "body": body if exchange.status else None,
        "body_hash": exchange.body_hash if exchange.body else None,
        "peer": exchange.peer or None,
        "connection": exchange.connection or None,
        "job": None
        if seen is None
        else {
            "status": seen.status.value if seen.status is not None else None,
            "raw_status": seen.raw_status,
            "progress": seen.progress,
            "updated_at": seen.updated_at.text if seen.updated_at is not None else None,
            "payload": redact(seen.payload),
        },
        "problem": None
        if problem is None
        else {"kind": problem.kind, "message": redact_text(problem.message), "hint": problem.hint},
    }

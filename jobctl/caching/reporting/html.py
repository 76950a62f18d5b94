"""The report as one self-contained page: no network, light and dark, readable when printed."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from jobctl.caching.findings import Verdict
from jobctl.caching.reporting.timeline import timeline
from jobctl.caching.reporting.view import View, moment, view
from jobctl.redact import redact_url
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobctl.caching.report import Report

_TONE: Final = {
    Verdict.PROVEN_STALE: "bad",
    Verdict.SERVED_FROM_CACHE: "bad",
    Verdict.CACHE_DECLARED: "bad",
    Verdict.SUSPECT_STALE: "warn",
    Verdict.CACHEABLE: "warn",
    Verdict.NO_CACHE_SEEN: "good",
    Verdict.INCONCLUSIVE: "",
}
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_HEADS: Final = ("", "way", "sent (s)", "answered (s)", "says", "updated_at")
_MOST_ROWS: Final = 1000
_KEY: Final = (
    '<p class="key dim"><span><i style="background:var(--direct)"></i>direct</span>'
    '<span><i style="background:var(--good);border-radius:50%"></i>plain, through the proxy</span>'
    '<span><i style="background:var(--bad);border-radius:50%"></i>plain, out of date</span>'
    '<span><i style="border:1.5px solid;transform:rotate(45deg) scale(.75)"></i>unique URL</span></p>'
)


def html_report(reports: Sequence[Report]) -> str:
    """Return the page. Every text of a server is escaped; nothing in it is a link or a script."""
    style = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    title = f"jobctl diagnose: {', '.join(dict.fromkeys(one.diagnosis.verdict.value for one in reports))}"
    body = "<hr>".join(_section(one) for one in reports)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>{body}</body></html>"
    )


def _section(report: Report) -> str:
    seen = view(report)
    where = (
        f"job {report.job}, profile {report.profile}, proxied {redact_url(report.proxied_url)}, "
        f"direct {redact_url(report.direct_url or 'not known')}"
    )
    parts = [
        f'<div class="verdict {_TONE[report.diagnosis.verdict]}"><h1>{escape(seen.headline)}</h1>',
        f'<p class="next"><b>Next:</b> {escape(seen.next_step)}</p></div>',
        f'<p class="dim">{escape(visible(where))}</p>',
    ]
    parts += [f"<p>{escape(line)}</p>" for line in seen.problems]
    picture = timeline(report)
    if picture:
        parts.append("<h2>What the job looked like</h2>" + _KEY + f'<div class="scroll">{picture}</div>')
    if seen.proves:
        parts.append(f"<p>{escape(seen.proves)}</p>")
    parts += [_comparison(seen), _findings(seen), _fixes(seen), _exchanges(report)]
    parts.append(
        "<h2>Small print</h2><ul>" + "".join(f"<li>{escape(line)}</li>" for line in seen.footer) + "</ul>"
    )
    return "".join(parts)


def _table(heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """A table of escaped cells; each row comes with its class."""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(
        f'<tr class="{kind}">' + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for kind, cells in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _comparison(seen: View) -> str:
    rows = [("differs" if row.differs else "", (row.field, row.left, row.proxied)) for row in seen.rows]
    return "<h2>Side by side</h2>" + _table(("field", seen.left, "proxied"), rows)


def _findings(seen: View) -> str:
    if not seen.findings:
        return ""
    rows = [("", (rule, str(count), detail)) for rule, count, detail in seen.findings]
    return "<h2>Findings</h2>" + _table(("rule", "times", "finding"), rows)


def _fixes(seen: View) -> str:
    parts = []
    for index, fix in enumerate(seen.fixes):
        summary = f"<summary>at the {escape(fix.where)}: {escape(fix.who)}</summary>"
        is_open = " open" if index == 0 else ""
        parts.append(f"<details{is_open}>{summary}{_pre(fix.lines)}</details>")
    heading = "<h2>What to change</h2>" if parts else ""
    by_hand = f"<h2>By hand</h2>{_pre(seen.curl)}" if seen.curl else ""
    return heading + "".join(parts) + by_hand


def _pre(lines: Sequence[str]) -> str:
    return f"<pre>{escape(chr(10).join(lines))}</pre>"


def _exchanges(report: Report) -> str:
    convicted = set(report.diagnosis.evidence or ())
    rows = []
    for one in report.exchanges[:_MOST_ROWS]:
        said = moment(one, report)
        times = (f"{said.sent:.2f}", f"{said.received:.2f}")
        cells = (f"#{said.number}", said.path, *times, said.said, said.updated_at)
        rows.append(("convicted" if one.number in convicted else "", cells))
    summary = f"<summary>{len(report.exchanges)}</summary>"
    return f"<h2>All exchanges</h2><details>{summary}{_table(_HEADS, rows)}</details>"

"""The picture of an experiment: the job's state over time, as seen direct and as seen proxied. SVG, pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from jobctl.caching.findings import Rule
from jobctl.caching.reporting.view import moment
from jobctl.caching.versions import order
from jobctl.exchange import Path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobctl.caching.report import Report
    from jobctl.exchange import Exchange

_LABEL: Final = "state of the job over time, direct and proxied"
_WIDTH: Final = 960
_LEFT: Final = 150
_ROW: Final = 22
_MOST_ROWS: Final = 40
_TOP: Final = 18
_SIDE_OF: Final = {
    Path.DIRECT: "direct",
    Path.PLAIN: "plain",
    Path.BUSTED: "busted",
    Path.EVENT: "event",
    Path.WRITE: "direct",
}


class Dot(NamedTuple):
    """One answer in the picture. `level` counts the job's states from the oldest."""

    x: float
    level: int
    side: str
    is_stale: bool
    number: int
    label: str


def dots(report: Report) -> tuple[list[Dot], list[str]]:
    """Place every answer that shows a state; return the dots and the name of each level, oldest first."""
    shown = [one for one in report.exchanges if one.seen is not None and one.path in _SIDE_OF]
    levels = _levels(shown)
    stale = {
        finding.exchanges[-1]
        for finding in report.diagnosis.findings
        if finding.rule in {Rule.R3, Rule.R4} and finding.exchanges
    }
    begun, ended = (shown[0].sent, max(one.received for one in shown)) if shown else (0.0, 0.0)
    scale = (_WIDTH - _LEFT - 20) / max(ended - begun, 0.001)
    placed = []
    for one in shown:
        level = next(index for index, group in enumerate(levels) if order(group, one) == 0)
        said = moment(one, report)
        label = f"#{said.number} {said.path} at {said.sent:.2f} s: {said.said}, updated_at {said.updated_at}"
        x = _LEFT + (one.received - begun) * scale
        placed.append(Dot(x, level, _SIDE_OF[one.path], one.number in stale, one.number, label))
    names = [moment(one, report) for one in levels]
    return placed, [said.updated_at if said.updated_at != "-" else said.said for said in names]


def _levels(shown: Sequence[Exchange]) -> list[Exchange]:
    """One answer for each different state, oldest first."""
    levels: list[Exchange] = []
    for one in shown:
        for index, other in enumerate(levels):
            relation = order(one, other)
            if relation == 0:
                break
            if relation == -1:
                levels.insert(index, one)
                break
        else:
            levels.append(one)
    return levels


def timeline(report: Report) -> str:
    """Return the picture as an SVG element; text in it is escaped. Empty where no answer shows a state."""
    placed, names = dots(report)
    if not placed:
        return ""
    first = max(0, len(names) - _MOST_ROWS)
    rows = names[first:]
    height = _TOP + _ROW * len(rows) + 24

    def y(level: int) -> float:
        return _TOP + _ROW * (len(rows) - 1 - max(0, level - first)) + _ROW / 2

    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{_LABEL}">']
    for index, name in enumerate(rows):
        line = y(index + first)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{line:.1f}" y2="{line:.1f}"/>')
        parts.append(f'<text class="level" x="{_LEFT - 10}" y="{line + 4:.1f}">{escape(_short(name))}</text>')
    direct = [dot for dot in placed if dot.side == "direct"]
    if len(direct) > 1:
        points = " ".join(f"{dot.x:.1f},{y(dot.level):.1f}" for dot in direct)
        parts.append(f'<polyline class="direct" points="{points}"/>')
    for dot in placed:
        kind = f"{dot.side}{' stale' if dot.is_stale else ''}"
        shape = _shape(dot, y(dot.level))
        parts.append(f'<g class="{kind}" tabindex="0"><title>{escape(dot.label)}</title>{shape}</g>')
    seconds = report.exchanges[-1].received - report.exchanges[0].sent
    parts.append(f'<text class="axis" x="{_LEFT}" y="{height - 6}">0 s</text>')
    parts.append(f'<text class="axis end" x="{_WIDTH - 20}" y="{height - 6}">{seconds:.1f} s</text></svg>')
    return "".join(parts)


def _short(name: str) -> str:
    """The end of a long time says more than its year."""
    return name if len(name) <= 20 else f"…{name[-19:]}"


def _shape(dot: Dot, y: float) -> str:
    if dot.side == "plain":
        return f'<circle cx="{dot.x:.1f}" cy="{y:.1f}" r="6"/>'
    if dot.side == "busted":
        return f'<path d="M{dot.x:.1f} {y - 6:.1f} l6 6 l-6 6 l-6 -6 Z"/>'
    return f'<rect x="{dot.x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"/>'

"""The report for people: a table for the terminal, and the same as Markdown for an issue or a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.caching.reporting.view import View, view

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobctl.caching.report import Report
    from jobctl.caching.reporting.view import Moment

_SHOWN = ("any server", "FastAPI, Starlette, any ASGI")


def table_report(report: Report, *, width: int = 100) -> str:
    """Return the report as plain text, the line to act on first. Cells are cut so that rows fit `width`."""
    from tabulate import tabulate  # noqa: PLC0415 -- 60 ms, for whoever shows a table

    seen = view(report)
    room = max(20, (width - 20) // 2)
    parts = [seen.headline, f"  next: {seen.next_step}", *(f"  {line}" for line in seen.problems)]
    if seen.pair is not None:
        parts += ["", "Evidence", *_indented(_moments(seen.pair))]
    if seen.proves:
        parts += [f"  {seen.proves}"]
    rows = [
        ("*" if row.differs else "", row.field, _cut(row.left, room), _cut(row.proxied, room))
        for row in seen.rows
    ]
    if rows:
        parts += ["", tabulate(rows, headers=("", "field", seen.left, "proxied"), disable_numparse=True)]
    if seen.findings:
        found = [(rule, f"×{count}", detail) for rule, count, detail in seen.findings]
        parts += ["", "Findings", *_indented(tabulate(found, tablefmt="plain").splitlines())]
    parts += _fix_lines(seen)
    if seen.curl:
        parts += ["", "By hand", *_indented(seen.curl)]
    return "\n".join([*parts, "", *seen.footer])


def _moments(pair: tuple[Moment, Moment]) -> list[str]:
    first, second = pair
    return [
        f"#{one.number:<3} {one.path:<9} sent {one.sent:7.2f} s, answered {one.received:7.2f} s: "
        f"{one.said}, updated_at {one.updated_at}"
        for one in (first, second)
    ]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _fix_lines(seen: View) -> list[str]:
    """The fixes that fit most: those for everybody, and for the proxy that its headers name."""
    parts: list[str] = []
    hidden: list[str] = []
    for fix in seen.fixes:
        if (fix.where == "origin" and fix.who not in _SHOWN) or (fix.where == "proxy" and not seen.is_named):
            hidden.append(fix.who)
            continue
        parts += ["", f"Fix at the {fix.where}, {fix.who}:", *_indented(fix.lines)]
    if hidden:
        parts += [f"  (for {', '.join(hidden)}: --format markdown)"]
    return parts


def markdown_report(report: Report) -> str:
    """Return the report as Markdown, for an issue, a chat or a CI summary."""
    seen = view(report)
    verdict, _, rest = seen.headline.partition(": ")
    parts = [f"### `{_md(verdict)}` {_md(rest)}", "", f"**Next:** {seen.next_step}"]
    parts += [f"- {_md(line)}" for line in seen.problems]
    if seen.pair is not None:
        parts += ["", "```text", *_moments(seen.pair), "```"]
    if seen.proves:
        parts += ["", seen.proves]
    parts += ["", f"| | field | {seen.left} | proxied |", "|---|---|---|---|"]
    parts += [
        f"| {'≠' if row.differs else ''} | {row.field} | {_cell(row.left)} | {_cell(row.proxied)} |"
        for row in seen.rows
    ]
    if seen.findings:
        parts += ["", "| rule | times | finding |", "|---|---|---|"]
        parts += [f"| {rule} | {count} | {_cell(detail)} |" for rule, count, detail in seen.findings]
    for fix in seen.fixes:
        parts += ["", f"Fix ({fix.where}, {fix.who}):", "```text", *fix.lines, "```"]
    if seen.curl:
        parts += ["", "By hand:", "```sh", *seen.curl, "```"]
    return "\n".join([*parts, "", *(f"- {_md(line)}" for line in seen.footer)])


def _cell(text: str) -> str:
    """A server's text in a table cell: as code, and never able to end it."""
    clean = text.replace("`", "'").replace("|", "¦")  # a "\\" before an escaped one would free it
    return f"`{clean}`" if clean else ""


def _md(text: str) -> str:
    """Text outside code: what Markdown or HTML would take for markup is escaped."""
    for char in "\\<>[]*|`":
        text = text.replace(char, f"\\{char}")
    return text

"""`jobctl explain --html`: one page without network that answers in words, a picture and a table. Pure."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from jobctl.explain.explanation import Cause
from jobctl.explain.page.columns import columns, words
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from re import Match

    from jobctl.explain.explanation import Claim, Explanation

_SCRIPTS: Final = ("record", "axis", "marks", "picture", "details", "timeline", "controls")
_LONGEST: Final = 2000
_MOST_CITED: Final = 12
_ENTRIES: Final = "entry", "entries"
_ENTRY: Final = {
    "har": _ENTRIES,
    "flows": _ENTRIES,
    "log": ("line", "lines"),
    "store": ("decision", "decisions"),
}
"""What entries are called in each kind of record."""
_NUMBER: Final = re.compile(r"[0-9]+")
_NAMED: Final = re.compile(
    r"\b(?:entr(?:y|ies)|lines?|decisions?) [0-9]+(?:, [0-9]+)*(?: and [0-9]+(?! more))?"
)
_TONE: Final = {Cause.NOT_ENOUGH: "", Cause.CLIENT_STATE: "warn"}


def timeline_page(explanations: Sequence[Explanation]) -> Iterator[str]:
    """Yield the page in pieces, to be written one after the other as UTF-8.

    Every text of a server is data: escaped in the markup, JSON for the script, which only ever sets text.
    """
    style, script = _asset("timeline.css"), _script()
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    jobs = ", ".join(visible(one.job, 80) for one in explanations[:3])
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape('jobctl explain: ' + (jobs or 'no job'))}</title><style>{style}</style></head><body>"
    )
    yield _jobs(explanations)
    for number, explanation in enumerate(explanations):
        yield _answer(number, explanation)
    if any(one.moments for one in explanations):
        yield _asset("timeline.html")
    yield f'<script type="application/json" id="words">{words()}</script>'
    for number, explanation in enumerate(explanations):
        yield f'<script type="application/json" id="data-{number}">'
        yield from columns(explanation)
        yield "</script>"
    yield f"<script>{script}</script></body></html>\n"


def _asset(name: str) -> str:
    # Browsers hash what they parsed, where every line ends in a line feed.
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _script() -> str:
    return '(() => {\n"use strict";\n' + "".join(_asset(f"{name}.js") for name in _SCRIPTS) + "})();\n"


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode("ascii")


def _jobs(explanations: Sequence[Explanation]) -> str:
    if not explanations:
        return "<main><h1>No job was found.</h1></main>"
    if len(explanations) == 1:
        return ""
    links = "".join(
        f'<li><a href="#j={number}"><code>{_shown(one.job, 80)}</code></a>'
        f'<span class="dim"> {", ".join(map(escape, one.causes))}</span></li>'
        for number, one in enumerate(explanations)
    )
    return f'<nav id="jobs" aria-label="jobs"><b>{len(explanations)} jobs</b><ul>{links}</ul></nav>'


def _answer(number: int, explanation: Explanation) -> str:
    """What was found out about one job, in words: readable without the script, too."""
    first, *others = explanation.claims or [None]
    tone = _TONE.get(explanation.causes[0], "bad") if explanation.causes else "good"
    heading = _claim(number, explanation, first) if first else f"job {_shown(explanation.job, 80)}"
    causes = "".join(
        f"<li><code>{escape(cause)}</code> {escape(cause.sentence)}</li>" for cause in explanation.causes
    )
    claims = "".join(f"<li>{_claim(number, explanation, claim)}</li>" for claim in others if claim)
    return (
        f'<article class="answer" id="job-{number}"><div class="verdict {tone}"><h1>{heading}</h1>'
        f'<p class="dim">{_whence(explanation)}</p></div>'
        + (f'<ul class="claims">{claims}</ul>' if claims else "")
        + (f'<ul class="causes" aria-label="causes">{causes}</ul>' if causes else "")
        + ("" if explanation.moments else "<p>There is no decision to draw.</p>")
        + "</article>"
    )


def _claim(number: int, explanation: Explanation, claim: Claim) -> str:
    """The sentence; each entry that a claim cites is a link, where this one names it or else behind."""
    cited = {entry for one in explanation.claims for entry in one.entries}
    named: set[int] = set()

    def link(found: Match[str]) -> str:
        entry = int(found[0])
        if entry not in cited:
            return found[0]
        named.add(entry)
        return _link(number, entry)

    text = _NAMED.sub(lambda found: _NUMBER.sub(link, found[0]), _shown(claim.text, _LONGEST))
    unnamed = [entry for entry in dict.fromkeys(claim.entries) if entry not in named]
    if not unnamed:
        return text
    one, many = _ENTRY.get(explanation.kind, _ENTRIES)
    links = ", ".join(_link(number, entry) for entry in unnamed[:_MOST_CITED])
    more = f" and {len(unnamed) - _MOST_CITED:,} more" if len(unnamed) > _MOST_CITED else ""
    return f'{text} <span class="cited">({one if len(unnamed) == 1 else many} {links}{more})</span>'


def _link(number: int, entry: int) -> str:
    return f'<a href="#j={number}&amp;e={entry}">{entry}</a>'


def _whence(explanation: Explanation) -> str:
    """Where it was read from, and how much of it is on the page."""
    parts = [f"job {visible(explanation.job, 80)}", f"profile {visible(explanation.profile, 80)}"]
    parts.append(f"{explanation.kind} {visible(explanation.origin, 200)}".rstrip())
    drawn, count = len(explanation.moments), _count(explanation.decisions)
    parts.append(count if drawn >= explanation.decisions else f"{drawn:,} of {count}")
    return escape(" · ".join(parts))


def _count(decisions: int) -> str:
    return "1 decision" if decisions == 1 else f"{decisions:,} decisions"


def _shown(text: str, limit: int) -> str:
    return escape(visible(text, limit))

"""What every format shows: visible, without secrets, whatever the server said."""

from __future__ import annotations

import pytest
from caching.made_report import SECRET, exchange, problem, report

from jobctl.caching.findings import Finding, Rule, Verdict
from jobctl.caching.reporting.view import headline, view
from jobctl.exchange import Path

HOSTILE = "\x1b[31mred\x9b2J\u202e\n\r"


def everything(seen):
    return repr(seen._asdict()).encode("unicode_escape").decode(), str(seen)


def flat(node):
    if isinstance(node, str):
        yield node
    elif isinstance(node, tuple):
        for part in node:
            yield from flat(part)


@pytest.mark.parametrize("rule", [Rule.R1, Rule.R6, Rule.R10])
def test_details_of_findings_are_visible_and_redacted(rule):
    detail = f"{HOSTILE} Authorization: Bearer {SECRET}"
    texts = list(flat(view(report(findings=(Finding(rule, (1, 2), detail),)))))
    assert all(text.isprintable() for text in texts)
    assert not any(SECRET in text for text in texts)


def test_what_a_server_says_is_visible_and_redacted_everywhere():
    body = b'{"id": "7", "status": "\\u001b[31mred", "updated_at": "\\u009b2J"}'
    headers = (("Cache-Control", "\x1b[31m\x9b"), ("X-Cache", f"Bearer {SECRET}"))
    shown = exchange(1, Path.DIRECT), exchange(2, Path.PLAIN, body, headers=headers)
    hostile = report(*shown, route=f"http://u:{SECRET}@p/{HOSTILE}", notes=(f"{HOSTILE} token={SECRET}",))
    texts = list(flat(view(hostile)))
    assert all(text.isprintable() for text in texts)
    assert not any(SECRET in text for text in texts)


def test_a_problem_is_visible_and_redacted():
    texts = list(flat(view(problem(f"{HOSTILE} see http://p/?access_token={SECRET}"))))
    assert all(text.isprintable() for text in texts)
    assert not any(SECRET in text for text in texts)
    pair = report(*problem(f"token={SECRET}").exchanges)
    assert not any(SECRET in text for text in flat(view(pair)))


def test_the_headline_says_what_how_much_and_where():
    assert headline(report()) == (
        "PROVEN_STALE: proxied answered job reads from memory, out of date by 3.0 s at least"
    )
    assert headline(problem("x")).startswith("INCONCLUSIVE")
    assert view(report(findings=(), verdict=Verdict.NO_CACHE_SEEN)).fixes == ()

"""The page: text stays text."""

from __future__ import annotations

import re

from caching.made_report import SECRET, exchange, problem, report

from jobctl.caching.findings import Finding, Rule
from jobctl.caching.reporting.html import html_report
from jobctl.exchange import Path

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def hostile():
    body = b'{"id": "7", "status": "<script>x", "updated_at": "<img src=x>"}'
    shown = exchange(2, Path.PLAIN, body, headers=(("Via", EVIL), ("ETag", EVIL)), url="http://p/<b>/7")
    return report(
        exchange(1, Path.DIRECT),
        shown,
        findings=(Finding(Rule.R4, (1, 2), EVIL, 3.0),),
        job=EVIL,
        route=EVIL,
        profile=EVIL,
        notes=(EVIL,),
    )


def test_a_servers_text_is_never_markup():
    page = html_report([hostile(), problem(EVIL)])
    names = {name.lower() for name in re.findall(r"<([a-zA-Z][\w-]*)", page)}
    assert not names & {"script", "img", "b_", "iframe", "a", "object"}
    assert "<b>/" not in page
    assert "default-src 'none'" in page


def test_a_page_says_why_a_side_gave_no_job():
    assert "<p>plain: nobody is home</p>" in html_report([problem("nobody is home")])


def test_no_secret_and_no_control_character():
    asked = (("Authorization", f"Bearer {SECRET}"),)
    shown = exchange(2, Path.PLAIN, asked=asked, headers=(("Via", f"\x1b[2J Bearer {SECRET}"),))
    page = html_report([report(exchange(1, Path.DIRECT), shown)])
    assert SECRET not in page
    assert "\x1b" not in page


def test_nothing_answered():
    assert "INCONCLUSIVE" in html_report([problem("x")._replace(exchanges=())])

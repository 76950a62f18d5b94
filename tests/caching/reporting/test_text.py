"""Table and Markdown: nothing of a server's becomes markup, an escape or a second line."""

from __future__ import annotations

import pytest
from caching.made_report import SECRET, exchange, problem, report

from jobctl.caching.findings import Finding, Rule
from jobctl.caching.reporting.text import markdown_report, table_report
from jobctl.exchange import Path

MARKUP = ["a|b", "a\\|<img src=x>", "`<img src=x>`", "[a](http://evil)", "``` \n# x", "\\", "\\`|<b>"]


@pytest.mark.parametrize("text", MARKUP)
def test_a_header_stays_in_its_cell(text):
    made = report(exchange(1, Path.DIRECT), exchange(2, Path.PLAIN, headers=(("Cache-Control", text),)))
    row = next(line for line in markdown_report(made).splitlines() if "| Cache-Control |" in line)
    assert row.count("|") == 5
    assert row.count("`") == 4


@pytest.mark.parametrize("text", MARKUP)
def test_outside_code_markup_is_escaped(text):
    for line in markdown_report(problem(text)).splitlines():
        if line.startswith("- "):
            bare = line.replace("\\\\", "").replace("\\`", "").replace("\\<", "").replace("\\[", "")
            assert "<img" not in bare
            assert "`" not in bare
            assert "[" not in bare.replace("[redacted]", "")


@pytest.mark.parametrize("render", [table_report, markdown_report])
def test_no_control_character_and_no_secret(render):
    hostile = f"\x1b[2J\x9b31m\u202e Bearer {SECRET}"
    made = report(
        exchange(1, Path.DIRECT),
        exchange(2, Path.PLAIN, headers=(("ETag", hostile), ("Via", hostile))),
        findings=(Finding(Rule.R1, (1, 2), hostile),),
        job=hostile,
        notes=(hostile,),
    )
    text = render(made)
    assert all(line.isprintable() for line in text.splitlines())
    assert SECRET not in text


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_comparison_fits(width):
    made = report(exchange(1, Path.DIRECT), exchange(2, Path.PLAIN, headers=(("Via", "x" * 300),)))
    rows = [line for line in table_report(made, width=width).splitlines() if line.startswith("*")]
    assert rows
    assert all(len(row) <= width for row in rows)

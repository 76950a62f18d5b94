"""A server's text in Markdown is text."""

from __future__ import annotations

import pytest

from jobctl.cli.step_summary import cell


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a|b\\|c", "a\\|b\\\\\\|c"),
        ("line\n# head", "line\\\\n\\# head"),
        ("<img src=x>&lt;", "&lt;img src=x&gt;&amp;lt;"),
        ("![a](b) `c` *d* _e_", "\\!\\[a\\](b) \\`c\\` \\*d\\* \\_e\\_"),
        ("@team #1", "\\@team \\#1"),
        ("~~gone~~ $x$", "\\~\\~gone\\~\\~ \\$x\\$"),
        ("\u202e\x1b[2J", "\\\\u202e\\\\x1b\\[2J"),
        (None, ""),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_no_text_is_markup(text, written):
    assert cell(text) == written

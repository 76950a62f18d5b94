"""HTML where the API's words belong: its title, nothing else of it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.client.pages import html_page


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!doctype html><title>404 Not Found</title><h1>x</h1>", 'an HTML page ("404 Not Found")'),
        (
            b'\xef\xbb\xbf \n<HTML lang="en"><head><TITLE a=b>\n Sign\n in </TITLE>',
            'an HTML page ("Sign in")',
        ),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html><html>', "an HTML page"),
        (b"<!-- IE -->\n<html><body>no</body>", "an HTML page"),
        (b"<h1>Not Found</h1><p>gone</p>", 'an HTML page ("Not Found")'),
        (b"<html><title>\x1b[2J</title>", 'an HTML page ("\\x1b[2J")'),
        (b"<html><title>" + b"x" * 500 + b"</title>", f'an HTML page ("{"x" * 79}…")'),
        (b"<html><title></title>", "an HTML page"),
        (b"Not Found", None),
        (b'"<html>"', None),
        (b"<job><id>7</id></job>", None),
        (b"< html", None),
        (b"", None),
    ],
)
def test_a_page_is_named_by_its_title(body, said):
    assert html_page(body) == said


@given(st.binary(max_size=60))
def test_any_body_can_be_asked_about(body):
    for one in (body, b"<html>" + body):
        assert html_page(one) is None or html_page(one).startswith("an HTML page")


@pytest.mark.parametrize("piece", [b"<title", b"<title>", b"<h1 ", b"<!--", b" "])
def test_a_hostile_page_costs_no_time(piece):
    started = time.perf_counter()
    html_page(b"<html>" + piece * 300_000)
    html_page(piece * 300_000)
    assert time.perf_counter() - started < 0.5

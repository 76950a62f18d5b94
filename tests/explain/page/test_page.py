"""The page as text: structure, citations, escaping, what may run."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from support.explanations import bursts, hostile, incident, long

from jobctl.explain.explanation import Cause, Claim
from jobctl.explain.page.page import timeline_page


class Elements(HTMLParser):
    """Collects elements and what stands in scripts and styles."""

    def __init__(self):
        super().__init__()
        self.names, self.attributes, self.raw, self._in = [], [], [], None

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes.append((tag, dict(attrs)))
        self._in = tag if tag in {"script", "style"} else None

    def handle_endtag(self, _):
        self._in = None

    def handle_data(self, data):
        if self._in:
            self.raw.append((self._in, self.attributes[-1][1].get("type"), data))


def parsed(*explanations):
    text = "".join(timeline_page(explanations))
    elements = Elements()
    elements.feed(text)
    return text, elements


def test_the_answer_comes_first_and_cites():
    text, _ = parsed(incident())
    heading, picture = text.index("<h1>The server never said"), text.index('<main id="timeline"')
    assert heading < text.index("Three reads") < text.index("<code>stream-stale</code>") < picture
    assert 'completed (entry <a href="#j=0&amp;e=44">44</a>)' in text
    assert '(entries <a href="#j=0&amp;e=48">48</a>, <a href="#j=0&amp;e=49">49</a>, ' in text


def test_an_entry_is_linked_only_where_it_is_cited():
    claim = Claim("At 12:10 line 12 said 12 % (lines 12, 13 and 3 more), and lines 14 and 12.", (12, 14))
    text, _ = parsed(incident()._replace(claims=(claim,), kind="log"))
    link = '<a href="#j=0&amp;e={0}">{0}</a>'.format
    heading = re.search("<h1>(.*?)</h1>", text)[1]
    assert heading == (
        f"At 12:10 line {link(12)} said 12 % (lines {link(12)}, 13 and 3 more),"
        f" and lines {link(14)} and {link(12)}."
    )


def test_an_entry_that_another_claim_cites_is_linked_too():
    claims = (Claim("First (entry 40).", (40,)), Claim("Then (entry 41), not entry 40, nor entry 7.", (41,)))
    text, _ = parsed(incident()._replace(claims=claims))
    assert text.count('e=40">40</a>') == 2
    assert 'e=7"' not in text


def test_many_citations_are_cut():
    claim = Claim("Many.", tuple(range(1, 31)))
    assert "and 18 more)" in parsed(incident()._replace(claims=(claim,)))[0]


def test_only_the_scripts_and_styles_of_the_page_may_run():
    text, elements = parsed(incident(), bursts())
    policy = next(one["content"] for tag, one in elements.attributes if "http-equiv" in one)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for kind, source in (("script", "script-src"), ("style", "style-src")):
        (code,) = [data for tag, mime, data in elements.raw if (tag, mime) == (kind, None)]
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"{source} 'sha256-{digest}'" in policy
    assert not any(
        {"style", "src"} & set(one) or any(name[:2] == "on" for name in one) for _, one in elements.attributes
    )
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|eval\(|https?://", text)


def test_a_servers_text_is_never_markup():
    text, elements = parsed(hostile(), incident())
    assert "img" not in elements.names
    assert elements.names.count("script") == parsed(incident(), incident())[1].names.count("script")
    assert all(letter == "\n" or letter.isprintable() for letter in text)
    assert "\\u202egnp.exe" in text


def test_nothing_to_draw():
    text, elements = parsed(incident()._replace(moments=(), decisions=0, causes=(Cause.NOT_ENOUGH,)))
    assert "<p>There is no decision to draw.</p>" in text
    assert "canvas" not in elements.names
    assert "No job was found." in parsed()[0]


def test_it_says_that_earlier_decisions_are_missing():
    assert " · 52 of 9,000 decisions</p>" in parsed(incident()._replace(decisions=9000))[0]


def test_it_comes_in_pieces():
    assert max(map(len, timeline_page([long(20_000)]))) < 1_000_000

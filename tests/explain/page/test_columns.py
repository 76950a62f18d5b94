"""Columns: the browser must get back what went in, whatever it is."""

from __future__ import annotations

import json
import math
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st
from support.explanations import BEGIN, incident, long

from jobctl.explain.explanation import Explanation, Moment, Shown
from jobctl.explain.page.columns import BLOCK, columns, words
from jobctl.model import JobStatus, Source
from jobctl.reasons import REASONS, Action, Reason
from jobctl.text import visible

TEXTS = st.text(max_size=12) | st.sampled_from(["</script>", "<!--", "\u2028", "\ud800", "\u202e", "a"])
NUMBERS = st.none() | st.floats()
SHOWN = st.none() | st.builds(Shown, st.sampled_from(JobStatus), NUMBERS)
MOMENTS = st.builds(
    Moment,
    entry=st.integers(1, 10**9),
    at=st.floats(),
    sent=st.floats(),
    source=st.sampled_from(Source),
    action=st.sampled_from(Action),
    reason=st.sampled_from(Reason),
    said=st.none() | TEXTS,
    progress=NUMBERS,
    updated_at=st.none() | TEXTS,
    true=SHOWN,
    naive=SHOWN,
    connection=st.integers(0, 99),
    frame=st.integers(0, 10**6),
    cached_by=st.none() | TEXTS,
    payload=TEXTS,
)


def explained(moments):
    return Explanation("7", "generation", "log", "x", (), (), moments, len(moments))


def read(explanation):
    """The moments as the page counts them together again: one dictionary each."""
    text = "".join(columns(explanation))
    assert text.isascii()
    assert "<" not in text
    document = json.loads(text)
    named = json.loads(words())
    texts, payloads, shown, rows = [None], [""], [None], []
    for block in document["blocks"]:
        for name, table in (("texts", texts), ("payloads", payloads), ("shown", shown)):
            table.extend(block.pop(name))
        names = list(block)
        rows += [dict(zip(names, row, strict=True)) for row in zip(*block.values(), strict=True)]
    for name in ("at", "entry"):
        for row, total in zip(rows, accumulate(row[name] for row in rows), strict=True):
            row[name] = total
    for row in rows:
        row["source"] = named["sources"][row["source"]]
        row["action"] = named["actions"][row["action"]]
        row["reason"] = named["reasons"][row["reason"]][0]
        row |= {name: texts[row[name]] for name in ("said", "updated", "cached")}
        row |= {name: shown[row[name]] for name in ("truth", "naive")}
        row["payload"] = payloads[row["payload"]]
    return document, rows


def test_the_incident_comes_back():
    tale = incident()
    document, rows = read(tale)
    assert (document["job"], document["decisions"], document["cited"]) == ("1193930", 52, [44, 47])
    assert document["flips"] == [[round((BEGIN + 55.4) * 1e6), 47, "the page reported 'pending'"]]
    frame = next(row for row in rows if row["connection"] == 2 and row["frame"] == 12)
    assert frame["at"] == round((BEGIN + 55) * 1e6)
    assert (frame["source"], frame["action"], frame["reason"]) == ("stream", "ignore", "terminal-lock")
    statuses = [word for word, _ in json.loads(words())["statuses"]]
    assert [statuses[frame[name][0]] for name in ("truth", "naive")] == ["completed", "pending"]
    read_from_cache = [row["cached"] for row in rows if row["cached"]]
    assert read_from_cache == ["Age: 4", "Age: 6", "Age: 9"]


@given(st.lists(MOMENTS, max_size=8))
def test_any_moment_is_data_that_a_browser_can_count(moments):
    _, rows = read(explained(moments))
    assert [row["entry"] for row in rows] == [one.entry for one in moments]
    for row, one in zip(rows, moments, strict=True):
        assert abs(row["at"]) <= 2**53
        assert abs(row["waited"]) <= 2 * 2**53
        if math.isfinite(one.at) and abs(one.at) < 1e9:
            assert abs(row["at"] / 1e6 - one.at) < 1e-6
        assert (row["said"] is None) is (one.said is None)
        assert (row["truth"] is None) is (one.true is None)
        assert all(text is None or visible(text, 999) == text for text in (row["said"], row["payload"]))


def test_a_text_said_often_is_written_once():
    moment = incident().moments[5]._replace(payload="x" * 1000)
    text = "".join(columns(explained([moment] * 500)))
    assert text.count("x" * 1000) == 1


def test_many_long_payloads_are_cut_but_not_the_evidence(monkeypatch):
    monkeypatch.setattr("jobctl.explain.page.columns._ALL_PAYLOADS", 52 * 1000)
    tale = incident()
    long_ones = [one._replace(payload="x" * 3000) for one in tale.moments]
    _, rows = read(explained(long_ones))
    lengths = {(row["truth"] != row["naive"], len(row["payload"])) for row in rows}
    assert lengths == {(True, 3000), (False, 1000)}


def test_a_long_job_comes_in_pieces():
    pieces = list(columns(long(2 * BLOCK + 1)))
    assert len(pieces) == 2 + 3
    assert len(read(long(2 * BLOCK + 1))[1]) == 2 * BLOCK + 1


def test_every_reason_has_its_sentence():
    assert json.loads(words())["reasons"] == [[one.value, one.sentence] for one in REASONS.values()]

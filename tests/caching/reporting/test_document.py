"""The report for machines: everything in it, no secret."""

from __future__ import annotations

import json

from caching.made_report import SECRET, exchange, problem, report

from jobctl.caching.findings import Finding, Rule
from jobctl.caching.report import StreamCheck
from jobctl.caching.reporting.document import document
from jobctl.exchange import Path


def test_no_secret_in_any_place():
    body = f'{{"id": "7", "status": "processing", "access_token": "{SECRET}"}}'.encode()
    long = (
        b'{"id": "7", "status": "processing", "pad": "' + b"x" * 1925 + f'", "token": "{SECRET}"}}'.encode()
    )
    asked = (("Authorization", f"Bearer {SECRET}"), ("Cookie", f"sid={SECRET}"))
    made = report(
        exchange(1, Path.DIRECT, body, asked=asked, headers=(("Set-Cookie", f"a={SECRET}"),)),
        exchange(2, Path.PLAIN, long, url=f"http://p/v1/jobs/7?token={SECRET}"),
        findings=(Finding(Rule.R4, (1, 2), f"token={SECRET}", 3.0),),
        stream=StreamCheck(
            f"ws://p/ws?token={SECRET}", opened=False, code=403, reason="no", first_frame=None
        ),
        notes=(f"see http://p/?token={SECRET}",),
        route=f"http://p/?token={SECRET}",
        proxied_url=f"http://p/?token={SECRET}",
    )
    text = json.dumps(document(made))
    assert SECRET not in text
    assert SECRET[:8] not in text


def test_it_holds_what_was_found():
    told = document(report())
    assert (told["schema"], told["verdict"], told["evidence"]) == (
        "jobctl.diagnosis/1",
        "PROVEN_STALE",
        [1, 2],
    )
    assert [one["rule"] for one in told["findings"]] == ["R4"]
    assert [one["number"] for one in told["exchanges"]] == [1, 2]


def test_a_problem_has_its_words():
    told = document(problem("nobody is home"))
    assert told["exchanges"][1]["problem"]["message"] == "nobody is home"
    assert json.dumps(told)

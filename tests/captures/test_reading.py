from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.traffic import Origin, Wire

from jobctl.captures.job_urls import JobUrls
from jobctl.captures.reading import LARGEST_BODY, Reading
from jobctl.exchange import PROBLEM_KINDS, Problem
from jobctl.profile.load import Profiles

PROFILES = [Profiles().get(name) for name in ("generation", "v1")]
URLS, READING = JobUrls(PROFILES), Reading(PROFILES)
UUID = "0F0E0D0C-0000-4000-8000-000000000000"


def read(status=200, body=None, job="7", content_type="application/json", **changes):
    wire = Wire(Origin([0.0, 1.0], job=job))
    exchange = wire.read(0, 0, status=status, body=body, headers=[("content-type", content_type)])
    exchange = exchange._replace(**changes)
    return READING.read(exchange, URLS.find("GET", exchange.url))


def test_a_record_is_read():
    seen, problem = read()
    assert (seen.raw_status, problem) == ("pending", None)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (304, b"", None),
        (200, b"", None),
        (200, b"<html>", "not-json"),
        (200, b'{"other": 1}', "not-the-job"),
        (200, b'{"id": "8", "status": "pending"}', "not-the-job"),
        (200, b" " * (LARGEST_BODY + 1), "not-json"),
        (302, b"", "redirect"),
        (401, b"{}", "auth"),
        (404, b"{}", "not-found"),
        (422, b"{}", "refused"),
        (429, b"{}", "rate-limited"),
        (500, b"{}", "server-error"),
    ],
    ids=range(12),
)
def test_what_is_no_record(status, body, kind):
    assert read(status, body) == (None, kind)


def test_a_uuid_may_be_spelled_differently():
    seen, _ = read(job=UUID, body=json.dumps({"id": UUID.lower(), "status": "pending"}).encode())
    assert seen is not None


def test_what_was_read_before_is_taken_over():
    assert read(problem=Problem("timeout", "x")) == (None, "timeout")
    seen, _ = read()
    assert read(seen=seen, body=b"junk") == (seen, None)


@given(st.binary(max_size=200), st.integers(200, 599), st.sampled_from(["text/html", "application/json", ""]))
def test_no_body_raises(body, status, content_type):
    seen, problem = read(status, body, content_type=content_type)
    assert seen is None or problem is None
    assert problem is None or problem in PROBLEM_KINDS

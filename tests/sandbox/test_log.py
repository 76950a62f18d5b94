from __future__ import annotations

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from jobctl.sandbox import Sandbox


@pytest.fixture
def box():
    with Sandbox() as running:
        yield running


def tail(box, job):
    with connect(f"{box.url.replace('http', 'ws')}/ws/logs/{job}", proxy=None) as socket:
        return list(socket)


def test_a_log_has_a_line_for_each_state_and_the_tail_brings_the_same(box):
    job = box.submit("v1", duration=0.4, steps=4)
    pieces = tail(box, job)
    text = httpx.get(f"{box.url}/logs/jobs/{job}", trust_env=False).text
    assert "".join(pieces) == text
    assert any(not piece.endswith("\n") for piece in pieces), "lines are cut"
    history = httpx.get(f"{box.url}/_sandbox/history/{job}", trust_env=False).json()
    assert [line.split("\t")[0] for line in text.splitlines()] == [state["updated_at"] for state in history]
    assert "".join(tail(box, job)) == text, "it begins with the first line again"


def test_no_log_of_a_job_that_is_not_there(box):
    assert httpx.get(f"{box.url}/logs/jobs/none", trust_env=False).status_code == 404
    with pytest.raises(InvalidStatus, match="404"):
        tail(box, "none")
    job = box.submit("v1", duration=0)
    tail(box, job)
    box.set_faults(["forget"], ())
    assert httpx.get(f"{box.url}/logs/jobs/{job}", trust_env=False).status_code == 404

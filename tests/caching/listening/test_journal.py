from __future__ import annotations

import json

import pytest
from support.traffic import Origin, Wire

from jobctl.caching.listening.journal import Journal, record_of, report_lines
from jobctl.caching.passive import Passive
from jobctl.profile.load import Profiles


@pytest.fixture
def passive():
    return Passive(Profiles().get("generation"))


def stale(passive, job="7", **read):
    wire = Wire(Origin([0.0, 1.0, 2.0], job=job))
    passive.see(wire.event(1.1, 1))
    exchange = wire.read(1.5, 0, **read)
    return passive.see(exchange)[0], exchange


def test_lines_are_added_and_flushed(tmp_path):
    path = tmp_path / "log"
    for number in (1, 2):
        journal = Journal(str(path))
        journal.write({"number": number})
        assert len(path.read_text().splitlines()) == number
        journal.close()
        journal.close()
    Journal().write({})


def test_a_record_is_plain_and_without_secrets(passive):
    transition, exchange = stale(
        passive, query="?access_token=geheim1234", asked=[("Authorization", "Bearer geheim1234")]
    )
    text = json.dumps(record_of(transition, exchange))
    assert "geheim" not in text
    assert json.loads(text)["rule"] == "R3"
    assert json.loads(text)["at"].endswith("Z")
    assert record_of(transition, exchange._replace(at=1e30))["at"] is None


def test_the_report_has_the_worst_first_and_is_bounded(passive):
    passive.see(Wire(Origin([0.0], job="fine")).read(0, 0))
    stale(passive, job="bad\x1b[31m")
    lines = list(report_lines(passive))
    assert "SUSPECT_STALE" in lines[0]
    assert "INCONCLUSIVE" in lines[-1]
    assert all(line.isprintable() for line in lines)
    assert list(report_lines(passive, most=1))[-1] == "jobctl: and 1 more jobs, none of them worse"


def test_an_empty_report_says_what_to_check(passive):
    assert "jobctl_profile" in next(report_lines(passive))

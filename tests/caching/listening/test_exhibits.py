from __future__ import annotations

import json

import pytest
from support.traffic import BASE, Origin, Wire

from jobctl.caching.findings import Verdict
from jobctl.caching.listening import exhibits as module
from jobctl.caching.listening.exhibits import Exhibits
from jobctl.exchange import Path
from jobctl.profile.load import Profiles

PROFILE = Profiles().get("generation")


@pytest.fixture
def wire():
    return Wire(Origin([float(n) for n in range(11)]))


def stored(wire):
    """One answer is stored at 0.1 s and comes again until 5 s, beside reads by unique URLs."""
    for tick in range(1, 50):
        at = tick / 10
        if tick % 10 == 5:
            wire.read(at, wire.origin.version(at), query=f"?_t={at}")
        elif tick % 5 == 1:
            wire.read(at, 0)


def shown(exhibits):
    (job,) = exhibits.jobs()
    return exhibits.report(job, ["a note"])


def test_a_report_shows_the_evidence_and_reads_it(wire):
    exhibits = Exhibits(PROFILE)
    stored(wire)
    for exchange in wire.seen:
        exhibits.see(exchange)
    report = shown(exhibits)
    assert report.diagnosis.verdict is Verdict.PROVEN_STALE
    assert (report.job, report.route, report.proxied_url) == ("7", "api.test", BASE)
    assert (report.direct_url, report.notes, report.profile) == (None, ("a note",), "generation")
    by_number = {one.number: one for one in report.exchanges}
    control, convicted = (by_number[number] for number in report.diagnosis.evidence)
    assert (control.path, convicted.path) == (Path.BUSTED, Path.PLAIN)
    assert control.seen.progress > convicted.seen.progress
    assert report.requests == len(wire.seen)
    assert report.seconds == pytest.approx(4.51, abs=0.001)


def test_evidence_outlives_much_later_traffic(wire):
    exhibits = Exhibits(PROFILE)
    stored(wire)
    for exchange in wire.seen:
        exhibits.see(exchange)
    evidence = set(shown(exhibits).diagnosis.evidence)
    other = Wire(Origin([0.0, 1.0], job="8"), number=1000)
    for n in range(3000):
        exhibits.see(other.read(10 + n / 100, 1))
        other.seen.clear()
    report = next(exhibits.report(one) for one in exhibits.jobs() if one.key.job == "7")
    assert evidence <= {one.number for one in report.exchanges}


def test_foreign_traffic_takes_no_room(wire):
    exhibits = Exhibits(PROFILE)
    first = wire.read(0.1, 0)
    exhibits.see(first)
    for n in range(5000):
        assert exhibits.see(first._replace(number=n + 2, url=f"{BASE}/image-{n}.png", body=b"x" * 10)) == ()
    assert [one.number for one in shown(exhibits).exchanges] == [1]


def test_what_was_sent_takes_no_room(wire):
    exhibits = Exhibits(PROFILE)
    exhibits.see(wire.read(0.1, 0, request_body=b"x" * 1000))
    assert exhibits.see(wire.event(0.2, 9)._replace(path=Path.SENT)) == ()
    (kept,) = shown(exhibits).exchanges
    assert (kept.number, kept.request_body) == (1, b"")


def test_a_long_record_is_still_read(wire):
    exhibits = Exhibits(PROFILE)
    record = {**wire.origin.record(3), "prompt": "x" * 100_000}
    exhibits.see(wire.read(3.5, 3, body=json.dumps(record).encode()))
    (kept,) = shown(exhibits).exchanges
    assert kept.seen.progress == 30
    assert len(kept.body) < 100_000


def test_what_is_kept_is_bounded_in_bytes(wire, monkeypatch):
    monkeypatch.setattr(module, "_MAX_BYTES", 200_000)
    exhibits = Exhibits(PROFILE)
    for n in range(300):
        wire.origin.job = str(n)
        record = {**wire.origin.record(0), "prompt": "x" * 20_000}
        exhibits.see(wire.read(n, 0, body=json.dumps(record).encode(), headers=[("Age", "4")]))
        wire.seen.clear()
    recent = sum(len(one.body) for one in exhibits._recent.values())
    pinned = sum(len(one.body) for kept in exhibits._pinned.values() for one in kept.values())
    assert 0 < recent < 200_000
    assert 0 < pinned < 220_000


def test_messages_told_late_make_no_negative_time(wire):
    exhibits = Exhibits(PROFILE)
    exhibits.see(wire.read(5.0, 5))
    exhibits.see(wire.event(1.0, 1))
    assert shown(exhibits).seconds == pytest.approx(4.01, abs=0.001)


def test_clear_forgets_the_exchanges_as_well(wire):
    exhibits = Exhibits(PROFILE)
    exhibits.see(wire.read(0.1, 0, headers=[("Age", "4")]))
    exhibits.clear()
    assert exhibits.jobs() == ()
    exhibits.see(wire.read(1.1, 1))
    assert [one.number for one in shown(exhibits).exchanges] == [2]

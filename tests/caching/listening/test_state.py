from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.traffic import START, Origin

from jobctl.caching.listening.runs import Known, Sample, Strength, is_newer
from jobctl.caching.listening.state import MAX_KNOWN, Versions
from jobctl.model import Source
from jobctl.observe import Reader
from jobctl.profile.load import Profiles

ORIGIN = Origin([float(n) for n in range(40)])
READER = Reader(Profiles().get("generation"))


def seen(version, **fields):
    record = json.loads(json.dumps(ORIGIN.record(version))) | fields
    return READER.observe(record, Source.POLL, "7", START)


def known(version, at, strength=Strength.EVENT, **fields):
    return Known(seen(version, **fields), float(at), version, strength)


def sample(at, number=0):
    return Sample(float(at), at + 0.01, number)


def follow(versions, version, at, key=1):
    state, said, one = versions.key(key), seen(version), sample(at)
    stale = versions.stale(said, one)
    versions.goes_back(state, said, one)
    run = versions.follow(state, said, one)
    if stale is not None:
        run.late(stale)
        versions.judge(run)
    return run


def test_an_answer_is_stale_against_the_strongest_earlier_control():
    versions = Versions()
    for one in (known(3, 3.0, Strength.PLAIN), known(4, 4.0), known(5, 9.0)):
        versions.learn(one)
    stale = versions.stale(seen(1), sample(5.0))
    assert stale.control.number == 4
    assert stale.seconds == pytest.approx(2.0)
    assert versions.stale(seen(1), sample(2.9)) is None
    assert versions.stale(seen(4), sample(5.0)) is None


def test_a_control_without_a_time_convicts_a_dated_answer_only_by_an_end():
    dated = seen(0)
    assert not is_newer(seen(3, updated_at=None), dated)
    assert is_newer(seen(39, updated_at=None), dated)
    assert is_newer(seen(3, updated_at=None), seen(0, updated_at=None))


def frozen(lag):
    """Reads each half second from a replica that lags by `lag` s (None: that never moves), events in time."""
    versions = Versions()
    for tick in range(2, 20):
        at = tick / 2
        if at == int(at):
            versions.learn(known(int(at), at))
        if lag is None or at + 0.25 >= lag:  # a replica cannot show a job before there was one
            follow(versions, 1 if lag is None else int(at + 0.25 - lag), at + 0.25)
    return versions.proof


def test_a_version_that_stays_longer_than_it_lived_is_frozen():
    proof = frozen(None)
    assert proof.run.seen.progress == seen(1).progress
    assert proof.last.seconds > 6


@pytest.mark.parametrize("lag", [0.5, 1.0, 1.7, 3.0, 5.5])
def test_a_constant_lag_is_not_frozen(lag):
    assert frozen(lag) is None


def test_going_back_under_one_key_is_remembered():
    versions = Versions()
    follow(versions, 2, 1)
    assert not versions.in_disorder
    follow(versions, 1, 2, key=2)
    assert not versions.in_disorder
    follow(versions, 1, 3)
    assert versions.in_disorder


def test_a_version_told_late_moves_its_time_forward():
    versions = Versions()
    assert versions.learn(known(3, 9.0))
    assert versions.learn(known(3, 4.0))
    assert not versions.learn(known(3, 5.0))
    assert versions.stale(seen(1), sample(4.5)) is not None


@given(st.lists(st.tuples(st.integers(0, 39), st.floats(0, 50)), max_size=60))
def test_the_newest_is_never_forgotten(told):
    versions = Versions()
    for version, at in told:
        versions.learn(known(version, at))
    assert len(versions.known) <= MAX_KNOWN
    if told:
        assert versions.newest().number == max(version for version, _ in told)

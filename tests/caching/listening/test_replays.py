from __future__ import annotations

import pytest
from support.traffic import Origin, Wire

from jobctl.caching.listening.replays import HostNames, Replays, credentials_of, sent_ids


@pytest.fixture
def wire():
    return Wire(Origin([0.0, 1.0, 2.0]))


def proven(exchanges, host=None):
    replays, host = Replays(), host or HostNames()
    for exchange in exchanges:
        replays.take(exchange, 1, host)
    return list(replays.proven(host))


def answer(wire, at, value, *, name="X-Request-Id", version=0, asked=()):
    return wire.read(at, version, headers=[(name, value)], asked=asked)


def test_a_repeated_value_counts_once_the_name_has_varied(wire):
    a, again = answer(wire, 1, "a"), answer(wire, 2, "a")
    assert proven([a, again]) == []
    (replay,) = proven([a, again, answer(wire, 3, "b")])
    assert (replay.name, replay.first, replay.again) == ("x-request-id", 1, 2)
    assert replay.seconds == pytest.approx(0.99)


def test_a_value_with_two_bodies_is_no_fingerprint(wire):
    exchanges = [answer(wire, 1, "a"), answer(wire, 2, "a"), answer(wire, 3, "b")]
    assert proven([*exchanges, answer(wire, 4, "b", version=1)]) == []


def test_overlapping_answers_are_not_compared(wire):
    late = answer(wire, 1, "a")._replace(received=9e9)
    assert proven([late, answer(wire, 2, "a"), answer(wire, 3, "b")]) == []


def test_an_echo_of_ones_own_id_is_none(wire):
    own = [("Request-Id", "a")]
    assert proven([answer(wire, 1, "a", asked=own), answer(wire, 2, "a", asked=own)]) == []
    (replay,) = proven([answer(wire, 1, "a", asked=own), answer(wire, 2, "a")])
    assert replay.is_echo


def test_a_value_of_two_jobs_is_refused(wire):
    host = HostNames()
    host.note("x-request-id", 1, job=1)
    host.note("x-request-id", 1, job=2)
    host.note("x-request-id", 2, job=2)
    assert not host.is_fingerprint("x-request-id", is_echo=False)


def test_credentials_are_a_number_only(wire):
    with_token = wire.read(1, 0, asked=[("AUTHORIZATION", "Bearer geheim")])
    assert isinstance(credentials_of(with_token), int)
    assert credentials_of(wire.read(1, 0)) == 0
    assert sent_ids(wire.read(1, 0, asked=[("TraceParent", "t"), ("x-other", "o")])) == {"t"}

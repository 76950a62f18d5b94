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


def of_two_sessions(wire):
    """Each client gets the id of its session, which says nothing about answers."""
    for at, cookie in enumerate(["s=1", "s=1", "s=2", "s=2"]):
        yield answer(wire, at, f"session-{cookie}", asked=[("Cookie", cookie)])


def of_two_processes(wire):
    for at in range(8):
        yield answer(wire, at, f"process-{at % 2}")


def of_a_field_sent(wire):
    """The origin gives back as a correlation id what the page sent under another name."""
    for at, value in enumerate(["page-load-1", "page-load-1", "page-load-2", "page-load-2"]):
        sent = [("Baggage", f"a=1,load={value}")]
        yield answer(wire, at, value, name="X-Correlation-Id", asked=sent)


@pytest.mark.parametrize("traffic", [of_two_sessions, of_two_processes, of_a_field_sent])
def test_what_names_a_session_or_a_process_is_no_fingerprint(wire, traffic):
    assert proven(traffic(wire)) == []


def test_what_names_a_job_is_no_fingerprint(wire):
    host = HostNames()
    Replays().take(answer(wire, 0, "job-6"), 6, host)
    assert proven([answer(wire, 1, "job-1"), answer(wire, 2, "job-1")], host) == []


def test_several_nodes_of_a_cache_are_told_from_processes_by_the_number_of_values(wire):
    """Two nodes answer in turn, each for six seconds from its store."""
    answers = [answer(wire, at, f"value-{at % 2}-{at // 6}") for at in range(60)]
    assert proven(answers[:20]) == []
    assert proven(answers) != []


def test_a_value_between_two_others_at_another_url_is_no_return(wire):
    stored = [answer(wire, 1, "a"), answer(wire, 3, "a")]
    unique = wire.read(2, 1, query="?_t=1", headers=[("X-Request-Id", "b")])
    assert len(proven([stored[0], unique, stored[1]])) == 1


def test_credentials_are_a_number_only(wire):
    with_token = wire.read(1, 0, asked=[("AUTHORIZATION", "Bearer geheim")])
    assert isinstance(credentials_of(with_token), int)
    assert credentials_of(wire.read(1, 0)) == 0
    assert sent_ids(wire.read(1, 0, asked=[("TraceParent", "t"), ("x-other", "o")])) == {"t"}

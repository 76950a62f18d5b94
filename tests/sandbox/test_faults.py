from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.sandbox import FAULTS, Fault, Place, parse_fault
from jobctl.sandbox.faults import Scope, parse_faults
from jobctl.sandbox.units import Unit, parse_value


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("ws-drop=30%", Fault("ws-drop", 30.0)),
        ("ws-drop", Fault("ws-drop", 30.0)),
        ("hang", Fault("hang", None, 100)),
        ("hang@5%", Fault("hang", None, 5)),
        ("replica-lag=500ms@50%", Fault("replica-lag", 0.5, 50)),
        ("html-page=511", Fault("html-page", 511.0, 100)),
        (" rate-limit@100 ", Fault("rate-limit", 1.0, 100)),
        ("unknown-status=odd", Fault("unknown-status", "odd")),
    ],
)
def test_reads_faults(text, fault):
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("ws-dorp", None, "did you mean ws-drop"),
        ("", None, "expected one of ws-drop"),
        ("ws-drop=lots", None, "a percentage"),
        ("ws-drop=3@4%", None, "expected no rate"),
        ("hang=3", None, "expected no value"),
        ("hang@often", None, "a percentage"),
        ("replica-lag=", None, "a duration"),
        ("cache", Place.SERVER, "expected the tunnel"),
        ("auth", Place.TUNNEL, "expected the server"),
    ],
)
def test_bad_faults_name_what_was_expected(text, place, message):
    with pytest.raises(ValueError, match=message):
        parse_fault(text, place)


@pytest.mark.parametrize("name", FAULTS)
def test_every_default_is_a_legal_value_and_reads_back(name):
    kind = FAULTS[name]
    fault = parse_fault(name)
    assert fault == Fault(name, kind.default, 100.0 if kind.rate is None else kind.rate)
    assert parse_fault(str(fault)) == fault
    assert kind.help
    assert kind.where
    assert (kind.unit is None) == (kind.default is None)
    if kind.unit is Unit.PERCENT:
        assert kind.rate is None


def test_the_registry_is_closed():
    with pytest.raises(TypeError):
        FAULTS["new"] = FAULTS["hang"]
    assert {kind.scope for kind in FAULTS.values()} == set(Scope)


@given(st.text(max_size=40))
def test_any_text_is_a_fault_or_a_value_error(text):
    try:
        fault = parse_fault(text)
    except ValueError:
        return
    assert fault.name in FAULTS


@given(st.sampled_from(sorted(FAULTS)), st.floats(0, 100))
def test_rates_survive_a_round_trip(name, rate):
    kind = FAULTS[name]
    if kind.rate is not None:
        again = parse_fault(str(Fault(name, kind.default, rate)))
        assert again.rate == pytest.approx(rate, abs=1e-15)


def test_ready_made_faults_are_checked_too():
    with pytest.raises(ValueError, match="HTTP status"):
        parse_faults([Fault("html-page", 42.0)], Place.SERVER)
    with pytest.raises(TypeError):
        _ = Fault("hang").number
    with pytest.raises(TypeError):
        _ = Fault("ws-drop", 3.0).text
    assert parse_value("3", Unit.COUNT) == 3

"""Server times: parsed whatever their spelling, compared at the coarser of two precisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from world.make import iso

from jobctl.timestamps import Timestamp, parse_timestamp

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INCIDENT = "2025-10-09 22:13:10.609405"
INCIDENT_NS = 1_760_047_990_609_405_000
SECOND, MINUTE, DAY = 10**9, 60 * 10**9, 86_400 * 10**9


@pytest.mark.parametrize(
    ("value", "ns", "unit"),
    [
        (INCIDENT, INCIDENT_NS, 1000),
        ("2025-10-09T22:13:10.609405", INCIDENT_NS, 1000),
        ("2025-10-09T22:13:10.609405Z", INCIDENT_NS, 1000),
        ("2025-10-09t22:13:10.609405z", INCIDENT_NS, 1000),
        ("2025-10-09T22:13:10,609405Z", INCIDENT_NS, 1000),
        (" 2025-10-09T22:13:10.609405Z ", INCIDENT_NS, 1000),
        ("2025-10-09T22:13:10.609Z", 1_760_047_990_609_000_000, 10**6),
        ("2025-10-09T22:13:10.6Z", 1_760_047_990_600_000_000, 10**8),
        ("2025-10-09T22:13:10.609405123Z", INCIDENT_NS + 123, 1),
        ("2025-10-09T22:13:10.609405123999Z", INCIDENT_NS + 123, 1),
        ("2025-10-09T22:13:10", 1_760_047_990 * SECOND, SECOND),
        ("2025-10-10T00:13:10+02:00", 1_760_047_990 * SECOND, SECOND),
        ("2025-10-10T00:13:10 +0200", 1_760_047_990 * SECOND, SECOND),
        ("2025-10-10T00:13:10+02", 1_760_047_990 * SECOND, SECOND),
        ("2025-10-09T22:13", 1_760_047_980 * SECOND, MINUTE),
        ("2025-10-09", 1_759_968_000 * SECOND, DAY),
        (1_760_047_990, 1_760_047_990 * SECOND, SECOND),
        (1_760_047_990_609, 1_760_047_990_609 * 10**6, 10**6),
        (1_760_047_990_609_405, INCIDENT_NS, 1000),
        (INCIDENT_NS, INCIDENT_NS, 1),
        ("1760047990", 1_760_047_990 * SECOND, SECOND),
        ("1760047990609", 1_760_047_990_609 * 10**6, 10**6),
        ("1969-12-31T23:59:59.5Z", -500_000_000, 10**8),
    ],
)
def test_spellings(value, ns, unit):
    parsed = parse_timestamp(value)
    assert parsed is not None
    assert (parsed.ns, parsed.unit) == (ns, unit)


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 0, 0.0, -1, "0", "", " ", "soon", "2025-13-01", "2025-02-30T00:00:00Z",
        "2025-10-09T25:00:00", "20251009T221310.609405", "20251009T221310.60",
        "22:13:10", "2025-10-09T22:13:10.", "2025-10-09T22:13:10 PST", float("nan"), float("inf"),
        -float("inf"), 10**30, -(10**30), [], {}, [1], {"seconds": 1}, b"2025-10-09",
        "\u0662\u0660\u0662\u0665-10-09", "9" * 4000,
        "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
        "2025-10-09T22:13:10Z" + " " * 100, "1e9", "-",
    ],
)  # fmt: skip
def test_no_time_is_no_version_and_no_exception(value):
    parsed = parse_timestamp(value)
    assert parsed is None or isinstance(value, str)  # year 1 and 9999 across a zone may be read, never raise
    if not (isinstance(value, str) and value[:4] in {"0001", "9999", "2025"}):
        assert parsed is None


def test_incident_1_milliseconds_of_the_socket_equal_microseconds_of_the_api():
    api, socket = iso(INCIDENT), iso("2025-10-09T22:13:10.609Z")
    assert api.compare(socket) == socket.compare(api) == 0
    assert api.finer_of(socket) == socket.finer_of(api) == api


@pytest.mark.parametrize("unit", [1, 1000, 10**6])
def test_epoch_numbers_and_text_of_the_same_moment_are_the_same_time(unit):
    text = iso(INCIDENT)
    assert parse_timestamp(INCIDENT_NS // unit).compare(text) == 0  # type: ignore[union-attr]


@given(st.integers(10**15, 4_200_000_000_000_000), st.sampled_from([10**6, 10**3]), st.booleans())
@example(1_760_047_990_609_405, 10**6, False)
def test_epoch_as_a_double_is_the_same_time_as_its_text(micros, unit, as_text):
    """json.dumps(time.time()) next to an ISO copy of the same moment: neither is newer."""
    # From 2001 on; from 2106 on a double of seconds no longer holds a microsecond.
    value = float(Decimal(micros) / unit)
    parsed = parse_timestamp(repr(value) if as_text else value)
    moment = iso((EPOCH + timedelta(microseconds=micros)).isoformat(timespec="microseconds"))
    assert parsed is not None
    assert parsed.compare(moment) == 0, (value, parsed, moment)


units = st.sampled_from([1, 1000, 10**6, 10**8, SECOND, MINUTE, DAY])
stamps = st.builds(
    lambda ns, unit: Timestamp(ns // unit * unit, unit, ""), st.integers(-(10**18), 4 * 10**18), units
)
near = st.builds(lambda ns, unit: Timestamp(ns // unit * unit, unit, ""), st.integers(0, 3 * SECOND), units)


@given(st.one_of(st.tuples(stamps, stamps), st.tuples(near, near)))
def test_compare_is_antisymmetric_and_at_the_coarser_precision(pair):
    one, other = pair
    assert one.compare(other) == -other.compare(one)
    unit = max(one.unit, other.unit)
    mine, theirs = one.ns // unit, other.ns // unit
    assert one.compare(other) == (mine > theirs) - (mine < theirs)
    assert one.compare(one) == 0


@given(st.integers(0, 4 * 10**18), units, units)
def test_two_copies_of_one_moment_are_the_same_time_whatever_their_precision(ns, unit, other):
    one, two = Timestamp(ns // unit * unit, unit, ""), Timestamp(ns // other * other, other, "")
    assert one.compare(two) == 0


@given(st.lists(stamps, min_size=3, max_size=3), units)
def test_within_one_precision_the_order_is_total(three, unit):
    a, b, c = (Timestamp(stamp.ns // unit * unit, unit, "") for stamp in three)
    if a.compare(b) >= 0 and b.compare(c) >= 0:
        assert a.compare(c) >= 0


@given(st.integers(0, 4 * 10**18), units, units)
def test_the_finer_of_two_equal_times_is_one_of_them_and_symmetric(ns, unit, other):
    one, two = Timestamp(ns // unit * unit, unit, "a"), Timestamp(ns // other * other, other, "b")
    finer = one.finer_of(two)
    assert finer in {one, two}
    assert finer.unit == min(unit, other)
    assert finer[:2] == two.finer_of(one)[:2]
    assert finer.compare(one) == finer.compare(two) == 0


@given(
    st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1)),  # noqa: DTZ001 -- naive is UTC
    st.sampled_from(["auto", "seconds", "milliseconds", "microseconds"]),
    st.sampled_from(["T", " "]),
    st.sampled_from(["", "Z", "+00:00"]),
)
def test_whatever_isoformat_writes_is_read_exactly(moment, timespec, separator, zone):
    text = moment.isoformat(sep=separator, timespec=timespec) + zone
    parsed = iso(text)
    exact = (moment.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) * 1000
    assert parsed.ns == exact // parsed.unit * parsed.unit
    assert parsed.text == text


@given(
    st.one_of(
        st.text(),
        st.from_regex(
            r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,12})?)?([Zz]|[+-]\d\d(:?\d\d)?)?", fullmatch=True
        ),
        st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{1,9})?", fullmatch=True),
        st.integers(),
        st.floats(),
        st.binary(),
        st.lists(st.integers()),
    )
)
@example("1" * 310 + ".0")
@example("0000-01-01")
@example(10**400)
def test_parsing_never_raises(value):
    parsed = parse_timestamp(value)
    assert parsed is None or (parsed.unit >= 1 and isinstance(parsed.ns, int))

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from jobctl.sandbox.moments import iso, naive

MOMENT = 1760047990609405


def test_the_incident():
    assert naive(MOMENT) == "2025-10-09 22:13:10.609405"
    assert iso(MOMENT) == "2025-10-09T22:13:10.609Z"
    assert iso(MOMENT, 6) == "2025-10-09T22:13:10.609405Z"


@given(st.integers(0, 4102444800 * 10**6))
def test_times_read_back(moment):
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    micro = timedelta(microseconds=1)
    assert (datetime.fromisoformat(iso(moment, 6)) - epoch) // micro == moment
    assert (datetime.fromisoformat(naive(moment) + "+00:00") - epoch) // micro == moment
    assert (datetime.fromisoformat(iso(moment)) - epoch) // micro == moment // 1000 * 1000

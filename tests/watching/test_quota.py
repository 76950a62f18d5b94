"""The hourly quota: kept in every window of an hour, spread over it, with a reserve for what cannot wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.watching.pacing import PollBudget
from jobctl.watching.quota import HourlyQuota

limits = st.integers(1, 400)
steps = st.lists(
    st.tuples(st.floats(0, 900), st.booleans(), st.sampled_from((0.0, 0.05, 14.9))), min_size=1, max_size=900
)


@given(limits, steps)
def test_no_window_of_an_hour_brings_more_to_the_server(limit, steps):
    quota, now, arrived = HourlyQuota(limit), 1000.0, []
    for idle, urgent, under_way in steps:
        now = max(now + idle, quota.ready_at(urgent=urgent))
        quota.take(now)
        arrived.append(now + under_way)
    arrived.sort()
    for first, last in zip(arrived, arrived[limit:], strict=False):
        assert last - first > 3600


@given(limits)
def test_it_is_used_up_by_whoever_always_wants_more(limit):
    quota, now, count = HourlyQuota(limit), 0.0, 0
    while (now := max(now, quota.ready_at(urgent=True))) < 3615 - 1e-6:
        quota.take(now)
        count += 1
    assert count == limit


@given(st.integers(20, 400))
def test_polls_leave_a_reserve_to_what_is_urgent(limit):
    quota, polls = HourlyQuota(limit), 0
    while quota.ready_at(urgent=False) <= 1e-6:
        quota.take(0.0)
        polls += 1
    urgent = 0
    while quota.ready_at(urgent=True) <= 1e-6:
        quota.take(0.0)
        urgent += 1
    assert polls + urgent == limit // 10
    assert urgent == limit // 10 // 2


def test_the_smallest_quota_is_one_an_hour():
    quota = HourlyQuota(1)
    quota.take(0.0)
    assert quota.ready_at(urgent=True) == 3615.0
    with pytest.raises(ValueError, match="1 request or more"):
        HourlyQuota(0)


def test_a_budget_tells_how_long_its_quota_holds_back():
    budget = PollBudget(10.0, HourlyQuota(60))
    assert budget.held_for(0.0) == 0.0
    for _ in range(3):
        budget.take(0.0)
    assert budget.held_for(0.0) == pytest.approx(3615 / 55)
    assert budget.ready_at(0.0) == pytest.approx(3615 / 55)
    assert budget.ready_at(0.0, urgent=True) == pytest.approx(0.3)
    assert budget.sent == 3
    assert PollBudget(10.0).held_for(0.0) == 0.0

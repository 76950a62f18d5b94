"""When to ask again: adaptive pace, backoff, and the budget that all watched jobs share."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.watching.pacing import AdaptivePace, PollBudget, backoff

randoms = st.floats(0.0, 1.0, exclude_max=True)


def test_the_pace_slows_down_while_nothing_changes_and_stops_at_the_slowest():
    pace = AdaptivePace(0.5, 5.0)
    delays = [pace.next_delay(0.5) for _ in range(12)]
    assert delays[0] == 0.5
    assert delays == sorted(delays)
    assert delays[-1] == 5.0
    pace.changed()
    assert pace.next_delay(0.5) == 0.5


@given(st.lists(st.tuples(randoms, st.booleans()), max_size=30), st.floats(0.01, 10), st.floats(0.01, 60))
def test_the_pace_stays_within_a_tenth_of_its_bounds(steps, fastest, slowest):
    pace = AdaptivePace(fastest, slowest)
    for random, changed in steps:
        if changed:
            pace.changed()
        assert fastest * 0.9 <= pace.next_delay(random) <= max(fastest, slowest) * 1.1 + 1e-9


def test_jitter_spreads_watchers_that_started_together():
    assert AdaptivePace(1.0, 5.0).next_delay(0.0) < AdaptivePace(1.0, 5.0).next_delay(0.99)


@given(randoms)
def test_a_fixed_interval_is_what_was_asked_for(random):
    pace = AdaptivePace(0.5, 5.0, fixed=7.0)
    pace.changed()
    assert pace.next_delay(random) == 7.0


@given(st.integers(0, 10**6), randoms, st.floats(0.1, 5), st.floats(1, 60))
def test_backoff_stays_below_its_exponential_and_its_cap(attempt, random, base, cap):
    wait = backoff(attempt, random, base=base, cap=cap)
    assert 0.05 <= wait <= max(0.05, min(cap, base * 2.0 ** min(attempt, 40)))


def test_backoff_has_full_jitter_and_doubles():
    assert backoff(3, 0.0) == 0.05
    assert [backoff(attempt, 0.5) for attempt in range(4)] == [0.25, 0.5, 1.0, 2.0]
    assert backoff(100, 0.999) < 30.0


@given(
    st.floats(0.1, 300),
    st.lists(st.tuples(st.floats(0, 0.5), st.booleans()), min_size=1, max_size=60),
)
def test_the_budget_holds_in_every_window_of_a_second(rate, steps):
    budget, now = PollBudget(rate), 100.0
    sent: deque[float] = deque()
    for idle, _ in steps:
        now = budget.ready_at(now + idle)
        budget.take(now)
        sent.append(now)
        window = [when for when in sent if when > now - 1.0 + 1e-9]
        assert len(window) <= rate + 1.0


def test_idle_time_is_not_saved_up_for_a_burst():
    budget = PollBudget(10.0)
    budget.take(0.0)
    assert budget.ready_at(100.0) == 100.0
    budget.take(100.0)
    assert budget.ready_at(100.0) == pytest.approx(100.1)


def test_retry_after_pauses_everybody_and_never_shortens():
    budget = PollBudget(10.0)
    budget.pause_until(50.0)
    budget.pause_until(20.0)
    assert budget.ready_at(0.0) == 50.0
    assert budget.ready_at(60.0) == 60.0


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_budget_of_nothing_is_refused(rate):
    with pytest.raises(ValueError, match="above 0"):
        PollBudget(rate)


def test_requests_per_hour():
    budget = PollBudget(100.0)
    assert budget.per_hour(0.0) == 0
    for second in range(0, 600, 2):
        budget.take(float(second))
    assert budget.per_hour(600.0) == pytest.approx(1800, rel=0.02)
    for second in range(600, 7200, 10):
        budget.take(float(second))
    assert budget.per_hour(7200.0) == pytest.approx(360, rel=0.03), "the last hour only"
    assert budget.per_hour(20_000.0) == 0

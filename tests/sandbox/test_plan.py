from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.sandbox import Place
from jobctl.sandbox.plan import FaultPlan


def rolls(plan, key, count=200):
    return [plan.strikes("ws-drop", key) is not None for _ in range(count)]


def test_a_seed_decides_everything():
    one, same, other = (FaultPlan(Place.SERVER, ["ws-drop=30%"], seed) for seed in (1, 1, 2))
    first = rolls(one, "a")
    assert first == rolls(same, "a")
    assert first != rolls(other, "a")
    assert 30 < sum(first) < 90


@given(st.lists(st.sampled_from("abc"), max_size=60))
def test_a_key_does_not_depend_on_the_traffic_of_others(order):
    plan = FaultPlan(Place.TUNNEL, ["ws-drop=50%"], 3)
    alone = {key: rolls(FaultPlan(Place.TUNNEL, ["ws-drop=50%"], 3), key, 60) for key in "abc"}
    seen = {key: [] for key in "abc"}
    for key in order:
        seen[key].append(plan.strikes("ws-drop", key) is not None)
    assert all(alone[key][: len(found)] == found for key, found in seen.items())


def test_places_roll_their_own_dice():
    plans = [FaultPlan(place, ["ws-drop=50%"], 0) for place in Place]
    assert rolls(plans[0], "a") != rolls(plans[1], "a")


@pytest.mark.parametrize(("fault", "expected"), [("ws-drop=0%", 0), ("ws-drop=100%", 200)])
def test_never_and_always(fault, expected):
    assert sum(rolls(FaultPlan(Place.SERVER, [fault]), "a")) == expected


def test_replacing_starts_the_dice_again_and_a_bad_fault_changes_nothing():
    plan = FaultPlan(Place.SERVER, ["ws-drop=50%"], 5)
    first = rolls(plan, "a")
    plan.replace(["ws-drop=50%"])
    assert rolls(plan, "a") == first
    with pytest.raises(ValueError, match="unknown fault"):
        plan.replace(["nonsense"])
    assert [str(fault) for fault in plan.faults()] == ["ws-drop=50%"]
    plan.replace([], seed=9)
    assert plan.strikes("ws-drop", "a") is None
    assert plan.seed == 9

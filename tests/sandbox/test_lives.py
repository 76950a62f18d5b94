from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.sandbox.lives import STATES, TERMINAL, Script, timeline


def test_a_plain_life():
    life = timeline(Script(duration=2, steps=4, end="completed", pending=0.5))
    assert [(step.offset, step.status, step.progress) for step in life] == [
        (500_000, "started", 0),
        (1_000_000, "processing", 25),
        (1_500_000, "processing", 50),
        (2_000_000, "processing", 75),
        (2_500_000, "completed", 100),
    ]


def test_a_failed_life_keeps_its_last_progress():
    assert timeline(Script(duration=1, steps=2, end="failed"))[-1] == (1_200_000, "failed", None)


def test_a_requeued_life_starts_over():
    life = timeline(Script(duration=1, steps=2, pending=0.1, requeue_at=0.6))
    assert [step.status for step in life] == [
        "started", "processing", "pending", "started", "processing", "completed",
    ]  # fmt: skip
    assert life[2] == (700_000, "pending", 0)
    assert life[-1].offset == 1_800_000


seconds = st.one_of(st.just(0.0), st.floats(1e-6, 1e5))


@given(seconds, st.integers(1, 50), st.sampled_from(sorted(TERMINAL)), seconds, st.floats(0, 0.99))
def test_every_life_is_in_order_and_ends_once(duration, steps, end, pending, part):
    requeue_at = duration * part if duration else None
    life = timeline(Script(duration, steps, end, pending, requeue_at))
    offsets = [step.offset for step in life]
    assert offsets == sorted(offsets)
    assert [step.status for step in life if step.status in TERMINAL] == [end]
    assert life[-1].status == end
    assert all(step.status in STATES for step in life)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"duration": -1}, "duration"),
        ({"duration": "2"}, "duration"),
        ({"duration": True}, "duration"),
        ({"duration": float("nan")}, "duration"),
        ({"pending": float("inf")}, "pending"),
        ({"steps": 0}, "steps"),
        ({"steps": 1.5}, "steps"),
        ({"steps": 10**9}, "steps"),
        ({"end": "running"}, "end"),
        ({"end": ["failed"]}, "end"),
        ({"duration": 1, "requeue_at": 1}, "requeue_at"),
        ({"colour": "red"}, "sandbox"),
        ([], "sandbox"),
    ],
)
def test_bad_options_name_the_field(options, field):
    with pytest.raises(ValueError, match=f"^{field}: expected|^{field}.*expected"):
        Script().with_options(options)

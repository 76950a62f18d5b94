from __future__ import annotations

import pytest
from world.make import seen

from jobctl.explain.explanation import Shown
from jobctl.explain.naive import believe, is_back
from jobctl.model import JobStatus

PENDING, RUNNING, DONE, FAILED = (JobStatus(one) for one in ("pending", "running", "completed", "failed"))


def test_the_last_word_is_believed_whatever_it_says():
    shown = believe(None, seen("running", progress=95.0))
    assert shown == Shown(RUNNING, 95.0)
    assert believe(shown, seen("pending")) == Shown(PENDING)
    assert believe(Shown(DONE), seen("running", progress=1.0)) == Shown(RUNNING, 1.0)


def test_a_word_without_progress_keeps_the_bar_of_the_same_status():
    assert believe(Shown(RUNNING, 95.0), seen("running")) == Shown(RUNNING, 95.0)


def test_keep_alives_and_what_has_no_status_change_nothing():
    shown = Shown(RUNNING, 95.0)
    assert believe(shown, seen(None, keepalive=True)) is shown
    assert believe(shown, seen(None)) is shown


@pytest.mark.parametrize(
    ("before", "after", "back"),
    [
        (Shown(DONE), Shown(PENDING), True),
        (Shown(RUNNING), Shown(PENDING), True),
        (Shown(RUNNING, 95.0), Shown(RUNNING, 40.0), True),
        (Shown(DONE), Shown(FAILED), True),
        (Shown(RUNNING, 40.0), Shown(RUNNING, 95.0), False),
        (Shown(RUNNING, 40.0), Shown(RUNNING), False),
        (Shown(DONE, 100.0), Shown(DONE, 10.0), False),
        (Shown(PENDING), Shown(DONE), False),
        (None, Shown(PENDING), False),
    ],
)
def test_what_a_person_would_call_going_back(before, after, back):
    assert is_back(before, after) is back

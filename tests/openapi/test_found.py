from __future__ import annotations

import pytest

from jobctl.openapi.found import Confidence, Found, graded, missing


@pytest.mark.parametrize(("points", "confidence"), [(9, "high"), (8, "medium"), (6, "medium"), (5, "low")])
def test_points_become_a_confidence(points, confidence):
    assert graded(points, 9, 6) is Confidence(confidence)


def test_what_could_not_be_told_says_what_to_write():
    found = missing("no such name", "write it by hand")
    assert (found.value, found.confidence) == (None, Confidence.NONE)
    assert found.why == "no such name; write it by hand"
    assert Found("x", Confidence.HIGH, ("a", "b")).why == "a; b"

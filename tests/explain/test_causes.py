from __future__ import annotations

from jobctl.explain.causes import causes_of, taken_back
from jobctl.explain.explanation import Cause
from jobctl.explain.facts import Facts


def test_there_is_always_a_cause():
    assert causes_of(Facts()) == (Cause.NOT_ENOUGH,)
    assert causes_of(Facts(words=2)) == (Cause.CLIENT_STATE,)
    assert all(taken_back(Facts(), cause) is None for cause in Cause)


def test_each_cause_has_its_sentence():
    for cause in Cause:
        assert cause.sentence.isprintable()
        assert not cause.sentence.endswith(".")

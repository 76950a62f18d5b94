"""The registry is closed: codes, actions and sentences are a public format."""

from __future__ import annotations

import re

import pytest

from jobctl.reasons import Action, Reason

CODES = """keepalive other-job unreadable stored-hint unconfirmed-terminal first-seen older-attempt
new-attempt
terminal-lock reopened late-terminal older-update terminal-corrected terminal-conflict requeued corrected
same-time-regression unversioned-regression confirmed duplicate advanced progressed"""


def test_the_codes_are_those_of_the_design_in_the_order_of_its_rules():
    assert [reason.value for reason in Reason] == CODES.split()


@pytest.mark.parametrize("reason", list(Reason))
def test_a_reason_reads_as_a_sentence(reason):
    assert reason.actions
    assert all(isinstance(action, Action) for action in reason.actions)
    assert re.fullmatch(r"[a-z][^.\n]{10,110}", reason.sentence), "one lower-case sentence, no full stop"
    assert Reason(reason.value) is reason
    assert str(reason) == reason.value


def test_what_a_person_should_see_warns():
    assert {reason.value for reason in Reason if reason.warns} == {"reopened", "terminal-corrected"}


def test_no_two_reasons_say_the_same():
    assert len({reason.sentence for reason in Reason}) == len(Reason)

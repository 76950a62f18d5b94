from __future__ import annotations

import pytest
from support.program import check_message

from jobctl.cli.topics import Topic
from jobctl.exit_codes import ExitCode
from jobctl.reasons import Reason


@pytest.mark.parametrize("topic", Topic)
def test_each_list_is_shown_and_given_to_scripts(alone, topic):
    done = alone.run("help", topic.value)
    assert (done.code, done.err) == (0, "")
    rows = alone.run("help", topic.value, "--json").document["rows"]
    assert rows
    assert all(str(next(iter(row.values()))) in done.out for row in rows)


def test_they_are_the_lists_of_the_code(alone):
    codes = alone.run("help", "exit-codes", "--json").document["rows"]
    assert {row["code"]: row["when"] for row in codes} == {int(code): code.sentence for code in ExitCode}
    reasons = alone.run("help", "reasons", "--json").document["rows"]
    assert [row["reason"] for row in reasons] == [reason.value for reason in Reason]


def test_another_word_is_no_topic(alone):
    check_message(alone.run("help", "nonsense"), 2, "nonsense")

from __future__ import annotations

from jobctl.cli.repeats import Repeats


def test_once_per_job_and_kind():
    repeats = Repeats()
    told = [repeats.told(job, "stream-closed:1006", job) for job in ("a", "b", "a", "b", "c")]
    assert told == ["a", "b", None, None, "c"]
    assert repeats.told("a", "stream-closed:1011", "x") == "x"
    assert repeats.summary() == "socket closed ×6"


def test_what_was_shown_each_time_is_not_summed_up():
    repeats = Repeats()
    for job in "abc":
        repeats.told(job, "polling-only", job)
    assert repeats.summary() == ""


def test_a_screenful_of_a_kind_and_then_numbers():
    repeats = Repeats()
    told = [repeats.told(str(job), "read-failed:transient", "503") for job in range(300)]
    assert told[:9] == ["503"] * 9
    assert told[9] == "503 (more of these are only counted)"
    assert set(told[10:]) == {None}
    assert repeats.told("1", "polling-only", "another kind") == "another kind"
    assert repeats.summary() == "reads failed ×300"


def test_words_instead_of_codes():
    repeats = Repeats()
    for _ in range(2):
        repeats.told("7", "terminal-lock", "x")
        repeats.told("7", "cached-reads", "x")
        repeats.told("7", "\x1bnew", "x")
    assert repeats.summary() == "not believed (terminal-lock) ×2, reads from a cache ×2, \\x1bnew ×2"

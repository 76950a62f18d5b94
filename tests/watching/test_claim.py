"""A claimed end: how long it is checked, and what refutes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world.make import at, known, seen

from jobctl.model import Decision, Source
from jobctl.reasons import Reason
from jobctl.watching.claim import Claim, Weight

ENDED = seen("completed", Source.STREAM, updated_at=at(5))
CLAIMING = {Reason.UNCONFIRMED_TERMINAL, Reason.LATE_TERMINAL, Reason.TERMINAL_CONFLICT}


def decided(observation, reason=Reason.UNCONFIRMED_TERMINAL, job=None):
    return Decision(observation, reason.actions[0], reason, job, job)


def read(time=None, job=None, unit=1000):
    """A verified read of a job that is still running."""
    updated_at = None if time is None else at(time, unit=unit)
    return decided(seen("running", Source.VERIFY, updated_at=updated_at), Reason.DUPLICATE, job)


def weigh(claim, seen_end, *reads, moved=False):
    return [claim.weigh(seen_end, one, moved=moved) for one in reads]


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("source", Source)
def test_only_a_stream_a_capture_or_a_read_can_claim_an_end_and_only_by_claiming_one(reason, source):
    claim, word = Claim(5), seen("completed", source)
    claim.consider(decided(word, reason))
    can = reason in CLAIMING and source not in {Source.STORE, Source.SUBMIT, Source.CANCEL}
    assert claim.seen is (word if can else None)


def test_the_latest_claim_counts_and_what_claims_nothing_changes_nothing():
    claim, later = Claim(5), seen("failed", Source.STREAM)
    for word, reason in [(ENDED, Reason.LATE_TERMINAL), (later, Reason.TERMINAL_CONFLICT)]:
        claim.consider(decided(word, reason))
    claim.consider(decided(seen("running"), Reason.DUPLICATE))
    assert claim.seen is later


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_it_is_open_then_doubted_then_exhausted(most):
    weights = weigh(Claim(most), ENDED, *[read()] * most)
    before = [Weight.OPEN] + [Weight.DOUBTED] * most
    assert weights == [*before[: most - 1], Weight.EXHAUSTED]


def test_a_job_that_visibly_moves_on_buys_time():
    claim = Claim(2)
    for _ in range(10):
        assert claim.weigh(ENDED, read(), moved=True) is Weight.OPEN
    assert weigh(claim, ENDED, read(), read()) == [Weight.OPEN, Weight.EXHAUSTED]


@pytest.mark.parametrize(
    ("source", "claimed", "said", "shown", "weight"),
    [
        (Source.STREAM, 5, 6, None, Weight.REFUTED),
        (Source.STREAM, 5, 5, None, Weight.OPEN),
        (Source.STREAM, 5, 4, None, Weight.OPEN),
        (Source.STREAM, 5, None, None, Weight.OPEN),
        (Source.STREAM, None, 9, 9, Weight.OPEN),
        (Source.STREAM, 5, 4, 6, Weight.REFUTED),
        (Source.CAPTURE, 5, None, 6, Weight.REFUTED),
        (Source.STREAM, 5, None, 5, Weight.OPEN),
        (Source.POLL, 5, 4, 6, Weight.OPEN),
        (Source.VERIFY, 5, None, 6, Weight.OPEN),
        (Source.POLL, 5, 6, 6, Weight.REFUTED),
    ],
)
def test_newer_reads_refute_it_and_a_streams_claim_yields_to_anything_newer(
    source, claimed, said, shown, weight
):
    end = seen("completed", source, updated_at=None if claimed is None else at(claimed))
    job = known("running", updated_at=None if shown is None else at(shown))
    claim = Claim(5)
    claim.consider(decided(end))
    assert claim.weigh(end, read(said, job), moved=False) is weight
    assert claim.seen is (None if weight is Weight.REFUTED else end)


def test_times_are_compared_at_the_coarser_precision():
    second = 10**9
    assert weigh(Claim(5), seen("failed", Source.STREAM, updated_at=at(5.9)), read(5, unit=second)) == [
        Weight.OPEN
    ]
    assert weigh(Claim(5), seen("failed", Source.STREAM, updated_at=at(5.9)), read(6, unit=second)) == [
        Weight.REFUTED
    ]


@pytest.mark.parametrize("settle", [Claim.drop, lambda claim: claim.weigh(ENDED, read(9), moved=False)])
def test_what_is_settled_or_refuted_starts_from_nothing(settle):
    claim = Claim(2)
    claim.consider(decided(ENDED))
    claim.weigh(ENDED, read(), moved=False)
    settle(claim)
    assert claim.seen is None
    assert weigh(claim, ENDED, read(), read()) == [Weight.OPEN, Weight.EXHAUSTED]


@given(st.lists(st.tuples(st.none() | st.integers(0, 9), st.booleans()), max_size=20), st.integers(1, 5))
def test_it_is_exhausted_only_by_that_many_reads_in_a_row_that_say_nothing_new(reads, most):
    claim, row = Claim(most), 0
    for time, moved in reads:
        weight = claim.weigh(ENDED, read(time), moved=moved)
        newer = time is not None and time > 5
        row = 0 if moved or newer else row + 1
        assert (weight is Weight.REFUTED) == newer
        assert (weight is Weight.EXHAUSTED) == (row >= most)
        if weight is Weight.EXHAUSTED:
            return

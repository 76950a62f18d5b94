"""Whatever is said to it, in whatever order: no sentence is false of the words it was made of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.tape import JOB
from world.make import at, seen

from jobctl.explain.account import Account
from jobctl.explain.events import Said
from jobctl.explain.explaining import explain
from jobctl.explain.naive import is_back
from jobctl.model import Source

TALK = st.lists(
    st.tuples(
        st.sampled_from(["pending", "running", "completed", "failed"]),
        st.sampled_from([Source.POLL, Source.VERIFY, Source.STREAM, Source.CANCEL, Source.SUBMIT]),
        st.sampled_from([None, at(1), at(2), at(3)]),
        st.sampled_from([None, 10.0, 95.0]),
        st.sampled_from([0.0, 0.0, 2.5]),
    ),
    max_size=12,
)


@given(TALK)
def test_no_traffic_makes_it_say_what_was_not_so(talk):
    made = Account(JOB, "generation", keep=100)
    words = []
    for number, (status, source, updated_at, progress, took) in enumerate(talk, start=1):
        asks = took if source.is_read else 0.0
        one = seen(status, source, updated_at=updated_at, progress=progress)
        words.append((number, status, source, progress, number - asks))
        made.hear(Said(float(number), number, one, number - asks))
    told = explain(made, "har", "a.har")
    for claim in told.claims:
        if claim.text.startswith("The server never said "):
            known, low = claim.entries
            word, percent = words[low - 1][1], words[low - 1][3]
            assert not any(
                source.is_read and (said, progress) == (word, percent) and sent > known
                for number, said, source, progress, sent in words
                if number > known
            )
        if "and the job never was" in claim.text:
            claimed = words[claim.entries[0] - 1][1]
            assert all(moment.true is None or moment.true.status != claimed for moment in told.moments)
        if claim.text.startswith("Nothing in the recording regressed") and not told.flips:
            assert not any(_goes_back(told.moments))


def _goes_back(moments):
    """Yield whether what a naive client shows falls back, once for each word that somebody was asked for."""
    shown = None
    for moment in moments:
        yield is_back(shown, moment.naive)
        shown = moment.naive

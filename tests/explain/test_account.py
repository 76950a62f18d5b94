from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from world.make import CACHED, JOB, at, seen

from jobctl.explain.account import Account
from jobctl.explain.events import Said
from jobctl.explain.explanation import Cause
from jobctl.model import JobStatus, Source
from jobctl.reasons import Reason
from jobctl.reconcile import reconcile

WORDS = st.builds(
    seen,
    st.sampled_from([*JobStatus, None]),
    st.sampled_from([Source.POLL, Source.STREAM, Source.CANCEL]),
    updated_at=st.sampled_from([None, at(1), at(2), at(3)]),
    progress=st.sampled_from([None, 10.0, 95.0]),
    http=st.sampled_from([None, CACHED]),
)


def account(*observations, sent=None):
    made = Account(JOB, "generation", keep=100)
    for number, one in enumerate(observations, start=1):
        when = float(number)
        made.hear(Said(when, number, one, when if sent is None else sent(number)))
    return made


@given(st.lists(WORDS, max_size=12))
def test_every_word_is_decided_by_the_rules_and_remembered(observations):
    made = account(*observations)
    job = None
    for one, moment in zip(observations, made.moments, strict=True):
        decision = reconcile(job, one)
        job = decision.after
        assert (moment.action, moment.reason) == (decision.action, decision.reason)
    assert made.job == job
    assert sum(made.facts.decisions.values()) == len(observations)


@given(st.lists(WORDS, max_size=12))
def test_the_truth_goes_back_only_where_the_server_is_blamed(observations):
    made = account(*observations)
    ranks = [moment.true.status.rank for moment in made.moments if moment.true is not None]
    if Cause.SERVER_REGRESSED not in made.facts.back_counts:
        known_by_cache = any(one.http is not None for one in observations)
        assert ranks == sorted(ranks) or known_by_cache


def test_a_verified_read_is_fresh_when_nothing_was_applied_since_it_was_sent():
    running, back = seen("running", Source.POLL), seen("pending", Source.VERIFY)
    fresh = account(running, back)
    assert [moment.reason for moment in fresh.moments][-1] is Reason.CORRECTED
    stale = account(running, back, sent=lambda number: number - 1.5)
    assert [moment.reason for moment in stale.moments][-1] is Reason.UNVERSIONED_REGRESSION


def test_two_runs_of_a_log_are_one_story():
    first = seen("completed", Source.POLL, updated_at=at(5))
    late = seen("pending", Source.STREAM)
    made = Account(JOB, "generation", keep=10)
    made.hear(Said(1.0, 1, first, 1.0, decision=reconcile(None, first)))
    made.hear(Said(2.0, 2, late, 2.0, decision=reconcile(None, late)))  # another process knew nothing
    assert [moment.reason for moment in made.moments] == [Reason.FIRST_SEEN, Reason.TERMINAL_LOCK]
    assert made.facts.back_counts == {Cause.STREAM_STALE: 1}


def test_what_a_run_counted_as_not_fresh_stays_so():
    running = seen("running", Source.POLL)
    read = seen("pending", Source.VERIFY, basis=0)
    made = Account(JOB, "generation", keep=10)
    one = reconcile(None, running)
    made.hear(Said(1.0, 1, running, 1.0, decision=one))
    other = reconcile(one.after._replace(revision=5), read)
    made.hear(Said(2.0, 2, read, 2.0, decision=other))
    assert [moment.reason for moment in made.moments][-1] is Reason.UNVERSIONED_REGRESSION


def test_the_facts_of_a_flood_stay_small():
    flood = [seen("completed", updated_at=at(9))] + [seen("pending", Source.STREAM) for _ in range(5000)]
    facts = account(*flood).facts
    assert facts.back_counts[Cause.STREAM_STALE] == 5000
    assert len(facts.backs) == 1
    assert len(facts.back_entries[Cause.STREAM_STALE].first) == 8


def test_ages_of_cached_answers():
    ages = [CACHED._replace(headers=(("Age", str(age)),)) for age in (4, 9, 6)]
    facts = account(*(seen("running", http=http) for http in ages)).facts
    assert (len(facts.cached), facts.ages) == (3, (4, 9))

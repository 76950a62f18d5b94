"""The whole judgement against a simulated world whose cache keeps the ground truth."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from caching.lab import Cache, Lab, Origin
from hypothesis import given, settings
from hypothesis import strategies as st

from jobctl.caching.findings import Finding, Flag, Inconclusive, Rule, Verdict
from jobctl.caching.rules import fold

BLAMED = {Verdict.PROVEN_STALE, Verdict.SERVED_FROM_CACHE, Verdict.CACHE_DECLARED}
SEEDS = st.integers(0, 2**32 - 1)

# What an origin without a cache in front of it may do; memories of its own are control C2's business.
ORIGINS = st.builds(
    Origin,
    period=st.sampled_from([0.15, 0.4, 1.0, 2.7, 4.0, math.inf]),
    cache_control=st.sampled_from([None, "no-store", "max-age=0", "private", "max-age=60", "no-cache"]),
    etag=st.sampled_from([None, "strong", "weak", "per-request"]),
    echo=st.booleans(),
    request_id=st.booleans(),
    replica_lag=st.sampled_from([0.3, 2.5, 8.0]),
    replica_share=st.sampled_from([0.0, 0.0, 0.05, 0.3]),
    lag_is_random=st.booleans(),
    lag_is_stalled=st.booleans(),
    replica_by_connection=st.booleans(),
    path_lag=st.sampled_from([0.0, 0.0, 1.2, 2.5]),
    burst=st.sampled_from([1, 1, 4]),
    memo=st.sampled_from([0.0, 0.0, 0.3, 3.0]),
    memo_shows_age=st.booleans(),
    own_age=st.sampled_from([None, None, 0, 7]),
    coarse=st.booleans(),
    no_updated_at=st.booleans(),
    skew=st.sampled_from([0.0, -3 * 86400.0, 3 * 86400.0]),
    terminal=st.booleans(),
)
CACHES = st.builds(
    Cache,
    ttl=st.sampled_from([0.5, 1.0, 2.0, 5.0, 10.0, 120.0]),
    honest=st.booleans(),
    drops_query=st.booleans(),
    nodes=st.sampled_from([1, 1, 2]),
)


@settings(max_examples=250, deadline=None)
@given(origin=ORIGINS, seed=SEEDS)
def test_a_clean_path_is_never_blamed(origin, seed):
    diagnosis = Lab(origin, Cache(), seed).run()
    assert diagnosis.verdict not in BLAMED, diagnosis


@settings(max_examples=120, deadline=None)
@given(origin=ORIGINS.filter(lambda origin: not origin.memo), seed=SEEDS)
def test_a_clean_path_is_never_blamed_without_a_direct_address_either(origin, seed):
    diagnosis = Lab(origin, Cache(), seed, has_direct=False).run()
    assert diagnosis.verdict not in BLAMED, diagnosis


STALLING = Origin(period=0.4, replica_share=0.3, replica_lag=2.5, lag_is_stalled=True)
CONNECTED = replace(STALLING, replica_by_connection=True)


@pytest.mark.parametrize(
    ("origin", "has_direct", "seed"),
    [
        (STALLING, True, 1011),
        (STALLING, False, 9003),
        (STALLING, False, 9012),
        (replace(CONNECTED, replica_share=0.6), True, 1000),
        (replace(CONNECTED, replica_lag=8.0), True, 9022),
        (replace(CONNECTED, replica_lag=8.0), True, 9019),
        *((Origin(burst=4, path_lag=2.5), True, seed) for seed in range(4)),
        *((Origin(burst=6, path_lag=3.0, no_updated_at=True), True, seed) for seed in range(4)),
        *((Origin(burst=4, replica_share=0.3, replica_lag=2.5), True, seed) for seed in range(4)),
    ],
    ids=lambda value: f"burst{value.burst}" if isinstance(value, Origin) else None,
)
def test_a_replica_that_stands_still_is_no_cache(origin, has_direct, seed):
    diagnosis = Lab(origin, Cache(), seed, has_direct=has_direct).run()
    assert diagnosis.verdict not in BLAMED, diagnosis


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["process", "connection"])
@pytest.mark.parametrize("period", [0.4, 1.0, 2.7])
def test_an_id_that_names_the_proxy_is_no_replay(kind, period, seed):
    origin = Origin(period=period, path_id=kind, request_id=True, cache_control="no-store")
    diagnosis = Lab(origin, Cache(), seed).run()
    assert diagnosis.verdict is Verdict.NO_CACHE_SEEN, diagnosis


@settings(max_examples=250, deadline=None)
@given(origin=ORIGINS, cache=CACHES, seed=SEEDS, has_direct=st.booleans())
def test_no_cache_seen_is_never_said_of_a_cache_above_the_floor(origin, cache, seed, has_direct):
    lab = Lab(origin, cache, seed, has_direct=has_direct)
    diagnosis = lab.run()
    if diagnosis.verdict is Verdict.NO_CACHE_SEEN:
        assert max(lab.served.values(), default=0.0) <= diagnosis.floor.seconds, (diagnosis, lab.served)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    ("origin", "verdict"),
    [
        (Origin(), Verdict.PROVEN_STALE),
        (Origin(cache_control="no-store"), Verdict.PROVEN_STALE),
        (Origin(no_updated_at=True), Verdict.PROVEN_STALE),
        (Origin(period=math.inf, echo=True), Verdict.SERVED_FROM_CACHE),
        (Origin(period=math.inf, terminal=True, request_id=True), Verdict.SERVED_FROM_CACHE),
        (Origin(period=math.inf, etag="per-request"), Verdict.SERVED_FROM_CACHE),
    ],
    ids=["bare", "no-store", "no-updated-at", "still-echo", "finished-id", "still-tag-per-request"],
)
def test_a_silent_cache_is_found(origin, verdict, seed):
    lab = Lab(origin, Cache(ttl=30.0), seed)
    diagnosis = lab.run()
    assert lab.served
    assert diagnosis.verdict is verdict, diagnosis
    assert (Flag.CONTRADICTION in diagnosis.flags) is (origin.cache_control == "no-store")


@pytest.mark.parametrize("seed", range(4))
def test_an_honest_cache_is_believed_before_it_lies(seed):
    lab = Lab(Origin(period=math.inf), Cache(ttl=30.0, honest=True), seed)
    assert lab.run().verdict is Verdict.CACHE_DECLARED


@pytest.mark.parametrize("seed", range(6))
def test_a_clean_path_is_decided_within_thirty_requests_and_fifteen_seconds(seed):
    lab = Lab(Origin(cache_control="no-store"), Cache(), seed)
    diagnosis = lab.run()
    assert diagnosis.verdict is Verdict.NO_CACHE_SEEN
    assert diagnosis.is_safe
    assert len(lab.exchanges) <= 30
    assert lab.now - 100.0 <= 15.0
    assert diagnosis.floor.seconds < 1.5


@pytest.mark.parametrize("seed", range(6))
def test_a_cache_that_drops_the_query_is_named_as_such(seed):
    diagnosis = Lab(Origin(), Cache(ttl=30.0, drops_query=True), seed).run()
    assert diagnosis.verdict is Verdict.PROVEN_STALE
    assert Flag.BUSTER_INEFFECTIVE in diagnosis.flags


def test_without_direct_and_without_a_working_buster_it_says_so():
    diagnosis = Lab(
        Origin(cache_control="no-store"), Cache(ttl=10.0, drops_query=True), 3, has_direct=False
    ).run()
    assert (diagnosis.verdict, diagnosis.reason) == (Verdict.INCONCLUSIVE, Inconclusive.BUSTER_UNVERIFIED)


def test_a_job_that_stands_still_leaves_no_power():
    diagnosis = Lab(Origin(period=math.inf, cache_control="no-store"), Cache(), 1).run()
    assert (diagnosis.verdict, diagnosis.reason) == (Verdict.INCONCLUSIVE, Inconclusive.JOB_NOT_CHANGING)
    assert Rule.C3 in {one.rule for one in diagnosis.findings}


@pytest.mark.parametrize("seed", range(6))
def test_a_lagging_origin_is_named_and_the_path_not_blamed(seed):
    origin = Origin(replica_lag=2.5, replica_share=0.3, cache_control="no-store")
    diagnosis = Lab(origin, Cache(), seed).run()
    assert diagnosis.verdict in {Verdict.NO_CACHE_SEEN, Verdict.INCONCLUSIVE, Verdict.SUSPECT_STALE}


def test_the_origins_own_age_is_not_the_proxys():
    diagnosis = Lab(Origin(own_age=7, cache_control="no-store"), Cache(), 5).run()
    assert diagnosis.verdict is Verdict.NO_CACHE_SEEN
    assert Flag.ORIGIN_SIDE_CACHE in diagnosis.flags


def test_skew_of_days_is_told_and_changes_nothing():
    diagnosis = Lab(Origin(skew=3 * 86400.0, cache_control="no-store"), Cache(), 5).run()
    assert diagnosis.verdict is Verdict.NO_CACHE_SEEN
    assert Flag.CLOCK_SKEW in diagnosis.flags


def finding(rule: Rule, *numbers: int) -> Finding:
    return Finding(rule, numbers, "")


@pytest.mark.parametrize(
    ("findings", "has_power", "verdict"),
    [
        ([], True, Verdict.NO_CACHE_SEEN),
        ([], False, Verdict.INCONCLUSIVE),
        ([finding(Rule.R11, 1)], True, Verdict.CACHEABLE),
        ([finding(Rule.R3, 1, 2)], True, Verdict.SUSPECT_STALE),
        ([finding(Rule.R3, 1, 2), finding(Rule.C1, 3, 4)], True, Verdict.NO_CACHE_SEEN),
        ([finding(Rule.R3, 1, 2), finding(Rule.C1, 3, 4)], False, Verdict.INCONCLUSIVE),
        ([finding(Rule.R7, 1, 2)], True, Verdict.CACHE_DECLARED),
        ([finding(Rule.R8, 1, 2)], True, Verdict.CACHE_DECLARED),
        ([finding(Rule.R1, 1, 2)], True, Verdict.SERVED_FROM_CACHE),
        ([finding(Rule.R2, 1, 2), finding(Rule.R7, 1, 2)], True, Verdict.SERVED_FROM_CACHE),
        ([finding(Rule.R3, 1, 2), finding(Rule.R1, 1, 2)], True, Verdict.PROVEN_STALE),
        ([finding(Rule.R3, 1, 2), finding(Rule.R1, 1, 4)], True, Verdict.SERVED_FROM_CACHE),
        ([finding(Rule.R3, 1, 2), finding(Rule.R7, 1, 2)], True, Verdict.PROVEN_STALE),
        ([finding(Rule.R3, 1, 2), finding(Rule.R8, 1, 2)], True, Verdict.PROVEN_STALE),
        ([finding(Rule.R3, 1, 2), finding(Rule.R8, 1, 4)], True, Verdict.CACHE_DECLARED),
        (
            [finding(Rule.R3, 1, 2), finding(Rule.R7, 1, 2), finding(Rule.C1, 5, 6)],
            True,
            Verdict.CACHE_DECLARED,
        ),
        (
            [finding(Rule.R3, 1, 2), finding(Rule.R2, 1, 2), finding(Rule.C1, 5, 6)],
            True,
            Verdict.PROVEN_STALE,
        ),
        ([finding(Rule.R4, 1, 2), finding(Rule.R3, 1, 2)], True, Verdict.PROVEN_STALE),
        ([finding(Rule.R4, 1, 2), finding(Rule.C1, 5, 6)], True, Verdict.SUSPECT_STALE),
        ([finding(Rule.R11, 1), finding(Rule.R3, 1, 2), finding(Rule.C1, 3, 4)], True, Verdict.CACHEABLE),
        ([finding(Rule.R11, 1), finding(Rule.R3, 1, 2), finding(Rule.C1, 3, 4)], False, Verdict.INCONCLUSIVE),
        ([finding(Rule.R6, 1, 2)], True, Verdict.PROVEN_STALE),
        ([finding(Rule.R9, 1), finding(Rule.R10, 1, 2), finding(Rule.C2, 1)], True, Verdict.NO_CACHE_SEEN),
    ],
    ids=lambda value: "+".join(one.rule.value for one in value) if isinstance(value, list) else None,
)
def test_the_fold(findings, has_power, verdict):
    assert fold(findings, has_power=has_power) is verdict

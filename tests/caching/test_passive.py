from __future__ import annotations

import json
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.traffic import BASE, Origin, Wire

from jobctl.caching.findings import Flag, Inconclusive, Rule, Verdict
from jobctl.caching.passive import Passive
from jobctl.captures.job_urls import JobKey
from jobctl.exchange import Path
from jobctl.profile.load import Profiles

PROFILES = [Profiles().get(name) for name in ("generation", "v1")]
KEY = JobKey("http", "api.test", "7")
BLAMED = {Verdict.PROVEN_STALE, Verdict.SERVED_FROM_CACHE, Verdict.CACHE_DECLARED}
NO_STORE = (("Cache-Control", "no-store"),)


@pytest.fixture
def wire():
    """A job that changes each second for ten seconds."""
    return Wire(Origin([float(n) for n in range(11)]))


def judged(wire, passive=None):
    passive = passive or Passive(PROFILES)
    for exchange in wire.seen:
        passive.see(exchange)
    return passive.diagnose(KEY)


def rules(diagnosis):
    return {finding.rule for finding in diagnosis.findings}


def frozen(wire, control):
    """One plain read is stored at 0.1 s and comes again until 5 s, while `control` tells how it goes on."""
    for tick in range(1, 50):
        at = tick / 10
        if tick % 10 == 5:
            control(at, wire.origin.version(at))
        elif tick % 5 == 1:
            wire.read(at, 0, headers=NO_STORE)


def test_p2_a_frozen_answer_beside_reads_with_a_fresh_query(wire):
    frozen(wire, lambda at, version: wire.read(at, version, query=f"?_t={at}", headers=NO_STORE))
    found = judged(wire)
    assert found.verdict is Verdict.PROVEN_STALE
    assert {Rule.R3, Rule.R4, Rule.R9} <= rules(found)
    assert Flag.CONTRADICTION in found.flags
    # Version 1 was first seen at 1.51 s; the last stored answer was asked for at 4.6 s.
    assert found.staleness == pytest.approx(3.09, abs=0.001)
    control, convicted = (wire.seen[number - 1] for number in found.evidence)
    assert "_t=" in control.url
    assert json.loads(control.body)["progress"] > json.loads(convicted.body)["progress"]


def test_p3_a_frozen_answer_beside_stream_events(wire):
    frozen(wire, wire.event)
    found = judged(wire)
    assert found.verdict is Verdict.PROVEN_STALE
    assert "a stream event" in next(f.detail for f in found.findings if f.rule is Rule.R3)


def test_events_told_late_convict_as_well(wire):
    frozen(wire, wire.event)
    wire.seen.sort(key=lambda exchange: exchange.url.startswith(f"{BASE}/ws"))
    assert judged(wire).verdict is Verdict.PROVEN_STALE


def test_what_the_client_sent_is_no_word_of_the_server(wire):
    frozen(wire, wire.event)
    wire.seen = [one._replace(path=Path.SENT) if one.path is Path.EVENT else one for one in wire.seen]
    passive = Passive(PROFILES)
    told = [passive.see(one) for one in wire.seen if one.path is Path.SENT]
    assert told == [()] * 5
    assert passive.jobs() == ()
    assert judged(wire).verdict not in BLAMED


def test_a_plain_answer_stays_in_view_among_many_with_a_fresh_query(wire):
    for tick in range(1, 90):
        at = tick / 20
        if tick % 10 == 1:
            wire.read(at, 0)
        else:
            wire.read(at, wire.origin.version(at), query=f"?_t={at}")
    assert judged(wire).verdict is Verdict.PROVEN_STALE


def test_two_clients_with_constant_queries_are_no_cache_busters(wire):
    for tick in range(8):
        wire.read(tick, tick, query="?v=1")
        wire.read(tick + 0.2, 0 if tick < 4 else 4, query="?v=2")
    assert Rule.C1 not in rules(judged(wire))


def test_reads_with_fresh_queries_that_go_back_are_the_origins_disorder(wire):
    for tick, version in enumerate([1, 2, 4, 3, 5]):
        wire.read(tick + 0.5, version, query=f"?_t={tick}")
    found = judged(wire)
    assert Rule.C1 in rules(found)
    assert found.reason is Inconclusive.ORIGIN_NOT_MONOTONE


def test_one_older_answer_is_a_suspicion(wire):
    wire.event(3.1, 3)
    wire.read(3.5, 1)
    found = judged(wire)
    assert found.verdict is Verdict.SUSPECT_STALE
    assert rules(found) == {Rule.R3}


def test_an_answer_asked_for_before_the_other_was_complete_is_no_evidence(wire):
    wire.read(1.0, 0, took=2.5)
    wire.read(3.1, 3)
    wire.read(3.2, 2, took=0.5)
    wire.read(3.3, 3)
    passive = Passive(PROFILES)
    for exchange in sorted(wire.seen, key=lambda one: one.received):
        passive.see(exchange)
    assert rules(passive.diagnose(KEY)) == {Rule.R3}  # 2 % after 3 %: only that pair has an order
    assert passive.diagnose(KEY).evidence == (2, 3)


def test_a_submit_answer_is_a_control_and_a_cancel_without_a_time_is_none(wire):
    wire.write(2.0, 2, verb="")
    wire.read(2.5, 0)
    assert judged(wire).verdict is Verdict.SUSPECT_STALE
    other = Wire(wire.origin)
    exchange = other.write(2.0, 10)
    other.seen[-1] = exchange._replace(body=b'{"id": "7", "status": "cancelled"}')
    other.read(2.5, 2)
    assert judged(other).verdict is Verdict.INCONCLUSIVE


def test_p1_a_value_made_for_another_answer(wire):
    for at, version, value in [(0.1, 0, "a"), (1.1, 1, "b"), (1.5, 1, "b")]:
        wire.read(at, version, headers=[("X-Request-ID", value)])
    found = judged(wire)
    assert found.verdict is Verdict.SERVED_FROM_CACHE
    assert rules(found) == {Rule.R2}
    assert found.evidence == (2, 3)


def test_p1_the_id_another_request_sent(wire):
    for at, mine, given_back in [(0.1, "q1", "q1"), (0.5, "q2", "q1")]:
        wire.read(at, 0, headers=[("x-request-id", given_back)], asked=[("X-Request-Id", mine)])
    assert rules(judged(wire)) == {Rule.R1}


def test_a_replayed_answer_that_is_out_of_date_is_proof(wire):
    wire.read(0.1, 0, headers=[("x-request-id", "a")])
    wire.read(2.1, 2, headers=[("x-request-id", "b")], query="?_t=1")
    wire.read(2.5, 0, headers=[("x-request-id", "a")])
    assert judged(wire).verdict is Verdict.PROVEN_STALE


@pytest.mark.parametrize(
    "values",
    [
        [("x-request-id", "same")] * 6,  # a constant
        [("server", "one")] * 6,  # no fingerprint
    ],
    ids=["constant", "unknown-name"],
)
def test_what_is_no_nonce(wire, values):
    for at, header in enumerate(values):
        wire.read(at + 0.5, at, headers=[header])
    wire.read(7.5, 7, headers=[("x-request-id", "other")])
    wire.read(7.6, 7, headers=[("x-trace-id", "client")], asked=[("x-trace-id", "client")])
    wire.read(7.7, 7, headers=[("x-trace-id", "client")], asked=[("x-trace-id", "client")])
    assert not rules(judged(wire)) & {Rule.R1, Rule.R2}


def test_a_value_shared_by_two_jobs_names_a_process(wire):
    passive = Passive(PROFILES)
    other = Wire(Origin(wire.origin.changes, job="8"), number=100)
    passive.see(wire.read(0.1, 0, headers=[("x-request-id", "a")]))
    passive.see(other.read(0.2, 0, headers=[("x-request-id", "a")]))
    passive.see(wire.read(0.3, 0, headers=[("x-request-id", "b")]))
    passive.see(wire.read(0.4, 0, headers=[("x-request-id", "b")]))
    assert not rules(passive.diagnose(KEY))


@pytest.mark.parametrize(
    ("header", "rule"),
    [(("Age", "4"), Rule.R7), (("X-Cache", "HIT from edge"), Rule.R8)],
    ids=["age", "word"],
)
def test_p4_what_a_cache_says(wire, header, rule):
    wire.read(0.1, 0, headers=[header, *NO_STORE])
    found = judged(wire)
    assert found.verdict is Verdict.CACHE_DECLARED
    assert rules(found) == {rule, Rule.R9}


def test_an_age_on_the_answer_to_a_write_says_nothing(wire):
    wire.write(0.1, 0, headers=[("Age", "4")])
    wire.read(0.2, 0, headers=[("Age", "4"), *NO_STORE])
    assert not rules(judged(wire))


def test_two_marks_on_two_answers_are_no_proof_together(wire):
    wire.event(3.1, 3)
    wire.read(3.5, 1, headers=NO_STORE)
    wire.read(3.6, 3, headers=[("Age", "1")])
    assert judged(wire).verdict is Verdict.CACHE_DECLARED


def test_an_age_that_explains_the_older_state_is_proof(wire):
    wire.event(3.1, 3)
    wire.read(3.5, 1, headers=[("Age", "2")])
    assert judged(wire).verdict is Verdict.PROVEN_STALE


def test_p5_a_policy_that_lets_caches_keep_it(wire):
    wire.read(0.1, 0, headers=[("Cache-Control", "public, max-age=30")])
    found = judged(wire)
    assert found.verdict is Verdict.CACHEABLE
    assert found.findings[0].seconds == 30


def test_p6_a_job_that_stands_still_is_a_note(wire):
    passive = Passive(PROFILES)
    told = [t for n in range(60) for t in passive.see(wire.read(n / 100, 0, headers=NO_STORE))]
    assert [t.kind for t in told] == ["note"]
    assert "cannot tell" in told[0].text
    assert passive.diagnose(KEY).reason is Inconclusive.JOB_NOT_CHANGING


def test_p7_a_304_to_an_etag_that_was_replaced(wire):
    wire.read(0.1, 0, headers=[("ETag", '"v0"'), *NO_STORE])
    for second in range(1, 6):
        wire.event(second + 0.1, second)
        wire.read(second + 0.5, 0, status=304, body=b"", asked=[("If-None-Match", '"v0"')])
    found = judged(wire)
    assert found.verdict is Verdict.PROVEN_STALE
    assert {Rule.R3, Rule.R4, Rule.R6} <= rules(found)


def test_a_weak_etag_confirms_nothing(wire):
    wire.read(0.1, 0, headers=[("ETag", 'W/"v0"'), *NO_STORE])
    wire.event(3.1, 3)
    wire.read(3.5, 0, status=304, body=b"", asked=[("If-None-Match", 'W/"v0"')])
    assert not rules(judged(wire))


def test_p8_one_answer_for_two_users(wire):
    wire.read(0.1, 0, headers=[("x-request-id", "z")], asked=[("Authorization", "Bearer secret-a")])
    wire.read(1.1, 1, headers=[("x-request-id", "a")], asked=[("Authorization", "Bearer secret-a")])
    wire.read(1.2, 1, headers=[("x-request-id", "a")], asked=[("Authorization", "Bearer secret-b")])
    found = judged(wire)
    assert Rule.R12 in rules(found)
    assert Flag.AUTH_UNSAFE in found.flags
    assert "secret" not in repr(found)


def test_p9_a_tunnel_page_is_a_note_and_never_a_state(wire):
    passive = Passive(PROFILES)
    page = b"<html>You are about to visit: send bypass-tunnel-reminder</html>"
    told = passive.see(wire.read(0.1, 0, status=401, headers=[("content-type", "text/html")], body=page))
    assert "tunnel" in told[-1].text
    assert passive.diagnose(KEY).reason is Inconclusive.TUNNEL_PAGE


def test_p9_a_cache_buster_that_never_changes(wire):
    passive = Passive(PROFILES)
    told = [t for n in range(9) for t in passive.see(wire.read(n, n, query="?_t=1", headers=NO_STORE))]
    assert sum("never changes" in t.text for t in told) == 1


def test_a_clean_path_is_said_to_be_clean_with_its_floor(wire):
    for tick in range(100):
        wire.read(tick / 10, wire.origin.version(tick / 10), headers=NO_STORE)
    found = judged(wire)
    assert found.verdict is Verdict.NO_CACHE_SEEN
    # Each version for a second, and 0.1 s more: who knows for whom a store took it.
    assert found.floor.seconds == pytest.approx(1.1)
    assert not found.is_safe


def test_a_cache_that_nothing_contradicts_is_not_called_clean():
    wire = Wire(Origin([n / 2 for n in range(100)]))
    for tick in range(450):
        at = tick / 10
        wire.read(at, wire.origin.version(at // 10 * 10), headers=NO_STORE)
    assert judged(wire).verdict is Verdict.INCONCLUSIVE


def test_a_store_that_others_fill_is_not_under_the_floor():
    """It holds each answer for 1.9 s; who polls each 1.7 s sees a new version every time."""
    wire = Wire(Origin([n / 4 for n in range(200)]))
    for tick in range(1, 12):
        at = tick * 1.7
        wire.read(at, wire.origin.version(at // 1.9 * 1.9), headers=NO_STORE)
    found = judged(wire)
    assert found.verdict is not Verdict.NO_CACHE_SEEN or found.floor.seconds > 1.9


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("?_t={}", ()),
        ("", [("Cache-Control", "no-cache")]),
        ("", [("Pragma", "no-cache"), ("Cache-Control", "max-age=0")]),
    ],
    ids=["unique-url", "no-cache", "pragma"],
)
def test_reads_that_pass_caches_by_have_no_power(wire, query, asked):
    for tick in range(100):
        at = tick / 10
        wire.read(at, wire.origin.version(at), query=query.format(tick), asked=asked, headers=NO_STORE)
    found = judged(wire)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason is Inconclusive.NO_PLAIN_READS


def test_a_repeated_id_that_names_a_process_contradicts_no_policy(wire):
    for tick in range(8):
        wire.read(tick / 10, 0, headers=[("X-Request-Id", f"process-{tick % 2}"), *NO_STORE])
    assert not rules(judged(wire))


def test_no_finding_is_told_twice(wire):
    wire.read(0.1, 0, headers=[("x-request-id", "q1")], asked=[("X-Request-Id", "q1")])
    wire.read(2.1, 2, headers=[("x-request-id", "q2")], asked=[("X-Request-Id", "q2")], query="?_t=1")
    wire.read(2.5, 0, headers=[("x-request-id", "q1")], asked=[("X-Request-Id", "q3")])
    found = judged(wire).findings
    assert len({finding.rule for finding in found}) == len(found)


def test_speaks_once_about_each_rule(wire):
    frozen(wire, wire.event)
    passive = Passive(PROFILES)
    told = [t for exchange in wire.seen for t in passive.see(exchange)]
    found = [t.finding.rule for t in told if t.kind == "finding"]
    assert len(found) == len(set(found))
    assert Rule.R4 in found
    assert told[-1].verdict is Verdict.PROVEN_STALE


def test_the_least_recently_seen_job_is_forgotten():
    passive = Passive(PROFILES, limit=3)
    for job in ("1", "2", "3", "1", "4"):
        passive.see(Wire(Origin([0.0], job=job)).read(0.1, 0))
    assert [one.key.job for one in passive.jobs()] == ["3", "1", "4"]
    assert passive.forgotten == 1
    passive.clear()
    assert passive.jobs() == ()


def test_foreign_traffic_leaves_no_state(wire):
    passive = Passive(PROFILES)
    assert passive.see(wire.read(0.1, 0)._replace(url="http://api.test/health")) == ()
    assert passive.see(wire.event(0.1, 0, job_id="", status=None)) == ()
    assert passive.see(wire.read(0.1, 0)._replace(status=0)) == ()
    assert passive.jobs() == ()


def test_another_jobs_record_is_not_taken_for_this_one(wire):
    wire.event(3.1, 3)
    wire.read(3.5, 0, body=json.dumps({**wire.origin.record(0), "id": "9"}).encode())
    assert not rules(judged(wire))


def replicas(seed, *, events=False):
    """A clean origin: 30 % of its reads come from replicas that lag; nothing is stored anywhere."""
    rng = random.Random(seed)
    at, changes = 0.0, [0.0]
    for _ in range(rng.randint(3, 20)):
        at += rng.uniform(0.05, 4)
        changes.append(at)
    wire = Wire(Origin(changes))
    longest = rng.choice([0.2, 1, 3])
    kind = rng.choice(["constant", "jitter"])
    step = rng.choice([0.2, 0.7])
    moments = [(when, n) for n, when in enumerate(changes)] if events else []
    at = longest
    while at < changes[-1] + 3:
        moments.append((at, None))
        at += step * rng.uniform(0.5, 1.5)
    for when, version in sorted(moments, key=lambda one: one[0]):
        if version is not None:
            wire.event(when, version)
            continue
        lag = 0 if rng.random() > 0.3 else longest if kind == "constant" else rng.uniform(0, longest)
        query = f"?_t={rng.random()}" if rng.random() < 0.4 else ""
        shown = wire.origin.version(when + 0.005 - lag)
        wire.read(when, shown, query=query, headers=[("ETag", f'"{shown}"'), *NO_STORE])
    return wire


@given(st.integers(0, 2**32), st.booleans())
def test_a_clean_origin_is_never_blamed_for_its_replicas(seed, events):
    wire = replicas(seed, events=events)
    found = judged(wire)
    assert found.verdict not in BLAMED, found
    assert Rule.R4 not in rules(found)


@given(st.integers(0, 2**32))
def test_a_clean_origin_without_replicas_is_never_even_suspected(seed):
    wire = replicas(seed, events=True)
    for place, exchange in enumerate(wire.seen):
        if "/ws/" not in exchange.url:
            version = wire.origin.version(exchange.sent - 1_760_000_000.0 + 0.005)
            body = json.dumps(wire.origin.record(version)).encode()
            wire.seen[place] = exchange._replace(body=body, headers=NO_STORE)
    assert not rules(judged(wire))


@given(st.data())
def test_no_order_and_no_overlap_raises(data):
    wire = Wire(Origin([float(n) for n in range(6)]))
    for _ in range(data.draw(st.integers(1, 30))):
        at, took = data.draw(st.floats(0, 9)), data.draw(st.floats(0, 5))
        version = data.draw(st.integers(0, 5))
        kind = data.draw(st.sampled_from(["read", "bust", "event", "write", "junk", "304"]))
        if kind == "event":
            wire.event(at, version)
        elif kind == "write":
            wire.write(at, version, took=took)
        else:
            wire.read(
                at,
                version,
                took=took,
                query=f"?_t={version}" if kind == "bust" else "",
                status=304 if kind == "304" else data.draw(st.sampled_from([200, 200, 200, 404, 502])),
                body=data.draw(st.binary(max_size=20)) if kind in {"junk", "304"} else None,
                headers=[("ETag", f'"{version}"'), ("x-request-id", str(version)), ("age", str(version))],
                asked=[("If-None-Match", '"1"'), ("Authorization", str(version % 2))],
            )
    passive = Passive(PROFILES)
    for exchange in data.draw(st.permutations(wire.seen)):
        passive.see(exchange)
    assert isinstance(passive.diagnose(KEY).verdict, Verdict)
    assert all(len(str(f.detail)) < 500 for f in passive.diagnose(KEY).findings)


def test_state_is_bounded():
    passive = Passive(PROFILES)
    wire = Wire(Origin([float(n) for n in range(5000)]))
    for n in range(5000):
        passive.see(
            wire.read(n, n, query=f"?a{n}=1&_t={n}", headers=[("x-request-id", str(n)), ("ETag", f'"{n}"')])
        )
        wire.seen.clear()
    (state,) = passive._jobs.values()
    assert deep_size(state) < 14_000


def deep_size(root):
    seen, stack, total = set(), [root], 0
    while stack:
        node = stack.pop()
        if id(node) in seen or isinstance(node, type) or hasattr(node, "_sort_order_"):
            continue
        seen.add(id(node))
        total += sys.getsizeof(node)
        if isinstance(node, dict):
            stack += [*node, *node.values()]
        elif isinstance(node, list | tuple | set | frozenset) or hasattr(node, "maxlen"):
            stack += list(node)
        else:
            names = getattr(type(node), "__slots__", ())
            if type(node).__module__.startswith("jobctl.caching"):
                stack += [getattr(node, name) for name in names]
    return total

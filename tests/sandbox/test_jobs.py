from __future__ import annotations

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobctl.sandbox.jobs import AlreadyFinished, Filters, JobStore, KeyReused
from jobctl.sandbox.lives import TERMINAL, Script

SHORT = Script(duration=1, steps=2, pending=0.5)


class Clock:
    def __init__(self):
        self.now = 1_760_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(clock):
    store = JobStore(None, clock)
    yield store
    store.close()


def submit(store, script=SHORT, api="generation", **options):
    return store.submit(api, {"prompt": "x"}, script, **options)


def test_ids(store):
    assert [submit(store).id for _ in range(2)] == ["1193930", "1193931"]
    assert submit(store, job_id="2000000").number == 2000000
    assert submit(store).id == "2000001"
    assert submit(store, api="v1", job_id="-a/b é").id == "-a/b é"
    assert len(submit(store, api="v1").id) == 36


def test_the_seed_gives_the_ids(clock):
    def ids(seed):
        store = JobStore(None, clock, seed)
        found = [submit(store, api="v1").id for _ in range(3)]
        store.close()
        return found

    assert ids(1) == ids(1) != ids(2)


@pytest.mark.parametrize(
    ("api", "job_id"),
    [("v1", "taken"), ("v1", ""), ("generation", "seven"), ("generation", "007"), ("v2", None)],
)
def test_impossible_submits(store, api, job_id):
    submit(store, api="v1", job_id="taken")
    with pytest.raises(ValueError, match="expected"):
        submit(store, api=api, job_id=job_id)


def test_a_life_by_the_clock(store, clock):
    job = submit(store)
    seen = []
    for _ in range(8):
        found = store.get(job.id)
        seen.append((found.status, found.progress))
        clock.now += 0.25
    assert seen == [
        ("pending", 0), ("pending", 0), ("started", 0), ("started", 0),
        ("processing", 50), ("processing", 50), ("completed", 100), ("completed", 100),
    ]  # fmt: skip
    assert [entry["status"] for entry in store.history(job.id)] == [
        "pending",
        "started",
        "processing",
        "completed",
    ]


def test_changes_carry_the_time_they_were_due(store, clock):
    job = submit(store)
    clock.now += 100
    assert store.advance() == 1
    times = [entry["updated_at"] for entry in store.history(job.id)]
    assert [time[17:] for time in times] == ["20.000000Z", "20.500000Z", "21.000000Z", "21.500000Z"]


def test_reading_back_in_time(store, clock):
    job = submit(store)
    clock.now += 2
    assert store.get(job.id).status == "completed"
    assert store.get(job.id, 0.8).status == "processing"
    assert store.get(job.id, 1.9).status == "pending"
    assert store.get(job.id, 2.1) is None


def test_listeners_hear_every_change_in_order(store, clock):
    job, heard = submit(store), []

    def listen(after, before):
        heard.append((before.status, after.status))

    store.subscribe(job.id, listen)
    clock.now += 0.6
    store.advance()
    clock.now += 5
    store.get(job.id)
    store.unsubscribe(job.id, listen)
    assert heard == [("pending", "started"), ("started", "processing"), ("processing", "completed")]


def test_cancel(store, clock):
    job = submit(store)
    clock.now += 0.7
    assert store.cancel(job.id).status == "cancelled"
    with pytest.raises(AlreadyFinished):
        store.cancel(job.id)
    with pytest.raises(KeyError):
        store.cancel("nobody")
    clock.now += 10
    store.advance()
    assert [entry["status"] for entry in store.history(job.id)] == ["pending", "started", "cancelled"]


def test_a_cancel_that_comes_late_is_refused_even_if_nobody_looked(store, clock):
    job = submit(store)
    clock.now += 1.5
    with pytest.raises(AlreadyFinished) as caught:
        store.cancel(job.id)
    assert caught.value.job.status == "completed"


@pytest.mark.parametrize(("delay", "end"), [(0.3, "cancelled"), (5, "completed")])
def test_a_delayed_cancel_may_lose(store, clock, delay, end):
    job = submit(store)
    assert store.cancel(job.id, delay=delay).status == "pending"
    clock.now += 10
    store.advance()
    assert store.get(job.id).status == end


def test_a_cancel_that_is_outrun(store, clock):
    job = submit(store, Script(duration=1, end="failed"))
    assert store.outrun_cancel(job.id).status == "pending"
    clock.now += 10
    assert store.get(job.id).status == "completed"


def test_idempotency_keys(store):
    first = store.submit("v1", {"a": 1, "b": 2}, SHORT, key="k")
    assert store.submit("v1", {"b": 2, "a": 1}, SHORT, key="k").id == first.id
    assert store.submit("generation", {"a": 1}, SHORT, key="k").id != first.id
    with pytest.raises(KeyReused):
        store.submit("v1", {"a": 2}, SHORT, key="k")
    assert store.page(Filters())[1] == 2


def test_pages(store, clock):
    jobs = [submit(store, api=api).id for api in ("generation", "v1", "generation")]
    store.cancel(jobs[0])
    assert [job.id for job in store.page(Filters())[0]] == jobs[::-1]
    assert [job.id for job in store.page(Filters(limit=1, offset=1))[0]] == [jobs[1]]
    assert store.page(Filters(limit=1))[1] == 3
    assert [job.id for job in store.page(Filters(numbered=True))[0]] == [jobs[2], jobs[0]]
    assert [job.id for job in store.page(Filters(statuses={"cancelled"}))[0]] == [jobs[0]]
    assert store.page(Filters(statuses=set())) == ([], 0)
    assert [job.id for job in store.page(Filters(ids=[jobs[1], "nobody"]))[0]] == [jobs[1]]
    clock.now += 10
    assert {job.status for job in store.page(Filters(numbered=True))[0]} == {"completed", "cancelled"}


def test_a_restart_keeps_jobs_truth_keys_and_plans(tmp_path, clock):
    path = tmp_path / "jobs.db"
    store = JobStore(path, clock)
    job = store.submit("v1", {"prompt": "x"}, Script(duration=4, steps=4), key="k")
    dropped = submit(store, Script(duration=4))
    store.cancel(dropped.id, delay=2)
    clock.now += 1.5
    store.advance()
    before = store.history(job.id)
    store.close()

    clock.now += 1
    again = JobStore(path, clock)
    assert again.history(job.id)[: len(before)] == before
    assert again.get(dropped.id).status == "cancelled"
    assert again.submit("v1", {"prompt": "x"}, SHORT, key="k").id == job.id
    assert submit(again).id == str(int(dropped.id) + 1)
    clock.now += 10
    again.advance()
    assert again.get(job.id).status == "completed"
    again.close()


def test_ten_thousand_jobs(tmp_path, clock):
    store = JobStore(tmp_path / "many.db", clock)
    ids = [submit(store, Script(duration=10 + number % 100 / 10, steps=1)).id for number in range(10_000)]
    looks = 0
    while (due := store.next_due()) is not None:
        clock.now = max(clock.now, due / 1e6 + 0.1)
        looks += store.advance()
    # Two changes a job and no look in vain: the work grows with the changes, not with the jobs.
    assert looks == 20_000
    assert all(store.get(job).finished for job in ids[::1000])
    store.close()


class Op:
    submit = st.builds(
        Script, duration=st.floats(0, 3), steps=st.integers(1, 4), end=st.sampled_from(sorted(TERMINAL)),
        pending=st.floats(0, 1),
    )  # fmt: skip
    any = st.one_of(
        st.tuples(st.just("submit"), submit),
        st.tuples(st.just("wait"), st.floats(-0.5, 2)),
        st.tuples(st.just("cancel"), st.integers(0, 3)),
        st.tuples(st.just("delayed"), st.integers(0, 3)),
        st.tuples(st.just("read"), st.integers(0, 3)),
        st.tuples(st.just("advance"), st.none()),
    )


def perform(store, clock, ids, name, value):
    if name == "submit":
        ids.append(submit(store, value).id)
    elif name == "wait":
        clock.now += value
    elif name == "advance":
        store.advance()
    elif ids and name == "read":
        store.get(ids[value % len(ids)])
    elif ids:
        with contextlib.suppress(AlreadyFinished):
            store.cancel(ids[value % len(ids)], delay=0.5 if name == "delayed" else 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(Op.any, max_size=25))
def test_history_is_strictly_later_each_time_and_ends_at_the_first_terminal(operations):
    clock = Clock()
    store, ids = JobStore(None, clock), []
    for name, value in operations:
        perform(store, clock, ids, name, value)
    for job in ids:
        entries = store.history(job)
        assert [entry["seq"] for entry in entries] == list(range(len(entries)))
        assert all(one["updated_at"] < two["updated_at"] for one, two in pairwise(entries))
        assert all(entry["status"] not in TERMINAL for entry in entries[:-1])
        assert entries[-1]["status"] == store.get(job).status
    store.close()

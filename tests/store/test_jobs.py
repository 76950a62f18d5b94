"""Compare-and-set, touches, tombstones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.histories import TIMES, jobs

from jobctl.model import Job, JobStatus
from jobctl.store import jobs as rows
from jobctl.store.database import open_for_writing
from jobctl.store.jobs import CLEARED_AFTER, Scope
from jobctl.timestamps import parse_timestamp

HERE, THERE = Scope("generation", "http://here"), Scope("generation", "http://there")


def state(status, second=None, **more):
    time = None if second is None else parse_timestamp(f"2026-01-01T00:00:{second:02d}Z")
    return Job("7", JobStatus(status), status, time, **more)


def row_of(db, job="7", scope=HERE, now=0.0):
    return rows.job_row(db, rows.scope_row(db, scope), job, now)


def stands(db, scope=HERE):
    return next(rows.known_jobs(db, scope, job="7")).job


def test_a_writer_may_lower_what_it_wrote_itself_and_nobody_else_may(db):
    row = row_of(db)
    mine = rows.compare_and_set(db, row, state("running", 5), None, 0.0)
    assert rows.compare_and_set(db, row, state("pending", 5), None, 0.0) is None, "another process"
    assert stands(db).status is JobStatus.RUNNING
    mine = rows.compare_and_set(db, row, state("pending", 5), mine, 0.0)
    assert stands(db).status is JobStatus.PENDING, "corrected, by its own state machine"
    other = rows.compare_and_set(db, row, state("completed", 6), None, 0.0)
    assert rows.compare_and_set(db, row, state("running", 5), mine, 0.0) is None
    assert stands(db).status is JobStatus.COMPLETED, "what it wrote is no longer what stands there"
    assert other is not None


@given(st.data())
def test_many_writers_interleaved_leave_nothing_older_over_newer(tmp_path_factory, data):
    """Each writer goes forward by itself, and all meet in one row."""
    times = sorted({parse_timestamp(text).ns for text in TIMES})
    histories = [
        sorted(
            data.draw(st.lists(jobs(times=st.sampled_from(TIMES), attempts=st.none()), max_size=4)),
            key=lambda job: job.updated_at.ns,
        )
        for _ in range(3)
    ]
    order = data.draw(st.permutations([who for who, one in enumerate(histories) for _ in one]))
    db = open_for_writing(tmp_path_factory.mktemp("db") / "memory.db", wait=1.0)
    row, own, floor = row_of(db), {}, times[0] - 10**12
    queues = [iter(one) for one in histories]
    for who in order:
        new = next(queues[who])
        own[who] = rows.compare_and_set(db, row, new, own.get(who), 0.0)
        known = stands(db)
        unit = max(known.updated_at.unit, new.updated_at.unit)
        assert known.updated_at.ns // unit >= new.updated_at.ns // unit, "never older than what was just said"
        assert known.updated_at.ns // 10**9 >= floor // 10**9, "nor than what stood there"
        floor = known.updated_at.ns
    db.close()


def test_an_end_is_cleared_ten_seconds_later_and_holds_off_what_is_late(db):
    row = row_of(db)
    rows.touch(db, row, rows.next_touch(db))
    rows.compare_and_set(db, row, state("completed", 5), None, 100.0)
    for age, cleared in ((0.0, False), (CLEARED_AFTER, False), (CLEARED_AFTER + 0.1, True), (-1.0, True)):
        assert rows.last_touched(db, HERE, 0.0).is_cleared(100.0 + age) is cleared, age
    rows.compare_and_set(db, row, state("completed", 5), None, 109.0)
    assert rows.last_touched(db, HERE, 0.0).clear_after == 100.0 + CLEARED_AFTER, (
        "said again, not ended again"
    )
    assert rows.compare_and_set(db, row, state("running", 4), None, 300.0) is None
    assert rows.compare_and_set(db, row, state("running"), None, 300.0) is None
    assert stands(db).status is JobStatus.COMPLETED, "the tombstone"
    rows.compare_and_set(db, row, state("pending", 1, attempt=2), None, 300.0)
    rows.compare_and_set(db, row, state("running", 9, attempt=2), None, 300.0)
    assert rows.last_touched(db, HERE, 0.0).clear_after is None, "a later attempt is no late frame"


def test_the_last_command_counts_and_of_its_jobs_one_that_goes_on(db):
    touched = {}
    for number, job in ((1, "a"), (2, "b"), (2, "7"), (2, "c")):
        touched[job] = row_of(db, job)
        rows.touch(db, touched[job], number)
    rows.compare_and_set(db, touched["c"], state("failed")._replace(id="c"), None, 0.0)
    assert rows.last_touched(db, None, 5.0).id == "c", "it has just ended"
    assert rows.last_touched(db, None, 50.0).id == "7"
    assert rows.next_touch(db) == 3
    assert rows.last_touched(db, THERE, 0.0) is None


def test_a_state_from_before_the_clock_was_set_back_keeps_nothing_out(db):
    row = row_of(db)
    rows.compare_and_set(db, row, state("running", progress=40.0, as_of=90_000.0), None, 90_000.0)
    fast = state("running", progress=50.0, as_of=90_001.0)
    assert rows.compare_and_set(db, row, fast, None, 90_000.5), "another process was faster by a little"
    late = state("running", progress=45.0, as_of=90_000.7)
    assert rows.compare_and_set(db, row, late, None, 90_000.8) is None
    assert rows.compare_and_set(db, row, state("running", progress=60.0, as_of=400.0), None, 400.0)
    assert (stands(db).progress, stands(db).as_of) == (60.0, 400.0)


def test_an_id_that_is_no_unicode_is_one_nobody_knows(db):
    row_of(db)
    assert list(rows.known_jobs(db, job="\udcff")) == []
    assert [known.id for known in rows.known_jobs(db, job="7")] == ["7"]


def test_one_id_in_two_places_is_two_jobs(db):
    rows.compare_and_set(db, row_of(db, scope=HERE), state("completed", 5), None, 1.0)
    rows.compare_and_set(db, row_of(db, scope=THERE), state("running", 1), None, 2.0)
    assert [stands(db, scope).status.value for scope in (HERE, THERE)] == ["completed", "running"]
    assert {known.scope for known in rows.known_jobs(db, job="7")} == {HERE, THERE}


def test_a_row_that_no_state_stands_in_and_one_with_nonsense_are_known_without(db):
    row = row_of(db)
    assert next(rows.known_jobs(db)).job is None
    for nonsense in ("{", "[]", '{"status": "dancing"}'):
        db.execute("UPDATE jobs SET record = ?", (nonsense,))
        assert next(rows.known_jobs(db)).job is None
    assert rows.compare_and_set(db, row, state("running"), None, 0.0) is not None
    assert rows.compare_and_set(db, 999, state("running"), None, 0.0) is None, "pruned meanwhile"

"""What several writers that never met agree on."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from support.histories import TIMES, jobs

from jobctl.model import Job, JobStatus
from jobctl.store.versions import merged, supersedes, without_secrets
from jobctl.timestamps import parse_timestamp


def is_older(one: Job, other: Job) -> bool:
    """Written apart from the rule under test: `one` is older, by its attempt or the server's clock."""
    if one.attempt is not None and other.attempt is not None and one.attempt != other.attempt:
        return one.attempt < other.attempt
    if one.updated_at is None or other.updated_at is None:
        return False
    return one.updated_at.compare(other.updated_at) < 0


def made(status="running", at=None, attempt=None, progress=None, as_of=0.0):
    status = JobStatus(status)
    time = None if at is None else parse_timestamp(f"2026-01-01T00:00:{at}Z")
    return Job("7", status, status.value, time, progress, attempt, as_of=as_of)


@given(jobs(), jobs())
def test_never_an_older_one_and_never_neither(one, other):
    assert not (supersedes(one, other) and is_older(other, one))
    assert supersedes(one, other) or supersedes(other, one)


@given(jobs(), jobs())
def test_an_end_is_left_only_where_the_server_says_so(stored, new):
    if stored.status.terminal and not new.status.terminal and supersedes(stored, new):
        assert is_older(stored, new)


@given(jobs())
def test_the_same_state_again_is_welcome_and_changes_nothing(job):
    assert merged(job, job) is job


@given(jobs(attempts=st.none()), jobs(attempts=st.none()))
def test_the_newest_time_stays_the_floor(stored, new):
    kept = merged(stored, new)
    if kept is None or stored.updated_at is None:
        return
    if not supersedes(stored, new):
        assert kept == stored._replace(updated_at=stored.updated_at.finer_of(new.updated_at)) != stored
        return
    assert kept.updated_at.compare(stored.updated_at) >= 0
    assert kept.updated_at.unit <= stored.updated_at.unit or kept.updated_at.compare(stored.updated_at) > 0
    assert kept._replace(updated_at=None, dated=False) == new._replace(updated_at=None, dated=False)


def test_a_state_that_is_refused_tells_the_time_all_the_same():
    stands = merged(made("running", "02"), made("pending", "02.9", as_of=1.0))
    assert (stands.status, stands.updated_at.text) == (JobStatus.RUNNING, "2026-01-01T00:00:02.9Z")
    assert merged(stands, made("running", "02.1", as_of=2.0)) is None
    assert merged(stands, made("pending", "02.9", as_of=3.0)) is None


@given(st.lists(jobs(times=st.sampled_from(TIMES), attempts=st.integers(1, 2)), min_size=1, max_size=12))
@settings(max_examples=400)
def test_whatever_the_order_nothing_that_was_written_is_newer_than_what_stands(written):
    stands = written[0]
    for one in written[1:]:
        stands = merged(stands, one) or stands
    assert not any(is_older(stands, one) for one in written)


@given(st.permutations(range(6)), st.data())
def test_dated_writers_agree_in_every_order(order, data):
    """Distinct times of one precision: whoever comes first, the newest state stands at the end."""
    written = [
        data.draw(jobs(times=st.just(f"2026-01-01T00:00:{number:02d}Z"), attempts=st.none()))
        for number in range(6)
    ]
    stands = written[order[0]]
    for number in order[1:]:
        stands = merged(stands, written[number]) or stands
    assert stands == written[5]


def test_attempt_then_time_then_end_then_stage_then_progress():
    later = [
        (made("failed", "05", attempt=1), made("pending", "01", attempt=2)),
        (made("completed", "05"), made("running", "06")),
        (made("running", "05"), made("completed", "05")),
        (made("pending", "05"), made("running", "05")),
        (made("running", "05", progress=10.0), made("running", "05", progress=20.0)),
        (made("running", "05", as_of=1.0), made("running", "05", as_of=2.0)),
        (made("running", "05.123456"), made("completed", "05.123")),
    ]
    for earlier, newer in later:
        assert supersedes(earlier, newer), (earlier, newer)
        assert not supersedes(newer, earlier), (newer, earlier)


def test_without_times_the_later_word_counts_but_never_against_an_end():
    assert supersedes(made("running", as_of=1.0), made("pending", as_of=2.0))
    assert not supersedes(made("running", as_of=2.0), made("running", as_of=1.0, progress=99.0))
    assert not supersedes(made("completed", as_of=1.0), made("running", as_of=2.0))
    assert supersedes(made("running", as_of=2.0), made("completed", as_of=1.0))


def test_a_coarse_copy_does_not_let_an_older_state_in():
    stored, coarse, older = made("pending", "10.9"), made("running", "10"), made("completed", "10.2")
    kept = merged(stored, coarse)
    assert (kept.status, kept.updated_at.text) == (JobStatus.RUNNING, "2026-01-01T00:00:10.9Z")
    assert merged(kept, older) is None


def test_no_secret_is_written_down():
    secret = "hunter2hunter2"
    job = made()._replace(result={"url": f"https://x.test/a?token={secret}"}, error={"api_key": secret})
    assert secret not in repr(without_secrets(job))

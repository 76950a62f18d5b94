from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobctl import (
    Action,
    ApiError,
    ConfigError,
    DeadlineExceeded,
    JobClient,
    JobNotSuccessful,
    JobStatus,
    ProtocolError,
    Reason,
    Source,
    SubmitUncertain,
    TransportError,
    WatchOptions,
    cancel,
    status,
    submit,
    wait,
)
from jobctl.client.carrier import Limits
from jobctl.sandbox import Sandbox

QUICK = {"sandbox": {"duration": 0.3, "pending": 0, "steps": 3}}
LONG = {"duration": 60, "pending": 0}


@pytest.fixture(scope="module")
def shared_box():
    with Sandbox() as box:
        yield box


@pytest.fixture
def box(shared_box, monkeypatch, tmp_path):
    shared_box.set_faults((), ())
    shared_box.reset_requests()
    monkeypatch.setenv("JOBCTL_BASE_URL", shared_box.url)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JOBCTL_TOKEN", raising=False)
    return shared_box


def test_a_script(box):
    job = submit(QUICK)
    assert status(job).status in {JobStatus.RUNNING, JobStatus.PENDING}
    done = wait(job)
    assert (done.id, done.status, done.raw_status) == (job, JobStatus.COMPLETED, "completed")
    assert done.updated_at.text.startswith("20")
    assert status(job).status is JobStatus.COMPLETED


def test_other_profiles_and_addresses(box):
    job = submit(QUICK, "v1", base_url=box.tunnel_url)
    assert wait(job, "v1", base_url=box.tunnel_url, timeout=10).result == {
        "url": f"/files/{_number(box, job)}.mp4"
    }
    with pytest.raises(ConfigError, match="nope"):
        status(job, "nope")


def _number(box, job):
    return status(job, "v1", base_url=box.url).result["url"].removeprefix("/files/").removesuffix(".mp4")


def test_the_same_key_is_the_same_job(box):
    body = {"prompt": "one"}
    assert submit(body, idempotency_key="k1") == submit(body, idempotency_key="k1")


def test_a_failed_job_carries_its_end_and_its_story(box):
    job = box.submit(duration=0.3, pending=0, steps=2, end="failed")
    with pytest.raises(JobNotSuccessful) as caught:
        wait(job)
    error = caught.value
    assert (error.job.id, error.job.status, error.job.error) == (
        job,
        JobStatus.FAILED,
        "worker ran out of memory",
    )
    assert error.story.job == error.job
    assert [decision.after.status for decision in error.story][-1] is JobStatus.FAILED


def test_a_deadline_carries_the_last_state(box):
    job = box.submit(**LONG)
    with pytest.raises(DeadlineExceeded) as caught:
        wait(job, timeout=0.3)
    assert caught.value.job.status is JobStatus.RUNNING
    assert len(caught.value.story) >= 1


@pytest.mark.parametrize(
    ("faults", "kind", "options"),
    [
        (["auth=x"], ApiError, None),
        (["garbage-json"], ProtocolError, WatchOptions(lost_after=0.2, use_stream=False)),
        (["html-page"], ProtocolError, WatchOptions(lost_after=0.2, use_stream=False)),
        (["http-drop@100"], TransportError, WatchOptions(lost_after=0.2, use_stream=False)),
    ],
)
def test_who_is_at_fault(box, faults, kind, options):
    box.set_faults(faults)
    job = box.submit(**LONG)
    with pytest.raises(kind):
        status(job)
    with pytest.raises((kind, TransportError)):
        wait(job, options=options)


def test_nobody_there(box):
    with pytest.raises(ApiError) as caught:
        status("1")
    assert (caught.value.status, caught.value.detail) == (404, "Job not found")
    with pytest.raises(ApiError) as caught:
        wait("1")
    assert caught.value.status == 404


def test_an_unclear_submit(box):
    box.set_faults(["submit-lost"])
    with pytest.raises(SubmitUncertain, match="may or may not exist"):
        submit({})


def test_cancel_tells_how_it_ended(box):
    assert cancel(box.submit(**LONG)).status is JobStatus.CANCELLED
    assert cancel(box.submit(duration=0, pending=0)).status is JobStatus.COMPLETED
    box.set_faults(["cancel-race"])
    assert cancel(box.submit(duration=0.4, pending=0)).status is JobStatus.COMPLETED
    box.set_faults(["cancel-delay=60s"])
    with pytest.raises(DeadlineExceeded):
        cancel(box.submit(**LONG), timeout=0.3)
    with pytest.raises(ApiError):
        cancel("1")


def test_the_blocking_helpers_work_from_any_thread(box):
    jobs = [box.submit(duration=0.4, pending=0) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(wait, jobs))
    assert [job.id for job in done] == jobs
    assert {job.status for job in done} == {JobStatus.COMPLETED}
    assert threading.active_count() < 20


def test_decisions_as_they_come(box):
    box.set_faults(["ws-pending"])
    job = box.submit(duration=0.4, pending=0, steps=3)

    async def follow():
        async with JobClient() as client:
            return [decision async for decision in client.watch(job)]

    decisions = asyncio.run(follow())
    assert decisions[0].reason is Reason.FIRST_SEEN
    assert decisions[-1].after.status is JobStatus.COMPLETED
    assert any(decision.action is not Action.APPLY for decision in decisions)
    assert {decision.observation.source for decision in decisions} >= {Source.POLL, Source.STREAM}


def test_a_watch_that_cannot_go_on_raises(box):
    async def follow(job, options=None):
        async with JobClient() as client:
            async for _ in client.watch(job, options):
                pass

    with pytest.raises(DeadlineExceeded):
        asyncio.run(follow(box.submit(**LONG), WatchOptions(timeout=0.2)))
    with pytest.raises(ApiError):
        asyncio.run(follow("1"))
    asyncio.run(follow(box.submit(duration=0, pending=0, end="failed")))


@pytest.mark.parametrize("stored", [True, False])
def test_an_end_that_no_read_confirms_is_an_error(box, stored):
    """What the store or an undated frame says is no end, whether nobody answers or reads say otherwise."""
    options = WatchOptions(fastest=0.05, max_verifies=2, lost_after=0.3, first_contact=0.3)
    box.set_faults(["no-updated-at"], ["cache=60s", "cache-ignore-no-store", "cache-drop-query"])
    job = box.submit(duration=0.5, pending=0, steps=2)

    async def follow():
        url = "http://127.0.0.1:1" if stored else box.tunnel_url
        async with JobClient(base_url=url) as client:
            known = [client.calls.reader.observe({"status": "completed"}, Source.STORE, job, 1.0)]
            async for _ in client.watch(job, options, known=known if stored else ()):
                pass

    with pytest.raises(TransportError if stored else ProtocolError):
        asyncio.run(follow())


def test_leaving_a_watch_early_leaves_nothing_behind(box):
    job = box.submit(**LONG)

    async def follow():
        async with JobClient() as client:
            async for decision in client.watch(job):
                if decision.observation.source is Source.STREAM:
                    break
        await asyncio.sleep(0.3)
        return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert asyncio.run(follow()) == []
    assert box.requests()["sockets_open"] == 0


def test_a_hanging_read_is_cut_by_the_limits(box):
    box.set_faults(["hang"])
    job = box.submit(**LONG)

    async def read():
        async with JobClient(limits=Limits(total=0.2)) as client:
            await client.read(job)

    with pytest.raises(TransportError, match=r"no complete answer within 0\.2 s"):
        asyncio.run(read())


def test_many_jobs_over_one_client(box):
    jobs = [
        box.submit(duration=0.3, pending=0, steps=2, end=("completed", "failed")[n % 2]) for n in range(20)
    ]

    async def follow():
        async with JobClient(max_rate=200) as client:
            watch = client.watch_many([*jobs, jobs[0]])
            async for _ in watch:
                pass
            return {job: machine.job.status.value for job, machine in watch.machines.items()}

    assert asyncio.run(follow()) == {job: ("completed", "failed")[n % 2] for n, job in enumerate(jobs)}


def test_the_servers_list(box):
    job = box.submit(**LONG)

    async def read():
        async with JobClient() as client:
            return await client.list(3)

    items = asyncio.run(read())
    assert len(items) <= 3
    assert str(items[0]["id"]) == job

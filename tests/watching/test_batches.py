"""Polls of many jobs as one request: of a real server, counted by it."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from functools import partial

import pytest
from support.servers import RawServer, reply

from jobctl import JobClient, WatchOptions
from jobctl.profile.load import Profiles
from jobctl.profile.urls import Operation
from jobctl.sandbox import Sandbox
from jobctl.watching.batches import BatchReads
from jobctl.watching.budget import Paused
from jobctl.watching.events import Finish

LISTED, READ = "GET /api/v1/generation-jobs", "GET /api/v1/generation-jobs/{id}"
QUICK = {"duration": 1.0, "steps": 4, "pending": 0.2}


@pytest.fixture(scope="module")
def shared():
    with Sandbox() as box:
        yield box


@pytest.fixture
def box(shared):
    shared.set_faults((), (), seed=0)
    shared.reset_requests()
    yield shared
    shared.set_faults((), ())


def watch(box, ids, **options):
    """Watch to the end; how each job ended."""

    async def run():
        ended = {}
        async with JobClient("generation", base_url=box.url, max_rate=200) as client:
            chosen = WatchOptions(use_stream=False, timeout=30, **options)
            async for update in client.watch_many(ids, chosen):
                if isinstance(update.item, Finish):
                    ended[update.job] = update.item
        return ended

    return asyncio.run(run())


def words(ended):
    return {
        job: finish.job.status.value if finish.job else finish.ending.value for job, finish in ended.items()
    }


def test_many_jobs_cost_few_requests_and_none_is_missed(box):
    ids = [box.submit("generation", end=("failed", "completed")[i % 2], **QUICK) for i in range(300)]
    ended = words(watch(box, ids))
    assert [ended[job] for job in ids] == ["failed", "completed"] * 150
    routes = box.requests()["routes"]
    assert sum(routes.values()) < 30
    assert routes.get(READ, 0) < 10, "only a last one that nobody else is due with is read alone"


def test_one_job_is_read_alone(box):
    job = box.submit("generation", **QUICK)
    assert words(watch(box, [job])) == {job: "completed"}
    assert LISTED not in box.requests()["routes"]


def test_a_job_that_the_list_does_not_hold_is_read_alone_and_told_as_gone(box):
    ids = [box.submit("generation", **QUICK) for _ in range(3)]
    ended = words(watch(box, [*ids, "99999999"]))
    assert ended == dict.fromkeys(ids, "completed") | {"99999999": "gone"}


def test_no_more_ids_than_fit_into_one_request(box, monkeypatch):
    ids = [box.submit("generation", **QUICK) for _ in range(25)]
    small = Profiles().get("generation")
    asked = []

    async def run():
        async with JobClient(replace(small, read_many_most=10), base_url=box.url, max_rate=200) as client:
            read_many = client.calls.read_many

            def counted(jobs):
                asked.append(len(jobs))
                return read_many(jobs)

            monkeypatch.setattr(client.calls, "read_many", counted)
            async for _ in client.watch_many(ids, WatchOptions(use_stream=False, timeout=30)):
                pass

    asyncio.run(run())
    assert asked
    assert max(asked) <= 10


@pytest.mark.parametrize("fault", ["http-5xx=40%", "http-drop@30%", "rate-limit=1@30%"])
def test_bad_weather_of_the_list_ends_no_watch(box, fault):
    box.set_faults([fault], (), seed=4)
    ids = [box.submit("generation", **QUICK) for _ in range(20)]
    assert words(watch(box, ids)) == dict.fromkeys(ids, "completed")


def test_beyond_some_jobs_streams_are_not_opened_where_one_request_reads_many(box, monkeypatch):
    monkeypatch.setattr("jobctl.watching.watched_api.MOST_STREAMS", 3)
    ids = [box.submit("generation", **QUICK) for _ in range(8)]

    async def run():
        async with JobClient("generation", base_url=box.url, max_rate=200) as client:
            async for _ in client.watch_many(ids, WatchOptions(timeout=30)):
                pass

    asyncio.run(run())
    streamed = [job for job in ids if box.requests()["jobs"].get(job, {}).get("stream")]
    assert streamed == ids[:3]


@pytest.mark.parametrize(
    "list_path",
    ["/no/such/list?ids={id}", "/api/v1/generation-jobs?limit=1&other={id}", "/openapi.json?x={id}"],
)
def test_an_api_without_such_a_list_is_read_job_by_job(box, list_path):
    ids = [box.submit("generation", **QUICK) for _ in range(12)]
    profile = replace(Profiles().get("generation"), read_many=Operation("GET", list_path))

    async def run():
        ended = {}
        async with JobClient(profile, base_url=box.url, max_rate=200) as client:
            async for update in client.watch_many(ids, WatchOptions(use_stream=False, timeout=30)):
                if isinstance(update.item, Finish):
                    ended[update.job] = update.item
        return ended

    assert words(asyncio.run(run())) == dict.fromkeys(ids, "completed")
    routes = box.requests()["routes"]
    assert routes[READ] >= 12
    assert sum(count for route, count in routes.items() if route != READ) <= 10


def listed_by(box, **changes):
    return replace(Profiles().get("generation").with_base_url(box.url), **changes)


async def gathered(reads, *jobs):
    """Ask for the jobs together; what each was told, and whose request is said to have left."""
    sent = []
    tasks = {job: asyncio.create_task(reads.read(job, partial(sent.append, job))) for job in jobs}
    await asyncio.sleep(0)
    return tasks, sent


async def settled():
    """Let everybody get to where only time helps."""
    for _ in range(50):
        await asyncio.sleep(0)


def test_a_poll_that_is_given_up_while_its_request_waits_is_not_sent(box):
    first, second, third = (box.submit("generation", duration=60) for _ in range(3))

    async def run():
        async with JobClient(listed_by(box), environ={}, max_rate=1) as client:
            client.gate.budget.take(asyncio.get_running_loop().time())
            reads = BatchReads(client, client.gate, 100)
            tasks, sent = await gathered(reads, first, second, third)
            await settled()
            tasks[first].cancel()
            await asyncio.wait(tasks.values())
            return sent, tasks[second].result(), tasks[third].result()

    sent, *seen = asyncio.run(run())
    assert sent == [second, third]
    assert [one.job for one in seen] == [second, third]


def test_a_poll_is_never_answered_by_a_request_that_left_before_it():
    ids = [str(number) for number in range(3)]
    arrived, go_on = threading.Event(), threading.Event()

    def answer(_head):
        arrived.set()
        go_on.wait(10)
        return reply(200, json.dumps({"items": [{"id": job, "status": "running"} for job in ids]}).encode())

    async def run():
        with RawServer(answer) as server:
            profile = Profiles().get("generation").with_base_url(server.url)
            async with JobClient(profile, environ={}, max_rate=200) as client:
                reads = BatchReads(client, client.gate, 100)
                tasks, _ = await gathered(reads, *ids)
                await asyncio.to_thread(arrived.wait, 10)
                tasks[ids[0]].cancel()
                sent = []
                late = asyncio.create_task(reads.read(ids[0], lambda: sent.append(len(server.heads))))
                await asyncio.sleep(0)
                go_on.set()
                await asyncio.wait([late, *tasks.values()])
                return sent, late.result()

    sent, seen = asyncio.run(run())
    assert seen is None or sent == [2], "it has a request of its own"


def test_each_request_of_a_list_read_has_its_turn():
    def answer(head):
        if "moved" not in head:
            return reply(307, b"", "Location: /moved")
        return reply(200, b'{"items": []}')

    async def run():
        with RawServer(answer) as server:
            profile = Profiles().get("generation").with_base_url(server.url)
            async with JobClient(profile, environ={}, max_rate=200) as client:
                tasks, _ = await gathered(BatchReads(client, client.gate, 100), "1", "2")
                await asyncio.wait(tasks.values())
                return client.gate.budget.sent, len(server.heads)

    counted, came = asyncio.run(run())
    assert counted == came == 2


def test_a_request_that_becomes_full_leaves_at_once(box, monkeypatch):
    ids = [box.submit("generation", duration=60) for _ in range(6)]

    async def run():
        async with JobClient(listed_by(box), environ={}, max_rate=200) as client:
            reads = BatchReads(client, client.gate, 4)
            tasks, _ = await gathered(reads, *ids[:2])
            await asyncio.wait(tasks.values())
            monkeypatch.setattr("jobctl.watching.batches._GATHERING", 60.0)
            tasks, _ = await gathered(reads, *ids[:3])
            await settled()
            more, _ = await gathered(reads, *ids[3:4])
            done, _ = await asyncio.wait([*tasks.values(), *more.values()], timeout=10)
            return [task.result().job for task in (*tasks.values(), *more.values()) if task in done]

    assert asyncio.run(run()) == ids[:4]


def test_all_that_wait_hear_that_the_server_wants_to_be_left_alone(box):
    async def run():
        async with JobClient(listed_by(box), environ={}, max_rate=200) as client:
            client.gate.pause(30.0)
            tasks, sent = await gathered(BatchReads(client, client.gate, 2), "1", "2", "3", "4")
            await asyncio.wait(tasks.values())
            return [type(task.exception()) for task in tasks.values()], sent

    assert asyncio.run(run()) == ([Paused] * 4, [])

from __future__ import annotations

import asyncio
import sys
import threading
import time
from dataclasses import replace

import pytest

from jobctl import JobClient, JobStatus, WatchOptions
from jobctl.errors import ConfigError
from jobctl.profile.load import Profiles
from jobctl.sandbox import Sandbox
from jobctl.watching.driver import Watch
from jobctl.watching.events import Emit, Ending, Finish

LONG = {"duration": 60, "pending": 0}


class Recorder:
    """ASGI middleware that notes when each read arrived."""

    def __init__(self):
        self.times = []

    def __call__(self, app):
        async def wrapped(scope, receive, send):
            if scope["type"] == "http":
                self.times.append(time.monotonic())
            await app(scope, receive, send)

        return wrapped


@pytest.fixture(scope="module")
def recorder():
    return Recorder()


@pytest.fixture(scope="module")
def shared_box(recorder):
    with Sandbox(extra_middleware=[recorder]) as box:
        yield box


@pytest.fixture
def box(shared_box, recorder):
    shared_box.set_faults((), ())
    shared_box.reset_requests()
    recorder.times.clear()
    return shared_box


def client_of(box, **options):
    # One request a read: that is what is counted here.
    alone = replace(Profiles().get("generation"), read_many=None)
    return JobClient(alone.with_base_url(box.url), environ={}, **options)


def watch(box, jobs, options=None, act=None, **client_options):
    """Watch to the end; the updates. `act(watch, update)` may interfere."""

    async def run():
        found = []
        async with client_of(box, **client_options) as client:
            watching = client.watch_many(jobs, options)
            async for update in watching:
                found.append(update)
                if act:
                    act(watching, update)
        return found

    return asyncio.run(run())


def finishes(updates):
    return {update.job: update.item for update in updates if isinstance(update.item, Finish)}


@pytest.mark.parametrize("rate", [20, 60])
def test_the_budget_holds_in_every_second_as_the_server_counts(box, recorder, rate):
    """More jobs than the rate allows, polled as fast as they may be."""
    jobs = [box.submit(**LONG) for _ in range(40)]
    options = WatchOptions(use_stream=False, interval=0.05, timeout=1.6)
    done = finishes(watch(box, jobs, options, max_rate=rate))
    assert {finish.ending for finish in done.values()} == {Ending.DEADLINE}
    times = recorder.times
    assert len(times) > rate, "the budget was used"
    # Requests leave evenly spaced; on the way two may be pushed together by a fraction of their distance.
    worst = max(sum(begin <= at < begin + 1 for at in times) for begin in times)
    assert worst <= rate * 1.1 + 1


def test_everybody_gets_a_turn(box):
    jobs = [box.submit(**LONG) for _ in range(20)]
    watch(box, jobs, WatchOptions(use_stream=False, interval=0.05, timeout=1.5), max_rate=40)
    reads = [box.requests()["jobs"][job]["read"] for job in jobs]
    assert min(reads) >= 1
    assert max(reads) <= 2 * min(reads) + 1


def test_an_interrupt_ends_each_watch_once(box):
    jobs = [box.submit(**LONG) for _ in range(3)]

    def act(watching, update):
        if isinstance(update.item, Emit):
            watching.interrupt()

    done = watch(box, jobs, act=act)
    assert {finish.ending for finish in finishes(done).values()} == {Ending.INTERRUPTED}
    assert sum(isinstance(update.item, Finish) for update in done) == 3


def test_sockets_are_gone_when_it_is_over(box):
    watch(box, [box.submit(**LONG) for _ in range(3)], WatchOptions(timeout=0.5))
    deadline = time.monotonic() + 2
    while box.requests()["sockets_open"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert box.requests()["sockets_open"] == 0


def test_a_job_added_twice_is_watched_once(box):
    job = box.submit(duration=0, pending=0)
    assert len(finishes(watch(box, [job, job]))) == 1
    assert box.requests()["jobs"][job]["read"] == 1


def test_jobs_may_be_added_while_it_runs(box):
    first, second = box.submit(duration=0.2, pending=0), box.submit(duration=0, pending=0)
    done = finishes(watch(box, [first], act=lambda watching, _update: watching.add(second)))
    assert {job: finish.job.status for job, finish in done.items()} == dict.fromkeys(
        (first, second), JobStatus.COMPLETED
    )


def test_nobody_to_watch(box):
    assert watch(box, []) == []


def test_a_wrong_configuration_reaches_whoever_iterates(box):
    with pytest.raises(ConfigError, match="another path"):
        watch(box, [".."])


def test_a_defect_reaches_whoever_iterates(box, monkeypatch):
    def broken(*_args, **_more):
        raise ZeroDivisionError

    monkeypatch.setattr("jobctl.watching.job_driver.failure_of", broken)
    with pytest.raises(ZeroDivisionError):
        watch(box, ["1"])


def test_a_cut_socket_is_opened_again(box):
    job = box.submit(duration=2, pending=0, steps=20)
    cut = []

    def act(_watching, update):
        if (
            isinstance(update.item, Emit)
            and update.item.decision.observation.source.value == "stream"
            and not cut
        ):
            cut.append(box.drop_sockets())

    done = watch(box, [job], act=act)
    assert cut == [1]
    assert finishes(done)[job].job.status is JobStatus.COMPLETED
    assert box.requests()["jobs"][job]["stream"] == 2


def test_a_view_in_another_thread_may_look_while_jobs_are_added():
    troubles, stop = [], threading.Event()

    async def run():
        async with JobClient("generation", base_url="http://127.0.0.1:9", environ={}) as client:
            watch = Watch(client, WatchOptions(use_stream=False), client.gate)

            def look():
                while not stop.is_set():
                    try:
                        sum(machine.finished is None for machine in watch.machines.values())
                    except RuntimeError as error:
                        troubles.append(error)
                        return

            looking = threading.Thread(target=look)
            looking.start()
            for number in range(3000):
                watch.add(str(number))
            stop.set()
            looking.join()
            watch.drop()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        asyncio.run(run())
    finally:
        sys.setswitchinterval(before)
    assert troubles == []

"""One machine's instructions, performed: what waits for its turn gives way to what is more urgent."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from jobctl.api import JobClient
from jobctl.model import Source
from jobctl.profile.load import Profiles
from jobctl.profile.urls import Operation
from jobctl.sandbox import Sandbox
from jobctl.watching.driver import Watch
from jobctl.watching.events import Emit, Finish, Tick
from jobctl.watching.options import WatchOptions
from jobctl.watching.watched_api import WatchedApi


async def ended(box):
    """Return a job that has ended."""
    job = box.submit("generation", duration=0.1, steps=1)
    async with JobClient("generation", base_url=box.url, environ={}) as client:
        async for _decision in client.watch(job):
            pass
    return job


def test_a_verified_read_takes_the_turn_of_a_poll_that_the_quota_holds_back():
    async def play(box):
        job = await ended(box)
        async with JobClient("generation", base_url=box.url, environ={}, max_per_hour=40) as client:
            now = asyncio.get_running_loop().time
            for _ in range(2):  # all that polls may have at once
                client.gate.budget.take(now())
            watch = Watch(client, WatchOptions(timeout=20), client.gate)
            watch.add(job)
            driver = watch.drivers[job]
            assert driver.machine.reads.in_flight is Source.POLL
            driver.machine.reads.want_verify(now(), 0.5, at_once=True)
            driver.feed(Tick())
            return [update.item async for update in watch]

    with Sandbox() as box:
        items = asyncio.run(play(box))
    assert [item.decision.observation.source for item in items if isinstance(item, Emit)] == [Source.VERIFY]
    assert isinstance(items[-1], Finish)
    assert items[-1].confirmed


def test_a_poll_that_waits_is_given_up_with_its_watch():
    async def play(box):
        job = await ended(box)
        async with JobClient("generation", base_url=box.url, environ={}, max_per_hour=1) as client:
            client.gate.budget.take(asyncio.get_running_loop().time())
            watch = Watch(client, WatchOptions(timeout=0.2), client.gate)
            watch.add(job)
            return [update.item async for update in watch]

    with Sandbox() as box:
        items = asyncio.run(play(box))
        assert len(items) == 2
        assert items[0].code == "hourly-quota"
        assert items[0].text.startswith("the quota of 1 an hour: the next read in 1h")
        assert items[1].ending.value == "deadline"


def test_a_verified_read_takes_the_turn_of_a_poll_that_no_list_answered():
    async def play(box):
        job = await ended(box)
        listless = Operation("GET", "/no/such/list?ids={id}")
        profile = replace(Profiles().get("generation"), read_many=listless).with_base_url(box.url)
        async with JobClient(profile, environ={}, max_per_hour=40) as client:
            now = asyncio.get_running_loop().time
            client.gate.budget.take(now())  # one more is left to polls: the list
            watch = Watch(client, WatchOptions(timeout=20, use_stream=False), client.gate)
            watch.add(job)
            watch.add("99")
            driver, batches = watch.drivers[job], watch.apis[0].batches
            assert await batches.read("98", list) is None, "it is told with the others that there is no list"
            await asyncio.sleep(0)
            assert driver.machine.reads.in_flight is Source.POLL
            driver.machine.reads.want_verify(now(), 0.5, at_once=True)
            driver.feed(Tick())
            return [update.item async for update in watch if update.job == job]

    with Sandbox() as box:
        items = asyncio.run(play(box))
    assert [item.decision.observation.source for item in items if isinstance(item, Emit)] == [Source.VERIFY]
    assert items[-1].confirmed


def test_a_read_that_its_reserve_lets_through_is_not_said_to_wait():
    async def play():
        async with JobClient(
            "generation", base_url="http://127.0.0.1:9", environ={}, max_per_hour=40
        ) as client:
            for _ in range(2):
                client.gate.budget.take(asyncio.get_running_loop().time())
            api = WatchedApi(client, client.gate)
            return api.held(urgent=True), api.held(urgent=False), api.held(urgent=False)

    urgent, first, again = asyncio.run(play())
    assert urgent is None
    assert first.code == "hourly-quota"
    assert again is None, "once"

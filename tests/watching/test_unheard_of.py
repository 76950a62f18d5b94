"""An engine that says PENDING of any id: what a watch makes of it, by what it knows of the job."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from support.servers import RawServer, reply

from jobctl import JobClient, JobStatus, WatchOptions
from jobctl.model import Source
from jobctl.profile.load import Profiles
from jobctl.watching.events import Ending, Finish

OPTIONS = WatchOptions(fastest=0.05, slowest=0.1, unseen_grace=0.2, not_found_grace=0.2, timeout=1.5)


class Engine:
    """Knows one task for so many reads, then forgets it."""

    def __init__(self, remembered):
        self.left = remembered

    def __call__(self, head):
        if "/api/task/result/" in head:
            state = "STARTED" if self.left > 0 else "PENDING"
            return reply(200, json.dumps({"task-id": "t", "state": state}).encode())
        self.left -= 1
        if self.left >= 0:
            return reply(200, json.dumps({"uuid": "t", "state": "STARTED", "timestamp": 5.0}).encode())
        return reply(404, b"Unknown task 't'")


def watch(remembered, *, submitted, options=OPTIONS):
    """Watch task `t` to its end; returns the last word about it."""

    async def run(url):
        profile = replace(Profiles().get("flower").with_base_url(url))
        async with JobClient(profile, environ={}) as client:
            answer = {"task-id": "t", "state": "PENDING"}
            seen = client.calls.reader.observe(answer, Source.SUBMIT, "t", 1.0)
            watching = client.watch_many((), options)
            watching.add("t", [seen] if submitted else [])
            found = [update.item async for update in watching]
        return next(item for item in found if isinstance(item, Finish))

    with RawServer(Engine(remembered)) as server:
        return asyncio.run(run(server.url))


def test_an_id_nobody_heard_of_is_not_found():
    finish = watch(0, submitted=False)
    assert (finish.ending, finish.job) == (Ending.GONE, None)
    assert "PENDING" in finish.message


def test_what_was_submitted_waits_in_a_queue():
    finish = watch(0, submitted=True)
    assert (finish.ending, finish.job.status, finish.job.raw_status) == (
        Ending.DEADLINE,
        JobStatus.PENDING,
        "PENDING",
    )
    assert finish.job.source is Source.POLL, "it was read, not only remembered"


@pytest.mark.parametrize("submitted", [True, False])
def test_what_was_seen_running_and_is_unheard_of_now_is_gone(submitted):
    finish = watch(3, submitted=submitted)
    assert (finish.ending, finish.job.raw_status) == (Ending.GONE, "STARTED")
    assert "last seen running" in finish.message

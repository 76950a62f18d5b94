from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from support.servers import RawServer, reply

from jobctl import JobClient
from jobctl.errors import ConfigError
from jobctl.profile.load import Profiles
from jobctl.profile.logs_shape import LogsShape
from jobctl.profile.urls import Operation
from jobctl.sandbox import Sandbox
from jobctl.watching.log_follower import LogFollower
from jobctl.watching.quota import HourlyQuota

READS = LogsShape(Operation("GET", "/logs/jobs/{id}"))
TAIL = READS._replace(tail="/ws/logs/{id}")


@pytest.fixture(scope="module")
def box():
    with Sandbox() as running:
        yield running


def client_of(box, logs):
    profile = replace(Profiles().get("v1").with_base_url(box.url), logs=logs)
    return JobClient(profile, environ={})


def until_ended(box, job, given_up):
    while not given_up() and box.history(job)[-1]["state"] not in {"completed", "cancelled"}:
        time.sleep(0.02)


def follow(box, logs, job, when=None, on_line=None):
    """Follow until the job has ended (`when` acts first); (lines, what was told, problem)."""
    lines, told = [], []

    async def run():
        async with client_of(box, logs) as client:
            follower = LogFollower(client, job, on_line or lines.append, told.append)
            following = asyncio.create_task(follower.run())
            await asyncio.sleep(0)
            if when is not None:
                await asyncio.to_thread(when)
            await asyncio.to_thread(until_ended, box, job, following.done)
            follower.job_ended()
            await following
            return follower.problem

    return lines, told, asyncio.run(run())


@pytest.mark.parametrize("logs", [READS, TAIL])
def test_every_line_in_order_and_once(box, logs):
    job = box.submit("v1", duration=0.5, steps=5)
    lines, told, problem = follow(box, logs, job)
    assert [line.split("\t")[0] for line in lines] == [state["updated_at"] for state in box.history(job)]
    assert (told, problem) == ([], None)


def test_sockets_that_are_cut_bring_nothing_twice(box):
    job = box.submit("v1", duration=1.0, steps=10)
    lines, _, _ = follow(box, TAIL, job, when=lambda: [box.drop_sockets() for _ in range(3)])
    assert [line.split("\t")[0] for line in lines] == [state["updated_at"] for state in box.history(job)]


def test_a_log_that_is_nowhere_is_a_problem_once_the_job_has_ended(box):
    job = box.submit("v1", duration=0)
    lines, told, problem = follow(box, LogsShape(Operation("GET", "/nowhere/{id}")), job)
    assert lines == []
    assert problem.status == 404
    assert told == [problem.message]


def rest_of(*logs, hourly=None):
    """What is told of an ended job whose log is another one at each read, the last for ever."""
    left, lines, told = list(logs), [], []

    def answer(_head):
        return left.pop(0) if len(left) > 1 else left[0]

    async def run(url):
        profile = replace(Profiles().get("v1").with_base_url(url), logs=READS)
        async with JobClient(profile, environ={}) as client:
            client.gate.budget.hourly = hourly
            follower = LogFollower(client, "1", lines.append, told.append)
            follower.job_ended()
            await follower.run()
            return follower.problem

    with RawServer(answer) as server:
        problem = asyncio.run(run(server.url))
        return lines, problem, len(server.heads)


def test_a_log_that_is_complete_only_after_the_end_is_read_to_its_end():
    assert rest_of(reply(200, b"a\n"), reply(200, b"a\nb\nlast")) == (["a", "b", "last"], None, 3)
    assert rest_of(reply(200, b"")) == ([], None, 1)
    assert rest_of(reply(200, b"a\n"), reply(200, b"a\nb\n"), hourly=HourlyQuota(100)) == (["a"], None, 1)


def test_a_log_that_was_read_after_the_end_is_no_problem():
    assert rest_of(reply(503), reply(200, b"a\n"), reply(503))[:2] == (["a"], None)
    assert rest_of(reply(200, b"a\n"), reply(503))[:2] == (["a"], None)
    assert rest_of(reply(503))[1].status == 503


def test_a_server_that_asked_to_be_left_alone_leaves_the_log_unread(box):
    job = box.submit("v1", duration=0)

    async def run():
        async with client_of(box, READS) as client:
            client.gate.pause(60)
            follower = LogFollower(client, job, print, print)
            follower.job_ended()
            await follower.run()
            return follower.problem

    problem = asyncio.run(run())
    assert (problem.status, problem.message) == (429, "logs: the server asked to be left alone")


def test_what_the_receiver_of_lines_raises_comes_out(box):
    def full(_line):
        raise OSError("disk full")

    job = box.submit("v1", duration=60)
    for logs in (READS, TAIL):
        with pytest.raises(OSError, match="disk full"):
            follow(box, logs, job, on_line=full)
    box.cancel(job)


def test_a_profile_without_logs(box):
    async def run():
        async with client_of(box, None) as client:
            LogFollower(client, "1", print, print)

    with pytest.raises(ConfigError, match="has no 'logs'"):
        asyncio.run(run())


def test_the_rest_is_read_before_any_poll_and_not_waited_for_without_end(box, monkeypatch):
    monkeypatch.setattr("jobctl.watching.log_follower._TURN_WITHIN", 0.5)
    job = box.submit("v1", duration=0)

    async def run(taken):
        async with JobClient(client_of(box, READS).profile, environ={}, max_per_hour=40) as client:
            now = asyncio.get_running_loop().time
            for _ in range(taken):
                client.gate.budget.take(now())
            lines = []
            follower = LogFollower(client, job, lines.append, print)
            following = asyncio.create_task(follower.run())
            await asyncio.sleep(0)
            follower.job_ended()
            await following
            return lines, follower.problem

    lines, problem = asyncio.run(run(taken=2))
    assert lines
    assert problem is None
    lines, problem = asyncio.run(run(taken=4))
    assert lines == []
    assert "quota" in problem.message


def test_each_request_of_a_log_read_has_its_turn(box):
    job = box.submit("v1", duration=0)
    box.reset_requests()

    async def run():
        profile = client_of(box, LogsShape(Operation("GET", "/logs/jobs/{id}/"))).profile
        async with JobClient(profile, environ={}) as client:
            follower = LogFollower(client, job, print, print)
            follower.job_ended()
            await follower.run()
            return client.gate.budget.sent

    assert asyncio.run(run()) == sum(box.requests()["routes"].values())

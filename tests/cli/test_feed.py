from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
import threading
from pathlib import Path

import pytest

from jobctl import JobClient, WatchOptions
from jobctl.cli.feed import Fed, Feed, read_line
from jobctl.profile.load import Profiles
from jobctl.watching.driver import Watch


def profile_of(name):
    return Profiles().get(name or "v1")


QUICK = {"duration": 0.3, "steps": 2}


@pytest.mark.parametrize(
    ("line", "fed"),
    [
        (b"17\n", Fed("17")),
        (b"  a b \r\n", Fed("a b")),
        (b'{"job": "17"}', Fed("17")),
        (b'{"job": 17, "profile": "ray"}', Fed("17", profile="ray")),
        (b"\n", None),
        (b"", None),
    ],
)
def test_what_a_line_says(line, fed):
    assert read_line(line, profile_of) == fed


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"job": ', "no JSON"),
        (b'{"id": "17"}', "no job id in it"),
        (b'{"job": true}', "no job id in it"),
        (b'{"job": "17", "profile": "no-such"}', "no-such"),
        (b'{"job": "17", "profile": 3}', "`profile` is no name"),
        (b"a\x1bb", "no job id in it"),
        (b"..", "another path on the server"),
        (b"x" * 99_999, "too long"),
    ],
)
def test_a_line_that_is_no_job_says_why(line, said):
    fed = read_line(line, profile_of)
    assert fed is not None
    assert fed.problem is not None
    assert said in fed.problem


def test_ids_from_a_pipe_and_each_of_them_ends(jobctl, box):
    ids = [box.submit(end=("failed", "completed")[i % 2], **QUICK) for i in range(40)]
    done = jobctl.run("watch", "-", "--json", stdin="\n".join([*ids, ids[0]]).encode())
    assert done.code == 3
    ended = {one["job"]: one["status"] for one in done.result["jobs"]}
    assert list(ended) == ids
    assert [ended[job] for job in ids] == ["failed", "completed"] * 20


def test_a_line_that_is_no_job_is_in_the_result_and_ends_nothing(jobctl, box):
    job = box.submit(**QUICK)
    lines = ["{broken", json.dumps({"job": job})]
    done = jobctl.run("watch", "-", "--json", stdin="\n".join(lines).encode())
    assert done.code == 2
    bad, good = done.result["jobs"]
    assert (bad["job"], bad["exit_code"], bad["problem"]["message"]) == ("{broken", 2, "no JSON")
    assert (good["job"], good["status"]) == (job, "completed")


def test_a_line_without_end_is_not_gathered(jobctl, box):
    reading, writing = os.pipe()
    program = jobctl.start("watch", "-", "--json", stdin=reading)
    job = box.submit(**QUICK)
    for _ in range(64):
        os.write(writing, b"x" * 2**18)
    os.write(writing, f"\n{job}\n".encode())
    os.close(writing)
    done = program.finish()
    bad, good = done.result["jobs"]
    assert (bad["problem"]["message"], good["status"]) == ("the line is too long for an id", "completed")
    assert done.peak < 75_000


def test_nothing_on_stdin_is_nothing_to_wait_for(jobctl):
    done = jobctl.run("watch", "-", "--json", stdin=b"")
    assert done.result["jobs"] == []
    assert done.code == 0


def test_ids_that_come_while_others_are_watched(jobctl, box):
    reading, writing = os.pipe()
    first = box.submit(**QUICK)
    program = jobctl.start("watch", "-", stdin=reading)
    os.write(writing, f"{first}\n".encode())
    program.until(f"{first}  completed")
    second = box.submit(**QUICK)
    os.write(writing, f"{second}\n".encode())
    program.until(f"{second}  completed")
    os.close(writing)
    assert program.finish().code == 0


def test_only_who_has_no_answer_is_told_to_wait_for_it(jobctl, box):
    reading, writing = os.pipe()
    program = jobctl.start("watch", "-", stdin=reading)
    os.write(writing, f"{box.submit(duration=4)}\n".encode())
    os.close(writing)
    done = program.finish()
    assert "still waiting" not in done.err
    assert done.code == 0


def test_ctrl_c_ends_a_watch_that_waits_for_ids(jobctl, box):
    reading, writing = os.pipe()
    job = box.submit(duration=60)
    program = jobctl.start("watch", "-", "--json", stdin=reading)
    os.write(writing, f"{job}\n".encode())
    program.until("first-seen")
    program.signal(signal.SIGINT)
    done = program.finish()
    os.close(writing)
    assert done.code == 130
    assert done.result["jobs"][0]["job"] == job


def flood(writing, line):
    """Write a line again and again until nobody reads it any more."""
    piece = line * (2**16 // len(line))
    with contextlib.suppress(BrokenPipeError):
        while True:
            os.write(writing, piece)


@pytest.mark.parametrize("line", [b"{\n", b'{"job": "17", "profile": "no-such"}\n'])
def test_ctrl_c_ends_a_feed_without_end(jobctl, line):
    reading, writing = os.pipe()
    program = jobctl.start("watch", "-", "--json", stdin=reading)
    writer = threading.Thread(target=flood, args=(writing, line), daemon=True)
    writer.start()
    program.until("jobctl: stdin: ")
    program.signal(signal.SIGINT)
    done = program.finish(10)
    writer.join(10)
    os.close(writing)
    assert done.code == 2
    assert len(done.result["jobs"]) <= 1000


class Counted(io.BytesIO):
    """A source that counts how often it is read."""

    reads = 0

    def read1(self, size=-1):
        """One thousand lines at once."""
        self.reads += 1
        return super().read1(min(size, 3000))


def test_no_more_is_read_than_can_be_taken():
    source, ahead = Counted(b"17\n" * 100_000), []

    async def run():
        async with JobClient("generation", base_url="http://127.0.0.1:9") as client:
            watch = Watch(client, WatchOptions(), client.gate)
            Feed(source).begin(watch, profile_of, lambda _job, _profile: ahead.append(source.reads))
            return [update async for update in watch]

    assert asyncio.run(run()) == []
    assert len(ahead) == 100_000
    assert all(reads <= taken // 1000 + 2 for taken, reads in enumerate(ahead))


def test_what_comes_after_ctrl_c_is_not_watched(box):
    added, ids = [], [box.submit(**QUICK) for _ in range(3)]
    reading, writing = os.pipe()

    async def run():
        began = asyncio.Event()

        def add(job, _profile):
            added.append(job)
            began.set()

        async with JobClient("generation", base_url=box.url) as client:
            watch = Watch(client, WatchOptions(use_stream=False), client.gate)
            with os.fdopen(reading, "rb") as source:
                Feed(source).begin(watch, profile_of, add)
                os.write(writing, f"{ids[0]}\n".encode())
                await began.wait()
                watch.interrupt()
                os.write(writing, f"{ids[1]}\n{ids[2]}\n".encode())
                os.close(writing)
                (reader,) = [one for one in threading.enumerate() if one.name == "jobctl-feed"]
                await asyncio.to_thread(reader.join)
            return [update async for update in watch]

    assert asyncio.run(run()) == []
    assert added == ids[:1]


def test_a_stdin_that_cannot_be_read_ends_the_feed_and_is_told(jobctl, box):
    with Path(os.devnull).open("wb") as unreadable:
        done = jobctl.run("watch", "-", "--json", stdin=os.dup(unreadable.fileno()), timeout=10)
    assert done.code == 2
    (told,) = done.result["jobs"]
    assert told["job"] == "-"
    assert told["exit_code"] == 2
    assert "stdin cannot be read" in told["problem"]["message"]
    assert "stdin cannot be read" in done.err


def test_names_of_no_profile_are_not_remembered(jobctl):
    reading, writing = os.pipe()
    with Path(os.devnull).open("wb") as nowhere:
        program = jobctl.start("watch", "-", "--json", stdin=reading, stderr=nowhere.fileno())
    for count in range(12_000):
        os.write(writing, b'{"job": "1", "profile": "%d%s"}\n' % (count, b"x" * 500))
    os.close(writing)
    done = program.finish(60)
    assert done.code == 2
    assert done.peak < 75_000


def test_lines_that_were_refused_stand_in_the_result_of_a_watch_that_an_error_ended(jobctl, box):
    reading, writing = os.pipe()
    job = box.submit(duration=60)
    program = jobctl.start("watch", "-", "--json", stdin=reading)
    os.write(writing, f"{{broken\n{job}\n".encode())
    program.until("first-seen")
    program.signal(signal.SIGSTOP)
    program.signal(signal.SIGINT)
    program.signal(signal.SIGTERM)
    program.signal(signal.SIGCONT)
    done = program.finish()
    os.close(writing)
    assert [one["job"] for one in done.result["jobs"]] == ["{broken", job]

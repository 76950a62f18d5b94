"""One watch over several APIs: ids, budgets, credentials and ways to go on are each API's own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import AsyncExitStack

import pytest

from jobctl import JobClient
from jobctl.cli.sides import ApiSide, Manner, Sides
from jobctl.errors import ConfigError
from jobctl.profile.load import Profiles, read_config
from jobctl.sandbox import Sandbox
from jobctl.store.memory import Memory

QUICK = {"duration": 0.3, "steps": 2}
RECORD = b'{"id": "17", "status": "completed", "updated_at": "2026-01-01T00:00:00Z"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(RECORD), RECORD)


def lines(*jobs):
    return "".join(json.dumps(job) + "\n" for job in jobs).encode()


@pytest.fixture
def other(jobctl):
    """A second API, known as profile `other`."""
    with Sandbox() as box:
        profile = f'[profiles.other]\nextends = "generation"\nbase_url = "{box.url}"\n'
        (jobctl.cwd / "jobctl.toml").write_text(f'profile = "generation"\n{profile}')
        yield box


def same_id(first, second, **ends):
    """Submit to both until one id has been given by both; return it."""
    ours, theirs = set(), set()
    for _ in range(10_000):
        ours.add(first.submit("generation", end=ends["ours"], **QUICK))
        theirs.add(second.submit("generation", end=ends["theirs"], **QUICK))
        if common := ours & theirs:
            return common.pop()
        behind = first if max(map(int, ours)) < max(map(int, theirs)) else second
        for _ in range(min(500, abs(max(map(int, ours)) - max(map(int, theirs))) - 1)):
            (ours if behind is first else theirs).add(behind.submit("generation", end="completed", **QUICK))
    raise AssertionError("no common id")


def test_the_same_id_of_two_apis_is_two_jobs(jobctl, box, other):
    job = same_id(box, other, ours="completed", theirs="failed")
    given = lines({"job": job}, {"job": job, "profile": "other"}, {"job": job, "profile": "generation"})
    done = jobctl.run("watch", "-", "--json", stdin=given)
    ended = {(one["profile"], one["job"]): one["status"] for one in done.result["jobs"]}
    assert ended == {("generation", job): "completed", ("other", job): "failed"}
    assert done.code == 3
    told = {(line["profile"], line["job"]) for line in done.lines if line["type"] == "decision"}
    assert told == set(ended)


def test_plain_lines_name_the_api_of_a_job(jobctl, box, other):
    ours, theirs = box.submit("generation", **QUICK), other.submit("generation", **QUICK)
    done = jobctl.run("watch", "-", stdin=lines({"job": ours}, {"job": theirs, "profile": "other"}))
    assert f"\n{ours}  completed" in done.out
    assert f"\nother:{theirs}  completed" in done.out


def test_each_api_remembers_its_own_jobs(jobctl, box, other):
    ours, theirs = box.submit("generation", **QUICK), other.submit("generation", **QUICK)
    jobctl.run("watch", "-", stdin=lines({"job": ours}, {"job": theirs, "profile": "other"}))
    logged = [
        line
        for profile, env in (("generation", {}), ("other", {"JOBCTL_BASE_URL": None}))
        for line in jobctl.run("log", "--profile", profile, "--json", env=env).lines
    ]
    assert {(line["profile"], line["job"]) for line in logged if "job" in line} == {
        ("generation", ours),
        ("other", theirs),
    }


def test_one_log_holds_the_decisions_of_all(jobctl, box, other):
    ours, theirs = box.submit("generation", **QUICK), other.submit("generation", **QUICK)
    given = lines({"job": ours}, {"job": theirs, "profile": "other"})
    jobctl.run("watch", "-", "--log", "all.jsonl", stdin=given)
    written = [json.loads(line) for line in (jobctl.cwd / "all.jsonl").read_text().splitlines()]
    assert {(line["profile"], line["job"]) for line in written} == {("generation", ours), ("other", theirs)}
    assert jobctl.run("explain", "all.jsonl").code == 0


def test_an_api_that_is_not_known_is_one_refused_line(jobctl, box, other):
    job = box.submit("generation", **QUICK)
    given = lines({"job": "1", "profile": "nobody"}, {"job": "2", "profile": "nobody"}, {"job": job})
    done = jobctl.run("watch", "-", "--json", stdin=given)
    assert done.code == 2
    first, second, good = done.result["jobs"]
    assert first["exit_code"] == second["exit_code"] == 2
    assert "nobody" in first["problem"]["message"]
    assert good["status"] == "completed"


def test_two_jobs_never_share_a_name(jobctl, box, other):
    theirs = other.submit("generation", **QUICK)
    given = lines({"job": theirs, "profile": "other"}, {"job": f"other:{theirs}"})
    done = jobctl.run("watch", "-", "--json", stdin=given)
    refused, good = done.result["jobs"]
    assert (refused["job"], refused["exit_code"]) == (f"other:{theirs}", 2)
    assert good["status"] == "completed"


def test_the_token_of_one_api_never_goes_to_another(jobctl, box, serve):
    server = serve(lambda _head: [ANSWER])
    profile = f'[profiles.other]\nread = "GET /jobs/{{id}}"\nbase_url = "{server.url}"\n'
    (jobctl.cwd / "jobctl.toml").write_text(f'profile = "generation"\n{profile}')
    done = jobctl.run(
        "watch", "-", stdin=lines({"job": "17", "profile": "other"}), env={"JOBCTL_TOKEN": "geheim"}
    )
    assert done.code == 0, done
    assert server.heads
    assert all("geheim" not in head for head in server.heads)
    named = profile + 'auth = { bearer_env = "JOBCTL_TOKEN" }\n'
    (jobctl.cwd / "jobctl.toml").write_text(f'profile = "generation"\n{named}')
    jobctl.run("watch", "-", stdin=lines({"job": "17", "profile": "other"}), env={"JOBCTL_TOKEN": "geheim"})
    assert any("Bearer geheim" in head for head in server.heads), "its own profile names the variable"


def test_an_interrupted_watch_is_picked_up_by_one_command_for_each_api(jobctl, box, other):
    ours, theirs = box.submit("generation", duration=60), other.submit("generation", duration=60)
    reading, writing = os.pipe()
    program = jobctl.start("watch", "-", stdin=reading)
    os.write(writing, lines({"job": ours}, {"job": theirs, "profile": "other"}))
    program.until(f"{ours}  ")
    program.until(f"other:{theirs}  ")
    program.signal(signal.SIGINT)
    done = program.finish()
    os.close(writing)
    assert done.code == 130
    assert f"pick it up again with: jobctl watch {ours}\n" in done.err
    assert f"pick it up again with: jobctl watch --profile other {theirs}\n" in done.err


def test_the_quota_of_the_hour_is_kept_and_told(jobctl, box):
    ids = [box.submit("generation", duration=3) for _ in range(8)]
    done = jobctl.run(
        "watch", *ids, "--no-stream", "--json", "--max-requests-per-hour", "20", "--timeout", "2"
    )
    assert done.code == 5
    assert done.result["requests"] == 1, "two may go at once, and one of them is kept for a verified read"
    assert sum(box.requests()["routes"].values()) == 1
    (told,) = [line for line in done.lines if line.get("code") == "hourly-quota"]
    assert told["text"].startswith("the quota of 20 an hour: the next read in 3m")
    assert told["text"].endswith("then one every 3m10s for all jobs together")


def test_with_a_quota_a_stream_says_what_reads_cannot(jobctl, box):
    job = box.submit("generation", **QUICK)
    done = jobctl.run("watch", job, "--json", "--max-requests-per-hour", "40", "--timeout", "20")
    assert done.code == 0, done
    assert done.result["jobs"][0]["confirmed"]
    assert done.result["requests"] <= 4


def test_an_api_that_cannot_be_opened_is_tried_once(tmp_path, monkeypatch):
    tls = f'tls = {{ ca = "{tmp_path}/none.pem" }}'
    written = f'[profiles.other]\nread = "GET /{{id}}"\nbase_url = "https://localhost"\n{tls}\n'
    (tmp_path / "jobctl.toml").write_text(written)
    profiles, opened = Profiles([read_config(tmp_path / "jobctl.toml")]), []

    def counted(profile, **how):
        opened.append(profile.name)
        return JobClient(profile, **how)

    monkeypatch.setattr("jobctl.cli.sides.JobClient", counted)

    async def run():
        async with AsyncExitStack() as stack:
            main = side(profiles.get("generation"))
            sides = Sides(stack, Manner(), main, lambda name: side(profiles.get(name)))
            for _ in range(3):
                with pytest.raises(ConfigError, match=r"tls\.ca"):
                    sides.add("17", "other", pytest.fail)

    asyncio.run(run())
    assert opened == ["generation", "other"]


def side(profile):
    return ApiSide(profile, Memory(profile, {"JOBCTL_MEMORY": "off"}, pytest.fail))

"""`jobctl logs` and `watch --logs` on the sandbox: by tail, by reads, and through what breaks on the way."""

from __future__ import annotations

import json
import signal

import httpx
import pytest
from support.program import check_message
from support.servers import RawServer, reply

PROFILE = """
[profiles.logged]
extends = "v1"
base_url = "{url}"
stream = false
logs = {logs}
"""
TAIL = '{ read = "GET /logs/jobs/{id}", tail = "/ws/logs/{id}" }'
READS = '"GET /logs/jobs/{id}"'
FORGETFUL = {"JOBCTL_MEMORY": "off"}


@pytest.fixture
def logged(alone, box, tmp_path):
    """Runs `jobctl …` against a sandbox whose profile has logs."""

    def use(logs, url=box.url):
        text = PROFILE.replace("{url}", url).replace("{logs}", logs)
        (tmp_path / "jobctl.toml").write_text('profile = "logged"\n' + text)
        return alone

    return use


def submit(jobctl, seconds=1.0, steps=10, end="completed"):
    options = f'sandbox:={{"duration": {seconds}, "steps": {steps}, "end": "{end}"}}'
    return jobctl.run("submit", "prompt=x", options).out.strip()


def log_of(box, job):
    text = httpx.get(f"{box.url}/logs/jobs/{job}", trust_env=False).text
    return [line.expandtabs(8) for line in text.splitlines()]


def test_the_log_of_a_finished_job(logged, box):
    jobctl = logged(READS)
    job = submit(jobctl, seconds=0)
    jobctl.run("watch", job)
    done = jobctl.run("logs", job)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == log_of(box, job)
    assert "\t" not in done.out


@pytest.mark.parametrize("logs", [TAIL, READS])
@pytest.mark.parametrize("faults", [(), ("ws-drop=5%",), ("ws-refuse@60%",), ("ws-accept-close",)])
def test_following_prints_each_line_once_and_ends_with_the_job(logged, box, logs, faults):
    jobctl = logged(logs)
    box.set_faults(faults, (), seed=5)
    job = submit(jobctl, end="failed")
    done = jobctl.run("logs", "--follow", job)
    assert done.code == 0, done
    assert done.out.splitlines() == log_of(box, job)
    assert f"{job}: failed" in done.err


def test_no_line_is_repeated_by_a_tail_that_breaks_off(logged, box):
    jobctl = logged(TAIL)
    box.set_faults(["ws-drop=15%"], (), seed=2)
    box.reset_requests()
    job = submit(jobctl, seconds=3, steps=30)
    done = jobctl.run("logs", "--follow", job)
    assert done.out.splitlines() == log_of(box, job)
    assert box.requests()["routes"]["WS /ws/logs/{id}"] >= 3


def test_a_tail_brings_lines_while_the_job_runs(logged, box):
    jobctl = logged(TAIL)
    job = submit(jobctl, seconds=60, steps=600)
    following = jobctl.start("logs", "--follow", job)
    following.until("5 processing")
    box.cancel(job)
    done = following.finish()
    assert done.code == 0
    assert done.out.splitlines() == log_of(box, job)


def test_watch_shows_log_lines_before_the_end_they_lead_to(logged, box):
    jobctl = logged(TAIL)
    jobs = [submit(jobctl), submit(jobctl)]
    done = jobctl.run("watch", "--logs", "--json", *jobs)
    assert done.code == 0
    for job in jobs:
        told = [
            line["line"].expandtabs(8) for line in done.lines if line["type"] == "log" and line["job"] == job
        ]
        assert told == log_of(box, job)
    assert done.result["exit_code"] == 0
    done = jobctl.run("watch", "--logs", submit(jobctl, seconds=0.3))
    lines = done.out.splitlines()
    assert any(line.startswith("| ") for line in lines)
    assert "completed" in lines[-1]
    assert not lines[-1].startswith("| ")


def test_a_job_that_is_not_there(logged):
    jobctl = logged(TAIL)
    check_message(jobctl.run("logs", "none"), 8, "logs: HTTP 404")
    check_message(jobctl.run("logs", "--follow", "none"), 8, "no such job")


def test_a_profile_without_logs(jobctl):
    for arguments in (("logs", "1"), ("logs", "-f", "1"), ("watch", "--logs", "1")):
        check_message(jobctl.run(*arguments), 2, "has no 'logs'", "add logs =")


def test_a_reader_that_leaves_and_a_key_that_interrupts(logged):
    jobctl = logged(TAIL)
    job = submit(jobctl, seconds=60, steps=600)
    following = jobctl.start("logs", "--follow", job)
    following.until("3 processing")
    following.signal(signal.SIGINT)
    done = following.finish()
    assert done.code == 130
    assert f"logs --follow {job}" in done.err
    left = jobctl.start("logs", "--follow", job)
    left.until("3 processing")
    left.close_stdout()
    assert left.finish().code == 130


def test_a_log_that_cannot_be_read_to_its_end_is_no_success(logged):
    record = {"job": {"id": "7", "status": "completed", "updated_at": "2026-01-01T00:00:00Z"}}

    def answer(head):
        return reply(500, b"oops") if "/logs/" in head else reply(200, json.dumps(record).encode())

    with RawServer(answer) as server:
        jobctl = logged(READS, server.url)
        check_message(jobctl.run("logs", "--follow", "7"), 7, "HTTP 500", "end of the log could not be read")
        done = jobctl.run("watch", "--logs", "7")
        assert done.code == 0, "the watch is about the job"
        assert "end of the log could not be read" in done.err


def test_a_log_is_never_obeyed_by_the_terminal(logged):
    body = "\x1b]0;owned\x07hi\x1b[2J \u202etxt\n\x1b[31mred\x1b[0m\n".encode()
    with RawServer(lambda _head: reply(200, body, "Content-Type: text/plain")) as server:
        done = logged(READS, server.url).run("logs", "7")
    assert done.out == "\\x1b]0;owned\\x07hi\\x1b[2J \\u202etxt\nred\n"


def test_a_quota_that_leaves_no_read_for_the_log_ends_with_the_callers_own_time(logged, box):
    jobctl = logged(READS)
    job = submit(jobctl, seconds=0)
    jobctl.run("watch", job)
    done = jobctl.run(
        "watch", job, "--logs", "--json", "--max-requests-per-hour", "1", "--timeout", "1s", env=FORGETFUL
    )
    assert done.code == 0
    assert done.result["jobs"][0]["status"] == "completed"
    assert "logs" in done.codes()
    assert done.seconds < 20


def test_ctrl_c_ends_the_wait_for_the_rest_of_a_log(logged, box):
    jobctl = logged(READS)
    job = submit(jobctl, seconds=0)
    jobctl.run("watch", job)
    program = jobctl.start("watch", job, "--logs", "--json", "--max-requests-per-hour", "1", env=FORGETFUL)
    program.until("first-seen")
    program.signal(signal.SIGINT)
    done = program.finish(20)
    assert done.code == 0, "the job had ended before"
    assert done.result["jobs"][0]["confirmed"]


def test_a_log_that_is_too_large_is_said_to_be_a_log(logged):
    body = b"x" * (8 * 1024 * 1024 + 1)
    with RawServer(lambda _head: reply(200, body, "Content-Type: text/plain")) as server:
        done = logged(READS, server.url).run("logs", "7")
    check_message(done, 7, "logs: the log is larger than", "address that gives its end")
    assert "job status" not in done.err


@pytest.mark.parametrize(
    ("logs", "body"), [(READS, b""), ('{ read = "GET /logs/jobs/{id}", text = "log" }', b'{"logs": "a"}')]
)
def test_that_there_is_nothing_in_a_log_is_said(logged, logs, body):
    with RawServer(lambda _head: reply(200, body, "Content-Type: text/plain")) as server:
        done = logged(logs, server.url).run("logs", "7")
    assert (done.code, done.out, done.err) == (0, "", "jobctl: 7: the log is empty so far\n")

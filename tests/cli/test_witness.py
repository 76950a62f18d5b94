"""Who else hears of a watch: a notification, a step summary, Prometheus; none of them changes its end."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.program import check_message
from support.servers import reply

TOLD = """
import json, os, sys
with open("told.json", "w") as file:
    names = ("JOBCTL_EXIT_CODE", "JOBCTL_JOBS", "JOBCTL_JOB", "JOBCTL_STATUS")
    json.dump({"stdin": json.load(sys.stdin), **{name: os.environ.get(name) for name in names}}, file)
print("this goes to stderr")
sys.exit(%d)
"""


@pytest.fixture
def notified(jobctl):
    """Runs a watch with a notification; how it ended, and what the notification was told."""

    def run(*argv, code=0):
        (jobctl.cwd / "notify.py").write_text(TOLD % code)
        done = jobctl.run("watch", *argv, "--notify", f"'{sys.executable}' notify.py")
        return done, json.loads((jobctl.cwd / "told.json").read_text())

    return run


def test_the_notification_is_told_how_it_ended(notified, box):
    job = box.submit(duration=0.2, end="failed")
    done, told = notified(job)
    assert done.code == 3
    assert told["stdin"]["type"] == "result"
    assert told["stdin"]["jobs"][0]["status"] == "failed"
    assert (told["JOBCTL_EXIT_CODE"], told["JOBCTL_JOB"], told["JOBCTL_STATUS"]) == ("3", job, "failed")
    assert "this goes to stderr" in done.err
    assert "this goes to stderr" not in done.out


def test_a_notification_that_fails_changes_no_exit_code(notified, box):
    job = box.submit(duration=0.2)
    done, _ = notified(job, code=7)
    assert done.code == 0
    assert "--notify: " in done.err
    assert "ended with 7" in done.err


def test_of_several_jobs_and_of_a_deadline(notified, box):
    ids = [box.submit(duration=0.2), box.submit(duration=60)]
    done, told = notified(*ids, "--timeout", "1s")
    assert done.code == 5
    assert told["JOBCTL_JOBS"].split() == ids
    assert told["JOBCTL_JOB"] is None


@pytest.mark.parametrize(("command", "said"), [("'", "--notify: "), ("  ", "--notify: an empty command")])
def test_a_command_that_is_none_is_told_before_anything_is_asked(jobctl, box, command, said):
    check_message(jobctl.run("watch", "1", "--notify", command), 2, said)
    assert box.requests()["total"] == 0


def test_a_command_that_is_not_there_is_told_at_the_end(jobctl, box):
    done = jobctl.run("watch", box.submit(duration=0.1), "--notify", "no-such-program")
    check_message(done, 0, "--notify: cannot run no-such-program")


def test_the_summary_of_a_step(jobctl, box, tmp_path):
    summary = tmp_path / "summary.md"
    ids = [box.submit(duration=0.2), box.submit(duration=0.2, end="failed")]
    done = jobctl.run("watch", *ids, env={"GITHUB_STEP_SUMMARY": str(summary)})
    assert done.code == 3
    first, _, *rows = summary.read_text().splitlines()
    assert first == "### jobctl watch: exit 3, the job failed"
    assert any(row.startswith(f"| {ids[0]} | completed | 100 % | terminal |") for row in rows)
    assert any(row.startswith(f"| {ids[1]} | failed |") for row in rows)


def test_a_server_cannot_write_into_the_summary(jobctl, box, tmp_path):
    box.set_faults(["ansi"])
    summary = tmp_path / "summary.md"
    jobctl.run("watch", box.submit(duration=0.1, end="failed"), env={"GITHUB_STEP_SUMMARY": str(summary)})
    text = summary.read_text()
    assert "<" not in text
    assert all(character.isprintable() or character == "\n" for character in text)


def test_a_summary_that_cannot_be_written_is_told(jobctl, box, tmp_path):
    done = jobctl.run("watch", box.submit(duration=0.1), env={"GITHUB_STEP_SUMMARY": str(tmp_path)})
    check_message(done, 0, "GITHUB_STEP_SUMMARY: cannot write")


def scraped(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_reads_what_the_watch_does(jobctl, box):
    box.set_faults(["ws-pending"])
    ids = [box.submit(duration=60, steps=300, pending=0), box.submit(duration=60, pending=60)]
    program = jobctl.start("watch", *ids, "--metrics", "0", "--json")
    program.until("metrics: http")
    program.until("/metrics")
    url = re.search(r"http://\S+/metrics", program.said())[0]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = scraped(url)
        sources = {value for key in found if key[0] == "jobctl_decisions_total" for _, value in key[1:]}
        if found.get(("jobctl_jobs", ("status", "running"))) == 1.0 and "poll" in sources:
            break
        time.sleep(0.05)
    assert found["jobctl_jobs", ("status", "running")] == 1.0
    assert found["jobctl_jobs", ("status", "pending")] == 1.0
    assert {"poll", "apply", "first-seen"} <= sources
    assert 0 <= found["jobctl_staleness_seconds", ("job_id", ids[0])] < 60
    assert found["jobctl_requests_per_hour", ("profile", "generation")] > 0
    assert found["jobctl_requests_total", ("profile", "generation")] >= 1
    program.signal(signal.SIGINT)
    assert program.finish().code == 130


def test_ctrl_c_ends_a_notification_that_takes_long(jobctl, box):
    script = jobctl.cwd / "slow.sh"
    script.write_text("#!/bin/sh\ncat > /dev/null  # so that it is waited for\necho called >&2\nsleep 25\n")
    script.chmod(0o755)
    program = jobctl.start("watch", box.submit(duration=0.1), "--notify", str(script), "--json")
    program.until("called")
    program.signal(signal.SIGINT)
    done = program.finish(15)
    assert done.code == 130
    assert done.result["jobs"][0]["status"] == "completed"


@pytest.mark.parametrize(
    ("address", "said"),
    [("x", "expected PORT or HOST:PORT"), ("99999", "expected PORT"), ("192.0.2.1:1", "cannot listen")],
)
def test_an_address_nobody_can_listen_on(jobctl, box, address, said):
    check_message(jobctl.run("watch", "1", "--metrics", address), 2, said)
    assert box.requests()["total"] == 0


def test_more_ids_than_a_variable_holds_do_not_keep_the_notification_from_running(jobctl, serve):
    server = serve(lambda _head: reply(404, b'{"detail": "no such job"}'))
    (jobctl.cwd / "notify.py").write_text(TOLD % 0)
    ids = [f"{number:05}-{'x' * 60}" for number in range(3000)]
    reading, writing = os.pipe()
    program = jobctl.start(
        "watch", "-", "-q", "--timeout", "1s", "--notify", f"'{sys.executable}' notify.py",
        stdin=reading, env={"JOBCTL_BASE_URL": server.url},
    )  # fmt: skip
    os.write(writing, "\n".join(ids[:900]).encode())
    for start in range(900, len(ids), 900):
        os.write(writing, ("\n" + "\n".join(ids[start : start + 900])).encode())
    os.close(writing)
    assert program.finish().code != 0
    told = json.loads((jobctl.cwd / "told.json").read_text())
    assert [one["job"] for one in told["stdin"]["jobs"]] == ids
    assert told["JOBCTL_JOBS"] is None, "the whole of them is on stdin"
    assert told["JOBCTL_EXIT_CODE"]


def test_the_notification_runs_when_nobody_reads_the_result_of_a_second_ctrl_c(jobctl, box):
    job = box.submit(duration=60)
    (jobctl.cwd / "notify.py").write_text(TOLD % 0)
    program = jobctl.start("watch", job, "--json", "--notify", f"'{sys.executable}' notify.py")
    program.until("first-seen")
    program.signal(signal.SIGSTOP)
    program.close_stdout()
    program.signal(signal.SIGINT)
    program.signal(signal.SIGTERM)
    program.signal(signal.SIGCONT)
    program.finish()
    told = json.loads((jobctl.cwd / "told.json").read_text())
    assert told["stdin"]["type"] == "result"

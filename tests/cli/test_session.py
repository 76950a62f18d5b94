"""One watch from the command line: why it ends, and how it is picked up again."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys

import pytest
from support.program import check_message
from support.servers import reply

LONG = {"duration": 60, "pending": 0, "steps": 30}
NOW = {"duration": 0, "pending": 0, "steps": 1}


def test_any_and_fail_fast_say_why_they_stop(box, jobctl):
    slow, failed, good = box.submit(**LONG), box.submit(**NOW, end="failed"), box.submit(**NOW)
    stopped = jobctl.run("watch", slow, good, "--any")
    assert f"jobctl: {good} got there, and --any asks for no more" in stopped.err
    stopped = jobctl.run("watch", slow, failed, "--fail-fast")
    assert f"jobctl: {failed} did not get there, and --fail-fast waits for no other" in stopped.err
    assert jobctl.run("watch", slow, failed, "--fail-fast", "-q").err == ""
    assert "fail-fast" not in jobctl.run("watch", good, failed, "--fail-fast").err


@pytest.mark.parametrize(("until", "end", "code"), [("failed", "completed", 9), ("failed", "cancelled", 4)])
def test_an_end_other_than_the_one_asked_for_is_told(box, jobctl, until, end, code):
    job = box.submit(**NOW, end=end)
    done = jobctl.run("watch", job, "--until", until)
    check_message(done, code, f"jobctl: {job}: it ended {end}, not {until} as --until asked")
    assert jobctl.run("watch", job, "--until", until, "-q").err == ""
    assert jobctl.run("watch", job, "--until", end, env={"JOBCTL_MEMORY": "off"}).err == ""


def test_a_status_that_no_job_has_cannot_be_waited_for(alone):
    done = alone.run("watch", "1", "--until", "unknown")
    assert (done.code, done.out) == (2, "")
    assert "--until" in done.err


def test_an_option_that_may_be_an_id_names_the_way(alone):
    done = alone.run("watch", "-rf")
    assert done.code == 2
    assert (
        done.err.splitlines()[-1] == "jobctl: a job id that begins with - goes behind --: jobctl watch -- ID"
    )
    assert "--: jobctl" not in alone.run("list", "-rf").err


def resumed(alone, serve, ids, *flags):
    """The line that picks a watch up again."""

    def answer(head):
        job = head.split()[1].partition("?")[0].rpartition("/")[2]
        return reply(200, json.dumps({"id": job, "status": "running"}).encode())

    url = serve(answer).url
    done = alone.run("watch", *ids, "-u", url, "--no-stream", "-t", "0.3s", "--max-rate", "1000", *flags)
    assert done.code == 5
    return done.err.splitlines()[-1], url


def test_many_ids_can_be_pasted(alone, serve):
    ids = [f"job-{number}" for number in range(60)]
    line, url = resumed(alone, serve, ids)
    command = line.partition("again with: ")[2]
    assert shlex.split(command) == ["jobctl", "watch", "--base-url", url, *ids]


def test_too_many_to_paste_are_to_be_listed(alone, serve):
    ids = [f"{number:0100}" for number in range(25)]
    line, url = resumed(alone, serve, ids)
    assert "25 jobs go on" in line
    assert f"`jobctl list --base-url {url} --active` lists them" in line
    assert len(line) < 300


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP here")
def test_a_terminal_that_goes_away_ends_a_watch_the_orderly_way(box, jobctl):
    job = box.submit(**LONG)
    program = jobctl.start("watch", job, "--json")
    program.until('"apply"')
    program.signal(signal.SIGHUP)
    done = program.finish(5)
    assert (done.code, done.result["jobs"][0]["ending"]) == (130, "interrupted")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP here")
def test_nohup_is_respected(box, jobctl):
    job = box.submit(**LONG | {"duration": 1.0})
    process = subprocess.Popen(
        ["bash", "-c", 'trap "" HUP; exec "$0" -m jobctl watch "$1" --json', sys.executable, job],
        env=jobctl.environ, cwd=jobctl.cwd, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        last = process.stdout.read().splitlines()[-1]
    assert (process.returncode, json.loads(last)["exit_code"]) == (0, 0)

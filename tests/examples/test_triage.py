"""examples/triage.sh: one exit code and one folder, whatever is the matter with the job."""

from __future__ import annotations

import json
import os
import signal
import sys
import time

import httpx
import pytest
from support.caches import free_port

# Whichever job is to be cancelled, the answer is that of another, which has ended: 422.
REFUSING = """
[profiles.refusing]
extends = "generation"
cancel = "POST /api/v1/generation-jobs/ENDED/cancel?of={id}"
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell script")


@pytest.fixture
def triage(shell, examples):
    """Runs `triage.sh …` with little patience, keeping what it finds in `kept`."""

    def run(*argv, **environ):
        command = (examples / "triage.sh", *argv, "--for", "1s", "--keep", "kept")
        done = shell.run(*command, **environ)
        report = (shell.cwd / "kept" / "report.txt").read_text("utf-8")
        assert done.stdout == report, "what is on the screen is in the report"
        assert f"== exit {done.returncode}, " in report.splitlines()[-1]
        return done, {path.name for path in (shell.cwd / "kept").iterdir()}

    return run


def test_a_job_that_completes(triage, box):
    done, kept = triage(box.submit())
    assert done.returncode == 0, done
    assert "it completed" in done.stdout.splitlines()[-2]
    assert kept == {"report.txt", "decisions.jsonl", "timeline.html"}


def test_a_job_that_fails(triage, box):
    done, _ = triage(box.submit(end="failed"))
    assert done.returncode == 3, done
    assert "error: worker ran out of memory" in done.stdout


def test_a_job_that_is_stuck_is_left_alone(triage, box, shell):
    job = box.submit(duration=600)
    done, _ = triage(job)
    assert done.returncode == 5, done
    assert "it goes on after 1s" in done.stdout
    assert box.history(job)[-1]["status"] in {"started", "processing"}
    lines = (shell.cwd / "kept" / "decisions.jsonl").read_text("utf-8").splitlines()
    assert {json.loads(line)["job"] for line in lines} == {job}


def test_a_stuck_job_is_cancelled_when_asked(triage, box):
    job = box.submit(duration=600)
    done, _ = triage(job, "--cancel")
    assert done.returncode == 4, done
    assert box.history(job)[-1]["status"] == "cancelled"


def test_a_cancel_that_is_refused(triage, box, shell):
    ended = box.submit()
    box.cancel(ended)
    (shell.cwd / "jobctl.toml").write_text(REFUSING.replace("ENDED", ended), "utf-8")
    done, _ = triage(box.submit(duration=600), "--cancel", JOBCTL_PROFILE="refusing")
    assert done.returncode == 9, done
    assert "cancel refused" in done.stdout


def test_a_cancel_of_a_job_that_has_ended_is_not_asked_for(triage, box):
    done, _ = triage(box.submit(), "--cancel")
    assert done.returncode == 0, done
    assert "== cancel" not in done.stdout


def test_a_caching_tunnel_is_the_finding(triage, box, shell):
    box.set_faults(["echo-request-id"], ["cache=30s", "cache-drop-query"])
    done, kept = triage(box.submit(duration=600, steps=600), "--route", box.tunnel_url)
    assert done.returncode == 10, done
    assert "answers from memory" in done.stdout.splitlines()[-2]
    assert kept == {"report.txt", "decisions.jsonl", "timeline.html", "route.html", "route.har"}
    assert "PROVEN_STALE" in (shell.cwd / "kept" / "route.html").read_text("utf-8")


def test_a_tunnel_that_shows_an_end_too_late(triage, box):
    """The incident: people see the job run behind the tunnel, the server has completed it."""
    box.set_faults((), ["cache=30s", "cache-drop-query"])
    job = box.submit(duration=3)
    with httpx.Client(base_url=box.tunnel_url, trust_env=False) as http:
        path = f"/api/v1/generation-jobs/{job}"
        assert http.get(path).json()["status"] in {"started", "processing"}
        deadline = time.monotonic() + 30
        while box.history(job)[-1]["status"] != "completed" and time.monotonic() < deadline:
            time.sleep(0.05)
        done, _ = triage(job, "--route", box.tunnel_url)
        assert http.get(path).json()["status"] in {"started", "processing"}
    assert done.returncode in {10, 11}, done
    assert "it completed: who still sees it go on looks at an old copy" in done.stdout


def test_a_route_that_is_none_does_not_hide_the_job(triage, box):
    done, kept = triage(box.submit(), "--route", "nowhere")
    assert done.returncode == 0, done
    assert "nowhere could not be judged" in done.stdout
    assert "route.html" not in kept


def test_an_unknown_id(triage):
    done, kept = triage("no/such job")
    assert done.returncode == 8, done
    assert kept == {"report.txt", "decisions.jsonl"}


def test_a_server_that_is_down(triage):
    done, kept = triage("17", "--route", "loca.lt", JOBCTL_BASE_URL=f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 7, done
    assert "no contact with the API; nothing is known of the job; loca.lt was not judged" in done.stdout
    assert "timeline.html" not in kept


def test_refused_credentials(triage, box):
    box.set_faults(["auth=opensesame-4711"])
    done, _ = triage(box.submit())
    assert done.returncode == 6, done
    assert "the API refused the credentials" in done.stdout


def test_no_credentials_in_what_is_kept(triage, box, shell):
    box.set_faults(["auth=opensesame-4711"], ["cache=30s"])
    job = box.submit()
    done, kept = triage(job, "--route", box.tunnel_url, JOBCTL_TOKEN="opensesame-4711")
    assert done.returncode in {0, 11}, done
    assert len(kept) == 5
    assert not [name for name in kept if "opensesame" in (shell.cwd / "kept" / name).read_text("utf-8")]


def test_ctrl_c_keeps_what_was_found(shell, examples, box):
    output = shell.cwd / "screen.txt"
    command = (examples / "triage.sh", box.submit(duration=600, steps=600), "--keep", "kept")
    process = shell.start(*command, output=output)
    deadline = time.monotonic() + 30
    while "(stream)" not in output.read_text("utf-8") and time.monotonic() < deadline:
        time.sleep(0.05)
    signal_group(process, signal.SIGINT)
    assert process.wait(30) == 130
    report = (shell.cwd / "kept" / "report.txt").read_text("utf-8")
    assert "interrupted; the job goes on" in report
    assert "pick it up again with: jobctl watch" in report


def signal_group(process, number):
    """As a terminal does."""
    os.killpg(process.pid, number)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "which job?"),
        (("1", "2"), "one job at a time: 1, 2"),
        (("1", "--for"), "--for needs a value"),
        (("1", "--force"), "no such option: --force"),
    ],
)
def test_wrong_usage_shows_the_head(shell, examples, box, argv, said):
    done = shell.run(examples / "triage.sh", *argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"triage: {said}\n\nTriage of a job")
    assert "Exit code, jobctl's own" in done.stderr
    assert list(shell.cwd.iterdir()) == []

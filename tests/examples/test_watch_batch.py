"""examples/watch_batch.sh: a batch goes through one watch, and what failed can be submitted again."""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.caches import free_port

from jobctl.sandbox import Sandbox, Script

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell script")

PROMPTS = [
    "a lighthouse",
    "a harbour; with 'quotes'",
    "tab\there $(touch oops)",
    " the last, without newline ",
]


@pytest.fixture
def batch(shell, examples):
    """Runs the script on prompts; how it ended, and the folder it left."""

    def run(prompts, **environ):
        (shell.cwd / "prompts.txt").write_text("\n".join(prompts), "utf-8")
        environ = {"OUT": "out"} | environ
        done = shell.run(examples / "watch_batch.sh", "prompts.txt", **environ)
        return done, shell.cwd / environ["OUT"]

    return run


def ids(folder):
    return dict(line.split("\t", 1) for line in (folder / "ids.tsv").read_text("utf-8").splitlines())


def result(folder):
    return json.loads((folder / "watched.jsonl").read_text("utf-8").splitlines()[-1])


def test_all_complete(batch, shell):
    done, folder = batch(PROMPTS)
    assert (done.returncode, done.stderr) == (0, "     4 completed\n")
    assert list(ids(folder).values()) == PROMPTS
    assert {job["job"] for job in result(folder)["jobs"]} == set(ids(folder))
    assert [(folder / name).read_text() for name in ("failed.txt", "again.txt")] == ["", ""]
    assert not (shell.cwd / "oops").exists()


def test_what_failed_is_submitted_again(batch, shell, examples):
    with Sandbox(defaults=Script(duration=0.2, end="failed")) as failing:
        done, folder = batch(PROMPTS, JOBCTL_BASE_URL=failing.url)
    assert done.returncode == 3, done
    assert done.stderr == "     4 failed\nto submit again: 4 prompts in out/again.txt\n"
    assert (folder / "failed.txt").read_text("utf-8").split() == list(ids(folder))
    again = shell.run(examples / "watch_batch.sh", folder / "again.txt", OUT="second")
    assert again.returncode == 0, again
    assert list(ids(shell.cwd / "second").values()) == PROMPTS


@pytest.fixture
def cancel_second(shell):
    """Waits until two are submitted, and cancels the second; its id."""

    def wait(slow):
        deadline = time.monotonic() + 30
        while True:
            table = shell.cwd / "out" / "ids.tsv"
            lines = table.read_text("utf-8").splitlines() if table.exists() else []
            if len(lines) > 1:
                job = lines[1].split("\t")[0]
                slow.cancel(job)
                return job
            assert time.monotonic() < deadline
            time.sleep(0.02)

    return wait


def test_only_what_did_not_complete_is_named(batch, cancel_second):
    with Sandbox(defaults=Script(duration=5, pending=0)) as slow, ThreadPoolExecutor() as beside:
        running = beside.submit(batch, PROMPTS[:3], JOBCTL_BASE_URL=slow.url)
        second = beside.submit(cancel_second, slow).result(30)
        done, folder = running.result(60)
    assert done.returncode == 4, done
    assert done.stderr.splitlines() == [
        "     2 completed",
        "     1 cancelled",
        "to submit again: 1 prompts in out/again.txt",
    ]
    assert (folder / "failed.txt").read_text("utf-8") == f"{second}\n"
    assert (folder / "again.txt").read_text("utf-8") == f"{PROMPTS[1]}\n"


def test_at_the_deadline_it_tells_how_to_go_on(batch, shell):
    done, _ = batch(PROMPTS[:1], DEADLINE="1ms")
    assert done.returncode == 5, done
    assert "pick it up again with: cut -f 1 out/ids.tsv | jobctl watch -" in done.stderr
    again = shell.run("bash", "-c", "cut -f 1 out/ids.tsv | jobctl watch -")
    assert again.returncode == 0, again


def test_a_submit_that_fails_leaves_the_rest_for_later(batch):
    done, folder = batch(PROMPTS, JOBCTL_BASE_URL=f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 7, done
    assert "to submit again: 4 prompts in out/again.txt" in done.stderr
    assert (folder / "again.txt").read_text("utf-8") == "\n".join(PROMPTS)
    assert ids(folder) == {}


@pytest.mark.parametrize("argv", [(), ("no-such-file",), ("a", "b")])
def test_wrong_usage(shell, examples, argv):
    done = shell.run(examples / "watch_batch.sh", *argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")

"""examples/ci: the workflows are read as YAML, and their steps run in bash as GitHub's runner does."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import time

import pytest
from ruamel.yaml import YAML
from support.caches import free_port

from jobctl.caching.middleware import NoStoreMiddleware
from jobctl.durations import parse_duration
from jobctl.sandbox import Sandbox, Script

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="bash scripts")

TOKEN = "opensesame-4711"
# What `shell: bash` means: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")


class Runner:
    """Runs the `run:` steps of a workflow with one job; `uses:` steps only tell what they would keep."""

    def __init__(self, path, shell, **variables):
        self.workflow = YAML(typ="safe").load(path.read_text("utf-8"))
        (self.job,) = self.workflow["jobs"].values()
        assert self.workflow["defaults"]["run"]["shell"] == "bash"
        self.shell, self.attempt, self.said, self.kept, self.codes = shell, 1, "", [], {}
        self._contexts = {f"vars.{name}": value for name, value in variables.items()}
        # pip finds it installed, as on a machine where it is.
        self._contexts |= {"secrets.JOBS_TOKEN": TOKEN, "vars.JOBCTL_PACKAGE": "jobctl"}
        self.number = str(time.monotonic_ns())
        self.summary = shell.cwd / "summary.md"

    def run(self, *, cancel_at=None):
        """Run all steps; True when none failed. `cancel_at`: somebody cancels it when that is an output."""
        self.state, self.codes = "success", {}
        for step in self.job["steps"]:
            if not self._holds(step.get("if", "success()")):
                continue
            if "run" in step:
                self._run(step, cancel_at)
            elif step["uses"].startswith("actions/upload-artifact@"):
                self.kept = [
                    name for name in step["with"]["path"].split() if (self.shell.cwd / name).exists()
                ]
        return self.state == "success"

    def _filled(self, text):
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: self._contexts[found[1]], str(text))

    def _holds(self, condition):
        functions = {"always()": True} | {f"{one}()": self.state == one for one in ("success", "cancelled")}
        terms = condition.split(" && ")
        return all(functions[term] if "(" in term else bool(self._contexts.get(term)) for term in terms)

    def _run(self, step, cancel_at):
        assert "${{" not in step["run"], "an expression in a script is an injection waiting to happen"
        script, outputs, output = (self.shell.cwd / name for name in ("step.sh", "outputs", "screen.txt"))
        script.write_text(step["run"], "utf-8")
        outputs.write_text("")
        given = {"GITHUB_REPOSITORY": "acme/video", "GITHUB_RUN_ID": self.number, "CI": "true"}
        given |= {"GITHUB_RUN_ATTEMPT": str(self.attempt), "GITHUB_STEP_SUMMARY": str(self.summary)}
        given |= {"GITHUB_OUTPUT": str(outputs)}
        for level in (self.workflow, self.job, step):
            given |= {name: self._filled(value) for name, value in level.get("env", {}).items()}
        process = self.shell.start(*BASH, script, output=output, **given)
        try:
            if step.get("id") and cancel_at:
                wait_for(lambda: f"{cancel_at}=" in outputs.read_text())
                self.state = "cancelled"
            else:
                self._note(step, process.wait(60))
        finally:
            if process.poll() is None:  # the runner kills the whole tree of a step that has to end
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
        self.said += output.read_text("utf-8")
        for line in outputs.read_text().splitlines():
            name, _, value = line.partition("=")
            self._contexts[f"steps.{step['id']}.outputs.{name}"] = value

    def _note(self, step, code):
        self.codes[step["name"]] = code
        if code and self.state == "success":
            self.state = "failure"


def wait_for(holds):
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def waiting(shell, examples, box):
    """`waiting(script of the job …)`: the workflow that submits and waits, in a checkout with a job.json."""
    box.set_faults([f"auth={TOKEN}"])

    def prepare(**options):
        shutil.copy(examples / "ci" / "submit_and_wait.sh", shell.cwd)
        (shell.cwd / "job.json").write_text(json.dumps({"prompt": "x", "sandbox": options}))
        return Runner(examples / "ci" / "submit_and_wait.yml", shell, JOBS_URL=box.url)

    return prepare


def submitted(runner):
    return re.findall(r"^submitted (\S+)$", runner.said, re.MULTILINE)


def test_a_job_that_completes_lets_the_build_pass(waiting):
    runner = waiting()
    assert runner.run(), runner.said
    (job,) = submitted(runner)
    summary = runner.summary.read_text("utf-8")
    assert "### jobctl watch: exit 0, " in summary
    assert f"| {job} | completed | 100 % |" in summary
    assert runner.kept == ["decisions.jsonl"]
    assert TOKEN not in runner.said + summary + (runner.shell.cwd / "decisions.jsonl").read_text("utf-8")


def test_the_same_attempt_never_submits_twice_and_a_new_one_does(waiting):
    runner = waiting()
    for attempt in (1, 1, 2):
        runner.attempt = attempt
        assert runner.run(), runner.said
    first, again, other = submitted(runner)
    assert first == again != other


def test_a_job_that_fails_fails_the_build_and_is_explained(waiting):
    runner = waiting(end="failed")
    assert not runner.run()
    assert runner.codes["Submit and wait"] == 3
    assert "failed" in runner.summary.read_text("utf-8")
    assert "decisions re-decided: as recorded" in runner.said
    assert runner.kept == ["decisions.jsonl"]


def test_the_deadline_is_jobctls_and_comes_before_the_runners(waiting):
    runner = waiting(duration=600)
    assert runner.job["timeout-minutes"] * 60 > parse_duration(runner.job["env"]["DEADLINE"])
    runner.job["env"]["DEADLINE"] = "1s"
    assert not runner.run()
    assert runner.codes["Submit and wait"] == 5


def test_a_cancelled_build_cancels_its_job(waiting, box):
    runner = waiting(duration=600)
    assert not runner.run(cancel_at="job")
    assert runner.codes["Cancel the job with the build"] == 0, runner.said
    (job,) = submitted(runner)
    assert box.history(job)[-1]["status"] == "cancelled"


def test_a_submit_that_fails_fails_the_build(waiting, box):
    box.set_faults(["auth=another"])
    runner = waiting()
    assert not runner.run()
    assert runner.codes["Submit and wait"] == 6
    assert submitted(runner) == runner.kept == []


@pytest.fixture
def gate(shell_of, examples, tmp_path):
    """`gate(middleware, faults of the tunnel)`: the gate, before a server of its own."""
    boxes = []

    def prepare(middleware, tunnel_faults):
        script = Script(duration=20, steps=100, pending=0)
        box = Sandbox([f"auth={TOKEN}"], tunnel_faults, defaults=script, extra_middleware=middleware)
        boxes.append(box)
        box.start()
        path = examples / "ci" / "route_gate.yml"
        return Runner(path, shell_of(tmp_path), JOBS_URL=box.url, ROUTE=box.tunnel_url)

    yield prepare
    for box in boxes:
        box.stop()


STEP = "Does the route answer from memory?"


def test_a_route_that_answers_from_memory_fails_the_build(gate):
    runner = gate((), ["cache=30s", "cache-drop-query"])
    assert not runner.run()
    assert runner.codes[STEP] == 10, runner.said
    assert "PROVEN_STALE" in runner.summary.read_text("utf-8")
    assert runner.kept == ["report.html", "evidence.har"]
    assert TOKEN not in (runner.shell.cwd / "evidence.har").read_text("utf-8")


def test_a_route_that_does_not_passes(gate):
    runner = gate((NoStoreMiddleware,), [])
    assert runner.run(), runner.said
    assert "NO_CACHE_SEEN" in runner.summary.read_text("utf-8")
    assert "::warning" not in runner.said
    assert runner.kept == ["report.html", "evidence.har"]


def test_a_route_that_might_passes_with_a_warning(gate):
    runner = gate((), [])
    assert runner.run(), runner.said
    assert "::warning title=jobctl diagnose::exit 11: no proof either way" in runner.said
    assert runner.kept == ["report.html", "evidence.har"]


def test_a_gate_that_could_not_judge_fails(shell, examples):
    nowhere = f"http://127.0.0.1:{free_port()}"
    runner = Runner(examples / "ci" / "route_gate.yml", shell, JOBS_URL=nowhere, ROUTE=nowhere + "/cdn")
    assert not runner.run()
    assert runner.codes[STEP] == 7, runner.said
    assert runner.kept == []

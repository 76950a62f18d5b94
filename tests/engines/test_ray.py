"""The built-in profile `ray` on a real Ray, which is killed and started again at the end."""

from __future__ import annotations

import shlex

import pytest
from support.program import check_message

LINES = 30
WAIT = "for _ in range(2400):\n    if pathlib.Path({!r}).exists(): break\n    time.sleep(.05)\n"


def script(text):
    """An entrypoint that runs some Python."""
    return f"python -u -c {shlex.quote(text)}"


@pytest.fixture
def gate(tmp_path):
    """A file that lets jobs go on. It comes at the end in any case: a job's process outlives a killed Ray."""
    path = tmp_path / "go"
    yield path
    path.touch()
    path.with_name("later").touch()


def until(path):
    """An entrypoint that ends once there is a file, or after two minutes."""
    return script("import pathlib, time\n" + WAIT.format(str(path)))


def counting(first, last, gate=None):
    """Writes numbered lines, with a wait in the middle."""
    text = "import pathlib, time\n"
    text += f"for i in range({first}, {last}):\n    print('line', i)\n    time.sleep(.02)\n"
    if gate is not None:
        text += WAIT.format(str(gate))
        text += f"for i in range({last}, {2 * last}): print('line', i)\n"
    return script(text)


def numbered(lines):
    return [line for line in lines if line.startswith("line ")]


def test_submit_and_watch_to_success_with_its_log(on_ray, gate):
    done = on_ray.run("submit", "--json", f"entrypoint={counting(0, LINES, gate)}", timeout=60)
    assert done.code == 0, done
    job = done.document["job"]
    watching = on_ray.start("watch", job, "--logs", "--json")
    watching.until(f"line {LINES - 1}", timeout=60)
    gate.touch()
    done = watching.finish(timeout=60)
    assert done.code == 0, done
    result = done.result["jobs"][0]
    assert (result["status"], result["raw_status"], result["result"]) == ("completed", "SUCCEEDED", 0)
    told = [line["line"] for line in done.lines if line["type"] == "log"]
    assert numbered(told) == [f"line {i}" for i in range(2 * LINES)]


def test_a_failure_has_its_reason(ray, on_ray):
    job = ray.submit(script("print('so far so good'); raise SystemExit(3)"))
    done = on_ray.run("watch", job, "--json", timeout=60)
    assert done.code == 3, done
    result = done.result["jobs"][0]
    assert (result["status"], result["result"]) == ("failed", 3)
    assert "exit code 3" in result["error"]
    logged = on_ray.run("logs", job)
    assert logged.code == 0
    assert "so far so good" in logged.out


def test_cancelling_ends_it_and_a_finished_one_tells_how_it_ended(ray, on_ray, gate):
    job = ray.submit(until(gate))
    ray.until(job, "RUNNING")
    done = on_ray.run("cancel", job)
    check_message(done, 0, "cancel requested", "cancel confirmed")
    assert "STOPPED" in done.out
    finished = ray.submit("true")
    ray.until(finished, "SUCCEEDED")
    check_message(on_ray.run("cancel", finished), 9, "not cancelled: the job completed first")


def test_following_a_log_ends_with_the_job(ray, on_ray, gate):
    job = ray.submit(counting(0, LINES, gate))
    following = on_ray.start("logs", "--follow", job)
    following.until(f"line {LINES - 1}", timeout=60)
    gate.touch()
    done = following.finish(timeout=60)
    assert done.code == 0, done
    assert numbered(done.out.splitlines()) == [f"line {i}" for i in range(2 * LINES)]
    assert "completed (SUCCEEDED)" in done.err


def test_unknown_ids_and_the_list(ray, on_ray):
    for command in ("status", "watch", "logs", "cancel"):
        check_message(on_ray.run(command, "raysubmit_none"), 8, "404")
    job = ray.submit("true")
    listed = on_ray.run("list", "--json")
    assert job in {one["job"] for one in listed.document["jobs"]}


def test_a_finished_job_of_a_cluster_that_died_and_came_back(ray, on_ray, gate):
    """Lost contact, recovery, and the end that came meanwhile; for the impatient, lost contact alone."""
    ending, going_on = ray.submit(until(gate)), ray.submit(until(gate.with_name("later")))
    for job in (ending, going_on):
        ray.until(job, "RUNNING")
    # Long enough between two reads for the job to end, and Ray to die, unseen.
    patient = on_ray.start("watch", ending, "--json", "--interval", "15s", "--lost-after", "90s")
    impatient = on_ray.start("watch", going_on, "--json", "--lost-after", "3s")
    patient.until("RUNNING")
    impatient.until("RUNNING")
    gate.touch()
    ray.until(ending, "SUCCEEDED")
    ray.kill()
    lost = impatient.finish()
    assert (lost.code, lost.result["jobs"][0]["ending"]) == (7, "lost-contact"), lost
    assert lost.result["jobs"][0]["status"] == "running"
    patient.until("read-failed")
    ray.start()
    done = patient.finish(timeout=60)
    assert done.code == 0, done
    assert (done.result["jobs"][0]["raw_status"], done.result["jobs"][0]["confirmed"]) == ("SUCCEEDED", True)
    assert "read-failed" in done.codes()


def test_a_cluster_that_comes_back_without_its_jobs(ray, on_ray, gate):
    job = ray.submit(until(gate))
    ray.until(job, "RUNNING")
    watching = on_ray.start("watch", job, "--lost-after", "90s")
    watching.until("running")
    ray.kill()
    ray.forget()
    ray.start()
    done = watching.finish(timeout=60)
    assert done.code == 8, done
    assert done.out.splitlines()[-1] == f"{job}  running"
    assert f"{job}: the job is gone; last seen running" in done.err

"""The built-in profile `flower` on a real Celery, Redis and Flower."""

from __future__ import annotations

import json

from support.flower import flower
from support.program import Starter, check_message


def submit(on_flower, *fields):
    done = on_flower.run("submit", *fields)
    assert (done.code, done.err) == (0, "")
    return done.out.strip()


def applied(done):
    """The words that were shown, in order."""
    lines = [line for line in done.lines if line["type"] == "decision" and line["action"] == "apply"]
    return [line["after"]["raw_status"] for line in lines]


def test_submit_and_watch_to_success(celery, on_flower):
    gate = celery.gate()
    task = submit(on_flower, "task=tasks.render", f'args:=["{gate}"]')
    watching = on_flower.start("watch", task, "--json")
    watching.until("STARTED")
    gate.touch()
    done = watching.finish()
    assert done.code == 0, done
    job = done.result["jobs"][0]
    assert (job["status"], job["raw_status"], job["confirmed"]) == ("completed", "SUCCESS", True)
    # Flower's own list has the text of it, 'rendered' in quotes; the result backend has the value.
    assert job["result"] == "rendered"
    assert job["error"] is None
    assert applied(done)[-1] == "SUCCESS"
    assert "Flower" not in done.err


def test_a_failure_is_the_tasks_own(on_flower):
    done = on_flower.run("submit", "--watch", "--json", "task=tasks.fail", 'args:=["the disk is full"]')
    assert done.code == 3
    job = done.result["jobs"][0]
    assert (job["status"], job["error"]) == ("failed", "RuntimeError('the disk is full')")
    assert job["result"] is None


def test_a_retry_is_another_attempt_and_leaves_no_error_behind(on_flower):
    done = on_flower.run("submit", "--watch", "--json", "task=tasks.flaky")
    assert done.code == 0, done
    job = done.result["jobs"][0]
    assert (job["raw_status"], job["result"], job["error"], job["attempt"]) == ("SUCCESS", "at last", None, 1)
    shown = [
        line["after"]
        for line in done.lines
        if line["type"] == "decision" and line["after"]["raw_status"] == "RETRY"
    ]
    assert shown
    assert {after["status"] for after in shown} == {"running"}


def test_a_state_of_the_tasks_own_is_seen_and_revoking_ends_it(celery, on_flower):
    task = celery.submit("tasks.stepwise")
    watching = on_flower.start("watch", task, "--json")
    watching.until("PROGRESS")
    assert celery.state(task) == "STARTED", "this is what Flower's own list says"
    cancelled = on_flower.run("cancel", task)
    assert cancelled.code == 0, cancelled
    assert "cancel confirmed" in cancelled.err
    done = watching.finish()
    assert done.code == 4
    assert done.result["jobs"][0]["raw_status"] == "REVOKED"


def test_a_revoked_task_that_waits_in_the_queue_is_seen_revoked(celery, on_flower):
    blocking, waiting = [celery.submit() for _ in range(2)], celery.submit()
    try:
        for task in blocking:
            celery.until(task, "STARTED")
        celery.until(waiting, "RECEIVED")
        done = on_flower.run("cancel", waiting)
        assert done.code == 0, done
        assert "REVOKED" in done.out
        assert celery.state(waiting) == "RECEIVED", "Flower's own list goes on saying so"
    finally:
        for task in blocking:
            celery.release(task)
    for task in blocking:
        celery.until(task, "SUCCESS")


def test_cancelling_a_finished_task_tells_how_it_ended(celery, on_flower):
    task = celery.submit()
    celery.release(task)
    celery.until(task, "SUCCESS")
    done = on_flower.run("cancel", task)
    check_message(done, 9, "cancel requested", "not cancelled: the job completed first")
    assert "completed (SUCCESS)" in done.out


def test_an_unknown_id_is_no_endless_wait(on_flower):
    for command in ("status", "watch"):
        done = on_flower.run(command, "no-such-task")
        check_message(done, 8, "PENDING")


def test_cancelling_an_unknown_id_is_no_success(on_flower):
    # Celery writes REVOKED for any id it is asked to terminate.
    done = on_flower.run("cancel", "mistyped", "--json")
    assert done.code == 12, done
    assert done.result["exit_code"] == 12
    assert "nobody has heard of it" in done.err


def test_a_task_nobody_has_received_yet_is_waited_for_by_who_submitted_it(on_flower):
    # No worker takes from its queue: no event, no result, for ever.
    task = submit(on_flower, "task=tasks.nowhere")
    # Another process: that there is such a task it knows from the memory alone.
    done = on_flower.run("watch", task, "--timeout", "6s", "--json")
    assert done.code == 5, done
    job = done.result["jobs"][0]
    assert (job["ending"], job["status"], job["raw_status"]) == ("deadline", "pending", "PENDING")
    done = on_flower.run("status", task, "--json")
    assert (done.code, done.document["jobs"][0]["raw_status"]) == (0, "PENDING")
    check_message(on_flower.run("status", task, env={"JOBCTL_MEMORY": "off"}), 8, "PENDING")


def test_the_list_has_every_task(celery, on_flower):
    task = celery.submit()
    celery.release(task)
    celery.until(task, "SUCCESS")
    done = on_flower.run("list", "--json")
    assert done.code == 0
    assert task in {job["job"] for job in done.document["jobs"]}


def test_what_cannot_be_submitted_says_why(on_flower):
    check_message(on_flower.run("submit", "kwargs:={}"), 2, "no task is given", "add task=")
    check_message(on_flower.run("submit", "task=tasks.none"), 2, "HTTP 404", "async-apply/{task}")


def test_flower_forgets_and_the_result_backend_does_not(celery, on_flower):
    ended, running = celery.submit(), celery.submit()
    celery.release(ended)
    celery.until(ended, "SUCCESS")
    celery.until(running, "STARTED")
    watching = on_flower.start("watch", running, "--json")
    watching.until("STARTED")
    celery.restart()
    done = on_flower.run("watch", ended, "--json")
    assert celery.state(ended) is None
    assert done.code == 0
    assert done.result["jobs"][0]["result"] == "rendered"
    celery.release(running)
    assert watching.finish().code == 0


def test_a_task_that_both_forgot_is_gone_with_its_last_status(celery, on_flower):
    task = celery.submit()
    celery.until(task, "STARTED")
    watching = on_flower.start("watch", task, "--json")
    watching.until("STARTED")
    celery.restart()
    celery.forget(task)
    done = watching.finish()
    celery.release(task)
    assert done.code == 8, done
    job = done.result["jobs"][0]
    assert (job["ending"], job["status"], job["raw_status"]) == ("gone", "running", "STARTED")
    assert "last seen running" in job["message"]


def test_flower_behind_a_password(tmp_path):
    user, word = "operator", "opensesame-4711"
    environ = {"FLOWER_BASIC_AUTH": f"{user}:{word}"}
    with flower(tmp_path, environ=environ) as engine:
        task = engine.submit()
        engine.release(task)
        engine.until(task, "SUCCESS")
        alone = Starter(tmp_path, JOBCTL_BASE_URL=engine.url, JOBCTL_PROFILE="flower")
        check_message(alone.run("watch", task), 6, "401")
        check_message(alone.run("watch", task, env={"FLOWER_BASIC_AUTH": "operator:wrong"}), 6, "401")
        done = alone.run("watch", task, "--json", env=environ)
        assert done.code == 0
        assert word not in json.dumps(done.lines) + done.err

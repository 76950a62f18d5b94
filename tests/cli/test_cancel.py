from __future__ import annotations

import pytest
from support.program import check_message
from support.servers import reply

FINISHED = (
    "Cannot cancel job with status 'completed'. "
    "Only pending, processing, running, started jobs can be cancelled."
)
LONG = {"duration": 60, "pending": 0}


def ended(box, **life):
    job = box.submit(**{"duration": 0, "pending": 0, "steps": 1} | life)
    assert box.history(job)
    return job


def test_a_completed_job_refuses_and_its_real_status_is_told(box, jobctl):
    job = ended(box)
    done = jobctl.run("cancel", job)
    assert done.code == 9
    assert done.out.startswith(f"{job}  completed  100 %")
    assert f"{job}: cancel refused; the server says: {FINISHED}" in done.err


def test_the_same_as_json(box, jobctl):
    job = ended(box)
    done = jobctl.run("cancel", job, "--json")
    assert done.code == done.document["exit_code"] == 9
    (one,) = done.document["jobs"]
    assert (one["job"], one["status"], one["detail"], one["exit_code"]) == (job, "completed", FINISHED, 9)


def test_the_other_api_says_no_with_409(box, jobctl):
    job = ended(box)
    done = jobctl.run("cancel", ended(box, profile="v1"), "-p", "v1")
    assert (done.code, "completed" in done.out) == (9, True), (done, job)


def test_a_failed_job_is_not_called_cancelled(box, jobctl):
    done = jobctl.run("cancel", ended(box, end="failed"))
    assert done.code == 9
    assert "  failed  " in done.out
    assert "cancelled" not in done.out


@pytest.mark.parametrize("faults", [[], ["cancel-delay=0.5s"]])
def test_a_running_job_is_requested_then_confirmed(box, jobctl, faults):
    box.set_faults(faults)
    job = box.submit(**LONG)
    done = jobctl.run("cancel", job)
    assert done.code == 0
    assert done.err.index("cancel requested") < done.err.index("cancel confirmed")
    assert done.out.splitlines()[-1].startswith(f"{job}  cancelled")
    assert box.history(job)[-1]["status"] == "cancelled"


@pytest.mark.parametrize(
    "faults", [["cancel-race"], ["cancel-race", "ws-refuse"], ["cancel-race", "no-updated-at"]]
)
def test_a_cancel_that_loses_the_race_reports_completed(box, jobctl, faults):
    box.set_faults(faults)
    job = box.submit(duration=0.8, pending=0, steps=4)
    done = jobctl.run("cancel", job)
    assert done.code == 9
    assert done.out.splitlines()[-1].startswith(f"{job}  completed")
    assert "not cancelled: the job completed first" in done.err
    assert "cancelled  " not in done.out


def test_an_already_cancelled_job_is_what_was_asked_for(box, jobctl):
    job = box.submit(**LONG)
    box.cancel(job)
    done = jobctl.run("cancel", job)
    assert done.code == 0
    assert "already cancelled" in done.err
    assert done.out.startswith(f"{job}  cancelled")


def test_an_unknown_id(jobctl):
    done = jobctl.run("cancel", "1")
    assert (done.code, done.out) == (8, "")
    assert "404" in done.err
    assert "check the id" in done.err
    (one,) = jobctl.run("cancel", "1", "--json").document["jobs"]
    assert (one["job"], one["exit_code"]) == ("1", 8)


def test_several_jobs_each_get_their_word_and_the_worst_code(box, jobctl):
    running, finished, gone = box.submit(**LONG), ended(box), "77"
    done = jobctl.run("cancel", running, gone, finished, running, "--json")
    assert done.code == 8
    found = {one["job"]: one["exit_code"] for one in done.result["jobs"]}
    assert found == {running: 0, finished: 9, gone: 8}
    assert done.result["exit_code"] == 8
    plain = jobctl.run("cancel", box.submit(**LONG), finished)
    assert plain.code == 9
    assert "cancel confirmed" in plain.err
    assert "cancel refused" in plain.err


def test_no_wait_asks_and_leaves(box, jobctl):
    box.set_faults(["cancel-delay=60s"])
    job = box.submit(**LONG)
    done = jobctl.run("cancel", job, "--no-wait")
    assert (done.code, done.out) == (0, "")
    assert "cancel requested" in done.err
    document = jobctl.run("cancel", job, "--no-wait", "--json").document
    assert document["exit_code"] == 0
    assert document["jobs"] == [{"job": job, "status": None, "cancel": "requested", "exit_code": 0}]


def test_one_that_never_comes_true_ends_at_its_deadline(box, jobctl):
    box.set_faults(["cancel-delay=60s"])
    job = box.submit(**LONG)
    done = jobctl.run("cancel", job, "--timeout", "0.5s", "--json")
    assert done.code == done.result["exit_code"] == 5
    (one,) = done.result["jobs"]
    assert one["status"] == "running"


def test_the_cancel_itself_fails(box, jobctl):
    box.set_faults(["cancel-error=100%"])
    job = box.submit(**LONG)
    done = jobctl.run("cancel", job)
    assert done.code == 7
    assert "503" in done.err
    assert box.history(job)[-1]["status"] != "cancelled"


def test_a_cancel_that_works_at_the_second_try(box, jobctl):
    box.set_faults(["cancel-error=50%"], seed=4)
    job = box.submit(**LONG)
    assert jobctl.run("cancel", job, "-q").code == 0


def test_the_log_of_a_cancel_holds_what_the_cancel_said(box, jobctl, tmp_path):
    job = box.submit(**LONG)
    assert jobctl.run("cancel", job, "--log", "log").code == 0
    assert '"source":"cancel"' in (tmp_path / "log").read_text()
    assert jobctl.run("explain", "log").code == 0


# --- refused, and then ------------------------------------------------------------------------------------


def refusing(read):
    """A server that refuses every cancel and answers reads with `read`."""

    def answer(head):
        return reply(409, b'{"detail": "too late"}') if head.startswith("POST") else read

    return answer


def running(*headers):
    return reply(200, b'{"id": "7", "status": "running", "updated_at": 1}', *headers)


def test_an_already_cancelled_job_is_no_refusal_in_json(box, jobctl):
    job = box.submit(**LONG)
    box.cancel(job)
    document = jobctl.run("cancel", job, "--json").document
    assert (document["exit_code"], document["jobs"][0]["cancel"]) == (0, "already-cancelled")


def test_a_refusal_that_the_read_contradicts(alone, serve):
    url = serve(refusing(running("Age: 77"))).url
    done = alone.run("cancel", "7", "-u", url)
    check_message(done, 9, "too late", "this answer came from a cache (Age: 77)", "contradicts the read")
    assert done.out.startswith("7  running")
    (one,) = alone.run("cancel", "7", "-u", url, "--json").document["jobs"]
    assert (one["cancel"], one["cached_by"], one["detail"]) == ("refused", "Age: 77", "too late")


def test_a_refusal_outlives_a_read_that_fails(alone, serve):
    url = serve(refusing(reply(404, b'{"detail": "no such job"}'))).url
    done = alone.run("cancel", "7", "-u", url)
    check_message(done, 8, "cancel refused; the server says: too late", "HTTP 404")
    (one,) = alone.run("cancel", "7", "-u", url, "--json").document["jobs"]
    assert (one["cancel"], one["detail"], one["exit_code"]) == ("refused", "too late", 8)
    assert "404" in one["problem"]["message"]


def test_of_several_each_message_names_its_job(box, jobctl):
    done = jobctl.run("cancel", ended(box), "98", "nope")
    assert "jobctl: 98: " in done.err
    assert "jobctl: nope: " in done.err


def test_the_log_of_a_refused_cancel_holds_the_read(box, jobctl, tmp_path):
    assert jobctl.run("cancel", ended(box), "--log", "log").code == 9
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert '"source":"verify"' in line


def test_an_engine_that_marks_any_id_as_cancelled_is_no_proof_of_a_job(alone, serve):
    revoked = set()

    def answer(head):
        path = head.split(" ")[1].partition("?")[0]
        job = path.rpartition("/")[2]
        if "/revoke/" in path:
            revoked.add(job)
            return reply(200, b'{"message": "Revoked"}')
        if "/info/" in path:
            return reply(404, b"Unknown task")
        state = "REVOKED" if job in revoked else "PENDING"
        return reply(200, f'{{"task-id": "{job}", "state": "{state}"}}'.encode())

    env = {"JOBCTL_BASE_URL": serve(answer).url, "JOBCTL_PROFILE": "flower"}
    done = alone.run("cancel", "mistyped", env=env)
    check_message(done, 12, "nobody has heard of it", "a mistyped id is only marked")
    # Now that the mark is there it is a status like any other.
    assert alone.run("cancel", "mistyped", "--json", env=env).result["exit_code"] == 0

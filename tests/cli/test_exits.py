"""Exit codes through the real process, and exactly one `result` line in every ending."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from jobctl.exit_codes import EXIT_CODES

LONG = {"duration": 60, "pending": 0, "steps": 30}
NOW = {"duration": 0, "pending": 0, "steps": 1}


@pytest.mark.parametrize(("end", "code"), [("completed", 0), ("failed", 3), ("cancelled", 4)])
def test_status_and_watch_by_how_the_job_ended(box, jobctl, end, code):
    job = box.submit(**NOW, end=end)
    for verb in ("status", "watch"):
        done = jobctl.run(verb, job, "--json")
        assert done.code == code
        assert done.lines[-1]["exit_code"] == code
        assert done.lines[-1]["jobs"][0]["status"] == end
        plain = jobctl.run(verb, job, env={"JOBCTL_MEMORY": "off"})
        assert (plain.code, plain.err) == (code, "")
        assert plain.out.splitlines()[-1].startswith(f"{job}  {end}")


def test_status_of_a_running_job_is_no_failure(box, jobctl):
    done = jobctl.run("status", box.submit(**LONG))
    assert done.code == 0
    assert "running (started)  0 %" in done.out


def test_status_of_several(box, jobctl):
    good, bad = box.submit(**NOW), box.submit(**NOW, end="failed")
    done = jobctl.run("status", good, "12", bad, good)
    assert done.code == 8
    assert [line.split()[:2] for line in done.out.splitlines()] == [[good, "completed"], [bad, "failed"]]
    assert "404" in done.err
    document = jobctl.run("status", good, "12", bad, "--json").document
    assert [one.get("status") for one in document["jobs"]] == ["completed", None, "failed"]
    assert document["exit_code"] == 8


def test_a_deadline(box, jobctl):
    job = box.submit(**LONG)
    done = jobctl.run("watch", job, "--timeout", "0.4s", "--json")
    (one,) = done.result["jobs"]
    assert (done.code, one["ending"], one["status"], one["exit_code"]) == (5, "deadline", "running", 5)
    plain = jobctl.run("watch", job, "-t", "0.4s")
    assert plain.code == 5
    assert f"jobctl watch {job}" in plain.err.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("fresh", [False, True])
def test_signals_end_a_watch_the_orderly_way(box, jobctl, number, fresh):
    job = box.submit(**LONG)
    program = jobctl.start("watch", job, "--json", fresh=fresh)
    program.until('"apply"')
    program.signal(number)
    done = program.finish(5)
    (one,) = done.result["jobs"]
    assert (done.code, one["ending"], one["status"], done.err) == (130, "interrupted", "running", "")


def test_a_signal_in_plain_output_tells_how_to_go_on(box, jobctl):
    job = box.submit(**LONG)
    program = jobctl.start("watch", job, "-u", box.url, "-p", "generation")
    program.until("running")
    program.signal(signal.SIGINT)
    done = program.finish(5)
    assert done.code == 130
    assert f"pick it up again with: jobctl watch --profile generation --base-url {box.url} {job}" in done.err


def test_a_signal_before_anything_was_read(box, jobctl):
    box.set_faults(["hang"])
    program = jobctl.start("watch", "1", "--json")
    while not box.requests()["total"]:
        pass
    program.signal(signal.SIGTERM)
    done = program.finish(5)
    assert (done.code, done.result["jobs"][0]["status"]) == (130, None)


def test_a_watch_that_waits_for_its_first_answer_says_so(box, jobctl):
    box.set_faults(["hang"])
    program = jobctl.start("watch", "1")
    program.until("still waiting for the first answer")
    program.signal(signal.SIGTERM)
    assert program.finish(5).code == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("argv", [["status", "1"], ["list"]])
def test_a_signal_while_a_read_waits(box, jobctl, argv, number):
    box.set_faults(["hang"])
    program = jobctl.start(*argv)
    while not box.requests()["total"]:
        pass
    program.signal(number)
    done = program.finish(5)
    assert (done.code, done.out, done.err) == (130, "", "jobctl: interrupted\n")


@pytest.mark.parametrize(("verb", "said"), [("submit", "may or may not exist"), ("cancel", "interrupted")])
def test_a_signal_while_the_server_is_silent(alone, verb, said):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        argv = ("cancel", "1") if verb == "cancel" else ("submit", "a=b")
        program = alone.start(*argv, "-u", f"http://127.0.0.1:{server.getsockname()[1]}")
        peer, _ = server.accept()
        with peer:
            peer.recv(65536)
            program.signal(signal.SIGINT)
            done = program.finish(5)
    assert (done.code, done.out) == (130, "")
    assert said in done.err


DEFECT = """
import jobctl.{module} as broken
def boom(*_args, **_more):
    raise ZeroDivisionError("a \\x1b[31mdefect")
broken.{name} = boom
"""


@pytest.fixture
def defective(jobctl, tmp_path):
    """Breaks a function of the program before it starts."""

    def _break(module, name):
        (tmp_path / "sitecustomize.py").write_text(DEFECT.format(module=module, name=name))
        jobctl.environ["PYTHONPATH"] += os.pathsep + str(tmp_path)
        return jobctl

    return _break


@pytest.mark.parametrize("argv", [["status", "1"], ["watch", "1"], ["submit", "a=b"], ["cancel", "1"]])
def test_a_defect_is_told_in_a_sentence(defective, argv):
    broken = defective("api", "make_calls")
    done = broken.run(*argv, fresh=True)
    assert (done.code, done.out) == (1, "")
    assert "jobctl: internal error: ZeroDivisionError: a \\x1b[31mdefect" in done.err
    assert "Traceback" not in done.err
    assert "JOBCTL_DEBUG=1" in done.err
    assert "Traceback" in broken.run(*argv, fresh=True, env={"JOBCTL_DEBUG": "1"}).err


def test_a_defect_in_the_middle_of_a_watch_still_closes_the_stream(defective, box):
    job = box.submit(**LONG)
    done = defective("watching.failures", "failure_of").run(
        "watch", job, "--json", fresh=True, env={"JOBCTL_BASE_URL": "http://127.0.0.1:9"}
    )
    assert done.code == 1
    assert done.result["exit_code"] == 1
    assert "internal error" in done.err


@pytest.mark.parametrize(
    "argv",
    [
        ["watch"],
        ["nonsense"],
        ["--nonsense"],
        ["watch", "1", "--until", "never"],
        ["watch", "1", "--timeout", "soon"],
        ["watch", "1", "--timeout", "-1s"],
        ["watch", "1", "--max-rate", "0"],
        ["watch", "1", "--max-rate", "nan"],
        ["watch", ""],
        ["status", "-p", "nope", "1"],
        ["status", "-u", "ftp://x", "1"],
        ["status", "--config", "missing.toml", "1"],
        ["explain", "missing.jsonl"],
        ["submit", "missing.json"],
        ["submit"],
        ["sandbox", "--fault", "nonsense", "--port", "0", "--tunnel-port", "0"],
    ],
)
def test_wrong_usage_is_2_and_says_what_was_expected(alone, argv):
    done = alone.run(*argv)
    assert (done.code, done.out) == (2, "")
    assert done.err.strip()
    assert "Traceback" not in done.err
    assert "internal error" not in done.err


@pytest.mark.parametrize(
    "bad", [{"JOBCTL_PROFILE": "nope"}, {"JOBCTL_BASE_URL": "nope"}, {"JOBCTL_TIMEOUT": "nope"}]
)
def test_a_watch_that_cannot_begin_closes_its_stream_too(alone, bad):
    done = alone.run("watch", "1", "--json", env=bad)
    assert (done.code, done.result["exit_code"]) == (2, 2)
    assert "nope" in done.err


def test_a_token_that_is_not_set(jobctl, tmp_path):
    (tmp_path / "jobctl.toml").write_text(
        '[profiles.mine]\nread = "GET /v1/jobs/{id}"\nauth = { bearer_env = "MINE_TOKEN" }\n'
    )
    done = jobctl.run("watch", "1", "-p", "mine", "--json")
    assert (done.code, done.result["exit_code"]) == (2, 2)
    assert "MINE_TOKEN" in done.err
    assert "export MINE_TOKEN=" in done.err
    plain = jobctl.run("status", "1", "-p", "mine")
    assert (plain.code, plain.out) == (2, "")
    assert "MINE_TOKEN is not set" in plain.err


def test_any_ends_with_the_first_that_completed(box, jobctl):
    slow, failed, good = box.submit(**LONG), box.submit(**NOW, end="failed"), box.submit(**NOW)
    done = jobctl.run("watch", slow, failed, good, "--any", "--json")
    assert done.code == done.result["exit_code"] == 0
    ends = {one["job"]: one["ending"] for one in done.result["jobs"]}
    assert ends[good] == "terminal"
    assert ends[slow] == "stopped"


def test_any_of_which_none_completes(box, jobctl):
    jobs = [box.submit(**NOW, end=end) for end in ("failed", "cancelled")]
    done = jobctl.run("watch", *jobs, "--any", "--json")
    assert done.code == done.result["exit_code"] == 3


def test_all_gives_the_worst_code(box, jobctl):
    jobs = [box.submit(**NOW, end=end) for end in ("completed", "cancelled", "failed")]
    done = jobctl.run("watch", *jobs, "--json")
    assert done.code == 3
    assert [one["exit_code"] for one in done.result["jobs"]] == [0, 4, 3]


def test_fail_fast_leaves_the_others(box, jobctl):
    slow, failed = box.submit(**LONG), box.submit(**NOW, end="failed")
    done = jobctl.run("watch", slow, failed, "--fail-fast", "--json")
    assert done.code == 3
    assert {one["job"]: one["ending"] for one in done.result["jobs"]} == {slow: "stopped", failed: "terminal"}
    plain = jobctl.run("watch", slow, failed, "--fail-fast")
    assert plain.code == 3
    assert f"pick it up again with: jobctl watch {slow}" in plain.err


def test_all_of_them_with_several_watched(box, jobctl):
    job = box.submit(**LONG)
    done = jobctl.run("watch", job, "99", job, "--timeout", "4s", "--json")
    assert done.code == 8
    assert [(one["job"], one["exit_code"]) for one in done.result["jobs"]] == [(job, 5), ("99", 8)]


@pytest.mark.parametrize(
    ("until", "end", "code", "ending"),
    [
        ("running", "completed", 0, "until"),
        ("failed", "failed", 0, "terminal"),
        ("cancelled", "completed", 9, "terminal"),
        ("running", "failed", 0, "until"),
    ],
)
def test_until(box, jobctl, until, end, code, ending):  # noqa: PLR0917 -- columns of the table
    # What is to be met while it runs goes on for as long as that takes.
    job = box.submit(duration=60 if ending == "until" else 0.6, pending=0.1, steps=2, end=end)
    done = jobctl.run("watch", job, "--until", until, "--json")
    assert (done.code, done.result["jobs"][0]["ending"]) == (code, ending)


def test_every_code_is_documented_once():
    assert sorted(EXIT_CODES) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 130]
    assert len({code.sentence for code in EXIT_CODES.values()}) == len(EXIT_CODES)

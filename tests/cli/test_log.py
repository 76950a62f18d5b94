"""`jobctl log`: what was stored, as a person and as a script read it."""

from __future__ import annotations

import json
import signal

import pytest
from support.program import check_message
from support.servers import reply

NOW = {"duration": 0, "pending": 0}
NOISY = ["ws-duplicate=60%", "ws-pending"]


@pytest.fixture
def watched(box, jobctl):
    box.set_faults(NOISY, seed=3)
    job = box.submit(duration=2.5, steps=12, pending=0)
    done = jobctl.run("watch", job, "--json")
    assert done.code == 0
    told = [line for line in done.lines if line["type"] == "decision"]
    # What a process numbers is all that it decided: `log` shows a part of it.
    return job, [{key: line[key] for key in line if key != "seq"} for line in told]


def test_json_is_the_decision_log(watched, jobctl):
    job, shown = watched
    lines = jobctl.run("log", job, "--json").lines
    assert [{"type": "decision"} | line for line in lines] == shown
    (jobctl.cwd / "x.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = jobctl.run("explain", "x.jsonl", "--json").document
    assert (told["decisions"], told["differing"], told["skipped"]) == (len(shown), 0, 0)


def test_what_the_store_said_replays_too(watched, jobctl):
    job, _ = watched
    assert jobctl.run("watch", job).code == 0
    out = jobctl.run("log", job, "--json").out
    assert '"source": "store"' in out
    (jobctl.cwd / "x.jsonl").write_text(out)
    assert jobctl.run("explain", "x.jsonl").code == 0


def test_filters(watched, jobctl):
    job, shown = watched
    for flags, key, value in (
        (("--source", "stream"), "source", "stream"),
        (("--action", "ignore"), "action", "ignore"),
        (("--reason", "first-seen"), "reason", "first-seen"),
    ):
        wanted = [{name: one[name] for name in one if name != "type"} for one in shown if one[key] == value]
        assert jobctl.run("log", job, "--json", *flags).lines == wanted
        assert wanted
    assert len(jobctl.run("log", job, "--json", "--since", "1h").lines) == len(shown)
    assert (
        jobctl.run("log", job, "--reason", "reopened").err == f"jobctl: no such decisions about job {job}\n"
    )
    check_message(jobctl.run("log", job, "--reason", "nonsense"), 2, "nonsense")


def test_the_table_says_who_said_what(watched, jobctl):
    job, shown = watched
    done = jobctl.run("log")
    heads, _, *rows = done.out.splitlines()
    assert heads.split() == ["at", "source", "says", "action", "reason", "known", "then"]
    assert len(rows) == len(shown)
    assert rows[-1].split()[2:6] == [
        shown[-1]["source"],
        "completed",
        shown[-1]["action"],
        shown[-1]["reason"],
    ]
    assert rows[-1].endswith("completed 100 %")
    assert f"job {job}" in done.err


def test_all_commands_write_it(box, jobctl):
    job = jobctl.run("submit", "duration:=30", "--log", "log.jsonl").out.strip()
    assert len((jobctl.cwd / "log.jsonl").read_text().splitlines()) == 1
    jobctl.run("status", job)
    jobctl.run("cancel", job, "--no-wait")
    ended = box.submit(**NOW)
    assert jobctl.run("cancel", ended).code == 9
    assert [one["source"] for one in jobctl.run("log", job, "--json").lines] == ["submit", "verify", "cancel"]
    assert [one["source"] for one in jobctl.run("log", ended, "--json").lines] == ["verify"]


def test_a_job_nobody_heard_of(watched, jobctl):
    check_message(jobctl.run("log", "nobody"), 8, "nothing is remembered of job nobody")
    job, _ = watched
    check_message(jobctl.run("log", job, "-u", "http://127.0.0.1:9"), 8, "it is known of profile generation")


def test_the_same_id_in_two_places_is_told_apart(box, jobctl):
    job = box.submit(**NOW)
    assert jobctl.run("status", job).code == 0
    assert jobctl.run("status", job, "-u", box.tunnel_url).code == 0
    done = jobctl.run("log", job, "--json", env={"JOBCTL_BASE_URL": None})
    assert len(done.lines) == 1
    assert "the same id is known of profile generation" in done.err
    assert len(jobctl.run("log", job, "--json", "-u", box.tunnel_url).lines) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_follow_shows_what_others_write_and_ends_on_a_signal_only(box, jobctl, number):
    job = box.submit(**NOW)
    follower = jobctl.start("log", job, "--follow", "--json")
    try:
        jobctl.run("status", job)
        follower.until('"verify"')
        jobctl.run("watch", job)
        follower.until('"confirmed"')
        follower.signal(number)
        done = follower.finish()
    finally:
        follower.kill()
    assert (done.code, done.err) == (130, "")
    assert [line["source"] for line in done.lines] == ["verify", "store", "poll"], "each line is a decision"


def test_follow_as_a_person_reads_it(box, jobctl):
    job = box.submit(**NOW)
    jobctl.run("watch", job)
    follower = jobctl.start("log", "--follow")
    try:
        follower.until("100 %")
        follower.signal(signal.SIGINT)
        done = follower.finish()
    finally:
        follower.kill()
    assert done.code == 130
    assert done.out.split()[2:] == ["poll", "completed", "apply", "first-seen", "completed", "100", "%"]


def test_server_text_is_made_visible(jobctl, serve):
    body = json.dumps({"id": "7", "status": "run\x1b[31mning", "progress": 1}).encode()
    server = serve(lambda _head: reply(200, body))
    jobctl.run("status", "7", "-u", server.url)
    done = jobctl.run("log", "7", "-u", server.url)
    check_message(done, 0)
    assert "run\\x1b[31mning" in done.out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--prune", "7"), "--prune is about all jobs"),
        (("--prune", "--source", "poll"), "--prune is about all jobs"),
        (("7", "--older-than", "1d"), "belong to --prune"),
        (("--prune", "--older-than", "soon"), "expected a duration"),
        (("--prune", "--max-size", "big"), "expected a size"),
    ],
)
def test_wrong_usage(alone, argv, words):
    check_message(alone.run("log", *argv, env={"COLUMNS": "200"}), 2, words)

"""A command without a job id: the job that was submitted or watched last."""

from __future__ import annotations

import sqlite3

import pytest
from support.caches import free_port
from support.program import check_message

NOW = {"duration": 0, "pending": 0}
LONG = {"duration": 60, "pending": 0}


@pytest.fixture
def anywhere(jobctl):
    """Runs `jobctl …` with no API named by flag or environment."""
    return lambda *argv, **how: jobctl.run(*argv, **how, env={"JOBCTL_BASE_URL": None})


def age_the_end(jobctl, seconds=60):
    """As if so many seconds had passed since the job ended."""
    with sqlite3.connect(jobctl.cwd / "state" / "memory.db") as db:
        db.execute("UPDATE jobs SET clear_after = clear_after - ?", (seconds,))
    db.close()


def test_what_was_submitted_last_with_its_own_api(box, jobctl, anywhere):
    job = jobctl.run("submit", "duration:=0.3").out.strip()
    done = anywhere("watch", "--json")
    assert (done.code, done.result["jobs"][0]["job"]) == (0, job)
    assert (
        f"no job id given: {job}, the last one submitted or watched (profile generation, {box.url})"
        in done.err
    )
    assert done.lines[0]["source"] == "store"
    assert done.lines[0]["after"]["verified"] is False
    assert anywhere("status").out.startswith(f"{job}  completed")


def test_the_last_one_watched_beats_the_last_one_submitted_and_status_changes_nothing(box, jobctl, anywhere):
    one, other = box.submit(**LONG), box.submit(**LONG)
    jobctl.run("submit", "duration:=60")
    assert jobctl.run("watch", one, "--until", "running").code == 0
    assert jobctl.run("status", other).code == 0
    assert anywhere("status").out.startswith(one)


def test_what_is_known_is_shown_unverified_until_a_read_succeeds(box, jobctl):
    job = box.submit(**LONG)
    jobctl.run("watch", job, "--until", "running")
    done = jobctl.run("watch", job, "--until", "running")
    assert "last known, unverified, " in done.err
    assert " ago via poll: running" in done.err
    assert "unverified" not in done.out
    assert "unverified" not in jobctl.run("watch", job, "--until", "running", "-q").err


def test_without_an_answer_the_last_known_is_told_and_nothing_more(box, jobctl):
    job = box.submit(**LONG)
    jobctl.run("watch", job, "--until", "running")
    with sqlite3.connect(jobctl.cwd / "state" / "memory.db") as db:
        db.execute("UPDATE scopes SET base_url = ?", (gone := f"http://127.0.0.1:{free_port()}",))
    db.close()
    done = jobctl.run("status", job, "-u", gone)
    check_message(done, 7, f"{job}: last known, unverified, ", "running")
    watched = jobctl.run("watch", job, "-u", gone, "--lost-after", "300ms", "--json")
    assert watched.code == 7, "what is only remembered never decides the end"
    assert watched.result["jobs"][0]["confirmed"] is False


def test_an_ended_job_is_active_for_ten_seconds(box, jobctl, anywhere):
    job = box.submit(**NOW)
    jobctl.run("watch", job)
    assert anywhere("status").code == 0
    age_the_end(jobctl)
    again = f"jobctl status --profile generation --base-url {box.url} {job}"
    for verb in ("watch", "status"):
        check_message(anywhere(verb), 2, f"no job is active: the last one, {job}, was completed", again)
    check_message(jobctl.run("watch"), 2, f"read it again with: jobctl status {job}")
    assert anywhere("watch", "--json").result["jobs"] == []
    assert anywhere("log", "--json").code == 0, "its story can still be read without its id"


def test_a_secret_in_the_base_url_is_not_remembered_and_nothing_is_asked_without_it(box, jobctl, anywhere):
    secret = f"{box.url}/?token=s3cret-of-mine"
    job = anywhere("submit", "duration:=60", "-u", secret).out.strip()
    for verb in ("status", "watch"):
        check_message(anywhere(verb), 2, "token=[redacted]", "secrets are not remembered", "give --base-url")
    assert anywhere("status", "-u", secret).out.startswith(job)
    assert b"s3cret-of-mine" not in b"".join(one.read_bytes() for one in (jobctl.cwd / "state").iterdir())


def test_nobody_touched_any(anywhere):
    check_message(
        anywhere("watch"), 2, "no job id was given, and none was submitted or watched", "jobctl list"
    )
    check_message(anywhere("log"), 2, "no job id was given")


def test_an_api_that_is_named_has_its_own_last_job(box, jobctl, anywhere):
    here = box.submit(**LONG)
    there = box.submit("v1", **LONG)
    jobctl.run("watch", here, "--until", "running")
    jobctl.run("watch", there, "--until", "running", "-p", "v1")
    assert anywhere("status").out.startswith(there)
    assert anywhere("status", "-u", box.url).out.startswith(here)
    assert jobctl.run("status", "-p", "v1").out.startswith(there)
    check_message(anywhere("status", "-u", "http://127.0.0.1:9"), 2, "no job id was given")


def test_the_command_to_pick_it_up_again_names_the_api(box, jobctl, anywhere):
    job = jobctl.run("submit", "duration:=60").out.strip()
    done = anywhere("watch", "--timeout", "300ms")
    assert done.code == 5
    assert f"jobctl watch --profile generation --base-url {box.url} {job}" in done.err


def test_a_mistyped_id_does_not_become_the_active_job(box, jobctl, anywhere):
    job = jobctl.run("submit", "duration:=60").out.strip()
    assert jobctl.run("watch", "mistyped").code == 8
    assert anywhere("status").out.startswith(job)


def test_a_job_that_never_answered_is_picked_up_again(jobctl, anywhere):
    gone = f"http://127.0.0.1:{free_port()}"
    assert jobctl.run("watch", "17", "-u", gone, "--lost-after", "200ms").code == 7
    assert f"no job id given: 17, the last one submitted or watched (profile generation, {gone})" in (
        anywhere("watch", "--lost-after", "200ms").err
    )


def test_a_profile_that_is_gone_is_told(box, jobctl, anywhere):
    config = jobctl.cwd / "mine.toml"
    config.write_text(f'[profiles.mine]\nextends = "generation"\nbase_url = "{box.url}"\n')
    job = box.submit(**LONG)
    assert jobctl.run("watch", job, "--until", "running", "--config", str(config)).code == 0
    assert anywhere("status", "--config", str(config)).out.startswith(job)
    check_message(anywhere("status"), 2, "mine")


def test_switched_off_there_is_none(jobctl):
    off = {"JOBCTL_MEMORY": "off", "JOBCTL_BASE_URL": None}
    jobctl.run("submit", "duration:=60")
    check_message(jobctl.run("watch", env=off), 2, "the memory is switched off", "give an id")


def test_a_memory_that_cannot_be_read_is_an_error_only_where_it_is_needed(box, jobctl, anywhere):
    job = box.submit(**NOW)
    (jobctl.cwd / "state").write_text("a file")
    check_message(anywhere("watch"), 2, "JOBCTL_STATE_DIR=FOLDER")
    done = jobctl.run("watch", job)
    assert done.code == 0
    assert done.err.count("memory: ") == 1

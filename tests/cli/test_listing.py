"""`jobctl list`: the server's list, and what is remembered beside it."""

from __future__ import annotations

import sqlite3

import pytest
from support.caches import free_port
from support.program import check_message

NOW = {"duration": 0, "pending": 0}
LONG = {"duration": 60, "pending": 0}


def move_scope(jobctl, url):
    """As if what is remembered had been heard at `url`."""
    with sqlite3.connect(jobctl.cwd / "state" / "memory.db") as db:
        db.execute("UPDATE scopes SET base_url = ?", (url,))
    db.close()


def listed(done):
    return {one["job"]: one for one in done.document["jobs"]}


def test_the_servers_word_counts_and_the_active_job_is_marked(box, jobctl):
    job = jobctl.run("submit", "duration:=60").out.strip()
    done = jobctl.run("list")
    (row,) = [line for line in done.out.splitlines() if line.startswith(job)]
    assert row.startswith(f"{job} *")
    assert row.endswith("now, server's list")
    assert "* is the job that `jobctl watch` without an id takes up" in done.err
    found = listed(jobctl.run("list", "--json"))[job]
    assert (found["verified"], found["active"]) == (True, True)


def test_what_the_server_does_not_list_is_shown_with_age_and_source(box, jobctl):
    old, other = box.submit(**LONG), box.submit(**LONG)
    jobctl.run("status", old)
    jobctl.run("status", other)
    done = jobctl.run("list", "--limit", "1")
    rows = {line.split()[0]: line for line in done.out.splitlines()[2:]}
    assert set(rows) == {old, other}
    assert sorted("server's list" in row for row in rows.values()) == [False, True]
    assert any(row.endswith("ago via verify, unverified") for row in rows.values())


def test_active_leaves_out_what_has_ended(box, jobctl):
    gone = f"http://127.0.0.1:{free_port()}"
    ended, going = box.submit(**NOW, end="failed"), box.submit(**LONG)
    for job in (ended, going):
        jobctl.run("status", job)
    move_scope(jobctl, gone)
    assert set(listed(jobctl.run("list", "-u", gone, "--json"))) == {ended, going}
    assert set(listed(jobctl.run("list", "--active", "-u", gone, "--json"))) == {going}


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_server_that_does_not_answer_leaves_what_is_remembered(box, jobctl, flags):
    gone = f"http://127.0.0.1:{free_port()}"
    jobctl.run("watch", box.submit(**NOW))
    move_scope(jobctl, gone)
    done = jobctl.run("list", "-u", gone, *flags)
    check_message(done, 7, "refused")
    assert "completed" in done.out
    if flags:
        assert done.document["exit_code"] == 7
        assert "refused" in done.document["problem"]["message"]


def test_a_profile_without_a_list_shows_what_is_remembered(box, jobctl):
    (jobctl.cwd / "jobctl.toml").write_text(
        f'[profiles.bare]\nbase_url = "{box.url}"\nread = "GET /api/v1/generation-jobs/{{id}}"\n'
        'fields = { id = "id", status = "status" }\n'
    )
    bare = ("-p", "bare")
    check_message(jobctl.run("list", *bare), 2, "has no 'list' operation")
    job = box.submit(**LONG)
    assert jobctl.run("watch", job, "--until", "running", *bare).code == 0
    assert "ago via poll, unverified" in jobctl.run("list", *bare).out


def test_a_memory_that_cannot_be_read_leaves_the_servers_list(box, jobctl):
    job = box.submit(**LONG)
    (jobctl.cwd / "state").write_text("a file")
    done = jobctl.run("list")
    check_message(done, 0, "only the server's list is shown", "JOBCTL_STATE_DIR")
    assert job in done.out


def test_switched_off_only_the_servers_list(box, jobctl):
    job = box.submit(**LONG)
    jobctl.run("watch", job, "--until", "running")
    done = jobctl.run("list", "--json", env={"JOBCTL_MEMORY": "off"})
    assert listed(done)[job]["active"] is False

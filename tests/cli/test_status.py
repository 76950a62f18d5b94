"""`jobctl status`: whose answer it is, and about which job."""

from __future__ import annotations

import contextlib
import sqlite3

from support.program import check_message
from support.remembering import rows
from support.servers import reply


def test_an_answer_from_a_cache_says_so(alone, serve):
    body = b'{"id": "7", "status": "running", "updated_at": 1}'
    url = serve(lambda _head: reply(200, body, "Age: 77")).url
    done = alone.run("status", "7", "-u", url)
    check_message(done, 0, "jobctl: 7: this answer came from a cache (Age: 77)", "past any proxy")
    assert done.out.startswith("7  running")
    (one,) = alone.run("status", "7", "-u", url, "--json").document["jobs"]
    assert (one["status"], one["cached_by"]) == ("running", "Age: 77")


def test_a_direct_answer_needs_no_word(box, jobctl):
    done = jobctl.run("status", box.submit(duration=60), "--json")
    assert (done.err, done.document["jobs"][0]["cached_by"]) == ("", None)


def test_of_several_each_message_names_its_job(jobctl):
    done = jobctl.run("status", "nope", "99")
    assert done.code == 8
    assert [line.split()[:2] for line in done.err.splitlines() if line.startswith("jobctl")] == [
        ["jobctl:", "nope:"],
        ["jobctl:", "99:"],
    ]
    assert jobctl.run("status", "99").err.startswith("jobctl: read: HTTP 404")


def test_the_answer_does_not_wait_for_a_memory_that_others_hold(box, jobctl):
    job = box.submit(duration=60)
    jobctl.run("status", job)
    path = jobctl.cwd / "state" / "memory.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        asked = jobctl.start("status", job, "--json")
        asked.until('"exit_code"')
        other.execute("COMMIT")
        done = asked.finish()
    assert (done.code, done.err) == (0, "")
    assert rows(path, "SELECT count(*) FROM decisions") == [(2,)]

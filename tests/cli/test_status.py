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


QUEUE = """
[profiles.queue]
read = "GET /info/{id}"
read_also = "GET /result/{id}"
submit = "POST /tasks"
unknown_looks_like = "PENDING"
fields = { id = "id", status = "state || also.state" }
status = { running = ["RECEIVED"] }
"""


def queue(known):
    """As Flower answers: `known` are the tasks that a worker has received; any other is PENDING."""

    def answer(head):
        method, path = head.split(" ")[:2]
        task = path.partition("?")[0].rpartition("/")[2]
        if method == "POST":
            return reply(200, b'{"id": "7", "state": "PENDING"}')
        if path.startswith("/info/"):
            return reply(200, known[task]) if task in known else reply(404, b"Unknown task")
        return reply(200, b'{"id": "%s", "state": "PENDING"}' % task.encode())

    return answer


def test_a_task_that_waits_for_its_first_worker_is_pending_to_who_knows_that_it_exists(alone, serve):
    known = {}
    where = ("--profile", "queue", "-u", serve(queue(known)).url)
    (alone.cwd / "jobctl.toml").write_text(QUEUE)
    check_message(alone.run("status", "7", *where), 8, "is said of any id")
    assert alone.run("submit", "a=1", *where).out.strip() == "7"
    for _ in range(2):  # reading it again still proves nothing, and forgets nothing
        done = alone.run("status", "7", *where)
        check_message(done, 0, "7: no worker has received it yet", "PENDING is what the API says of any id")
        assert done.out == "7  pending\n"
    (job,) = alone.run("status", "7", *where, "--json").document["jobs"]
    assert (job["status"], job["raw_status"], job["exit_code"]) == ("pending", "PENDING", 0)
    both = alone.run("status", "7", "8", *where)
    check_message(both, 8, "8: read: HTTP 404")
    assert both.out.startswith("7  pending")
    check_message(alone.run("status", "7", *where, env={"JOBCTL_MEMORY": "off"}), 8, "is said of any id")
    # Once it was further on, that word says no more than of any other id.
    known["7"] = b'{"id": "7", "state": "RECEIVED"}'
    assert alone.run("status", "7", *where).code == 0
    known.clear()
    check_message(alone.run("status", "7", *where), 8, "running (RECEIVED)")

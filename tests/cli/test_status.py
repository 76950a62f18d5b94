"""`jobctl status`: whose answer it is, and about which job."""

from __future__ import annotations

from support.program import check_message
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

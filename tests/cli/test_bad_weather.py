"""What servers answer to a read: one clear message, its code, a next step, no traceback, no hang."""

from __future__ import annotations

import gzip
import itertools
import json

import pytest
from support.program import check_message
from support.servers import reply

DONE = b'{"id": "7", "status": "completed", "updated_at": "2026-01-01T00:00:00Z"}'
FAST = ("--no-stream", "--lost-after", "0.2s")


ANSWERS = {
    "401": (reply(401, b'{"detail": "token expired"}'), 6, "token expired"),
    "403": (reply(403, b'{"error": {"message": "no such right"}}'), 6, "no such right"),
    "404": (reply(404, b'{"detail": "Job not found"}'), 8, "Job not found"),
    "410": (reply(410), 8, "HTTP 410"),
    "429": (reply(429, b"", "Retry-After: 1"), 7, "HTTP 429"),
    "500": (reply(500, b"boom \x1b[31m\x07"), 7, "boom \\x1b[31m\\x07"),
    "503": (reply(503, b"<html>down</html>", "Content-Type: text/html"), 7, "503"),
    "400": (reply(400, b'{"title": "bad id"}'), 2, "bad id"),
    "html": (reply(200, b"<!DOCTYPE html><h1>log in</h1>", "Content-Type: text/html"), 7, "HTML page"),
    "empty": (reply(200), 7, "empty body"),
    "garbage": (reply(200, b'{"status": "comple'), 7, "no JSON"),
    "deep": (reply(200, b'{"job":' * 5000 + b"0" + b"}" * 5000), 7, "nested"),
    "bare-list": (reply(200, b"[]"), 7, "status"),
    "bare-text": (reply(200, b'"completed"'), 7, "status"),
    "other-job": (reply(200, b'{"id": "8", "status": "completed"}'), 7, "8"),
    "no-status": (reply(200, b'{"id": "7"}'), 7, "status"),
    "wrong-types": (reply(200, b'{"id": {}, "status": ["completed"], "progress": "x"}'), 7, "status"),
    "not-http": ([b"SSH-2.0-OpenSSH_9.0\r\n\r\n"], 7, "broke"),
    "cut": ([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"], 7, "broke"),
    "hang-up": ([], 7, "broke"),
    "header-bomb": ([b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(20000))], 7, ""),
    "odd-coding": (reply(200, b"x", "Content-Encoding: br"), 7, "compressed with 'br'"),
    "broken-gzip": (reply(200, b"x", "Content-Encoding: gzip"), 7, "compression is broken"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_no_job(alone, serve, name):
    pieces, code, said = ANSWERS[name]
    url = serve(lambda _head: pieces).url
    watching = alone.start("watch", "7", "-u", url, *(FAST if code == 7 else FAST[:1]))
    single = alone.run("status", "7", "-u", url)
    check_message(single, code, said)
    assert single.out == ""
    assert single.err.startswith("jobctl: ")
    watched = watching.finish()
    check_message(watched, code, said)
    assert watched.out == ""


@pytest.mark.parametrize("coding", [(), ("Content-Encoding: gzip",)])
def test_a_good_answer_is_read_compressed_or_not(alone, serve, coding):
    body = gzip.compress(DONE) if coding else DONE
    done = alone.run("status", "7", "-u", serve(lambda _head: reply(200, body, *coding)).url)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("7  completed")


@pytest.mark.parametrize(
    "body",
    [b'{"id":"7","status":"completed","progress":NaN}', b'{"id":7,"status":"DONE","progress":"100 %"}'],
)
def test_odd_fields_are_absent_not_fatal(alone, serve, body):
    done = alone.run("status", "7", "--json", "-u", serve(lambda _head: reply(200, body)).url)
    assert done.code == 0
    (one,) = json.loads(done.out, parse_constant=pytest.fail)["jobs"]
    assert one["status"] == "completed"


def endless(_head):
    yield b"HTTP/1.1 200 OK\r\n\r\n" + b'{"status": "running", "padding": "'
    yield from itertools.repeat(b"x" * 65536, 20_000)


def bomb(_head):
    body = gzip.compress(b'{"status": "running", "padding": "' + b"x" * 200_000_000 + b'"}', 1)
    yield from reply(200, body, "Content-Encoding: gzip")


@pytest.mark.parametrize("answer", [endless, bomb], ids=["1-GB", "gzip-bomb"])
@pytest.mark.parametrize("verb", [("status",), ("watch", *FAST)], ids=["status", "watch"])
def test_no_answer_is_large_enough_to_hurt(alone, serve, answer, verb):
    done = alone.run(verb[0], "7", "-u", serve(answer).url, *verb[1:])
    check_message(done, 7, "larger than 8 MiB")
    assert 0 < done.peak < 150_000, "KiB"


def test_the_sandbox_can_send_a_gigabyte_too(box, jobctl):
    box.set_faults(["huge-body"])
    done = jobctl.run("status", box.submit())
    check_message(done, 7, "larger than 8 MiB")
    assert done.peak < 150_000


ANSI = (
    '{"id": "7", "status": "fai\\u001b[2Jled\\u202e", "content_id": "\\u0000", '
    '"error_message": "\\u001b]0;x\\u0007\\r\\n\\u009b1A"}'
)


@pytest.mark.parametrize("verb", [("status",), ("watch", "--stall-after", "0.3s", "--no-stream"), ("list",)])
def test_the_servers_control_characters_never_reach_a_terminal(alone, serve, verb):
    text = f"[{ANSI}]" if verb[0] == "list" else ANSI
    url = serve(lambda _head: reply(200, text.encode())).url
    argv = verb if verb[0] == "list" else (verb[0], "7", *verb[1:])
    done = alone.run(*argv, "-u", url)
    assert "\\x1b[2J" in done.out
    check_message(done, 0 if verb[0] == "list" else 12)
    raw = alone.run(*argv, "-u", url, "--json")
    assert raw.out.replace("\n", "").isascii()
    assert raw.out.replace("\n", "").isprintable()
    assert raw.err == ""


def test_ansi_from_the_sandbox(box, jobctl):
    box.set_faults(["ansi"])
    job = box.submit(duration=0.2, pending=0, steps=2, end="failed")
    check_message(jobctl.run("watch", job, "-v"), 3)
    check_message(jobctl.run("cancel", job), 9)


IDS = [
    "a/b",
    "a b",
    "a.b",
    "..a",
    "é✓",
    "?x=1#y",
    "%2e%2e",
    "{id}",
    "a\\b",
    "-7",
    "--json",
    "A" * 300,
    "$(id)",
    "a\nb",
]


@pytest.mark.parametrize("job", IDS)
def test_an_id_is_one_path_segment_whatever_is_in_it(alone, serve, job):
    body = json.dumps({"id": job, "status": "completed", "updated_at": 1}).encode()
    server = serve(lambda _head: reply(200, body))
    done = alone.run("watch", "-u", server.url, "--json", "--", job)
    assert done.code == 0, done
    assert done.result["jobs"][0]["job"] == job
    path = server.heads[0].split()[1]
    prefix, _, rest = path.partition("/api/v1/generation-jobs/")
    assert prefix == ""
    assert "/" not in rest.partition("?")[0]
    assert rest.partition("?")[2].startswith("_t=")
    plain = alone.run("status", "-u", server.url, "--", job)
    check_message(plain, 0)
    assert len(plain.out.splitlines()) == 1


@pytest.mark.parametrize("job", [".", "..", ""])
@pytest.mark.parametrize("verb", ["status", "watch", "cancel"])
def test_an_id_that_no_url_can_carry(alone, serve, job, verb):
    server = serve(lambda _head: reply(200, DONE))
    done = alone.run(verb, job, "-u", server.url)
    check_message(done, 2, "id")
    assert server.heads == []


def test_one_bad_id_among_good_ones_under_watch(box, jobctl):
    done = jobctl.run("watch", box.submit(duration=30), "..", "--json")
    assert (done.code, done.result["exit_code"]) == (2, 2)


def test_a_job_in_the_sandbox_with_an_odd_id(box, jobctl):
    job = box.submit("v1", job_id="a b/ü?", duration=3, steps=2)
    done = jobctl.run("watch", job, "-p", "v1", "--json")
    assert (done.code, done.result["jobs"][0]["status"]) == (0, "completed")
    assert box.requests()["jobs"][job]["stream"] == 1

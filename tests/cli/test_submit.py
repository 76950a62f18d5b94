from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

OPTIONS = 'sandbox:={"duration": 0.3, "pending": 0, "steps": 2}'


def jobs_of(jobctl):
    return jobctl.run("list", "--json").document["jobs"]


@pytest.fixture
def submitted(jobctl, tmp_path):
    """Submit, and return what the server stored, as its own list says."""

    def _submit(*argv, **how):
        before = {job["job"] for job in jobs_of(jobctl)}
        done = jobctl.run("submit", *argv, **how)
        new = [job["job"] for job in jobs_of(jobctl) if job["job"] not in before]
        return done, new

    return _submit


@pytest.fixture
def echo():
    """A server that answers every submit with the body it was sent, as the job's id."""
    got = []

    def serve():
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            with peer, peer.makefile("rb") as stream:
                headers = []
                while (line := stream.readline()).strip():
                    headers.append(line.decode().strip())
                size = next(int(h.split(":")[1]) for h in headers if h.lower().startswith("content-length"))
                got.append((headers, json.loads(stream.read(size))))
                body = b'{"id": "7", "status": "queued"}'
                peer.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    server = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}", got
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


@pytest.mark.parametrize(
    ("argv", "stdin", "sent"),
    [
        (
            ["prompt=a=b", "n:=3", 'deep:={"x": [null]}', "empty="],
            b"",
            {"prompt": "a=b", "n": 3, "deep": {"x": [None]}, "empty": ""},
        ),
        (["-"], b'\xef\xbb\xbf{"prompt": "\xc3\xa9"}', {"prompt": "é"}),
        (["body.json"], b"", {"from": "file"}),
        (["@body.json"], b"", {"from": "file"}),
        (["{}"], b"", {}),
        (['{"a": "b=c", "n": [1]}'], b"", {"a": "b=c", "n": [1]}),
        (["prompt=" + "x" * 300], b"", {"prompt": "x" * 300}),
        (["prompt=" + "x" * 5000], b"", {"prompt": "x" * 5000}),
        (["-"], b"[1, 2]", [1, 2]),
    ],
)
def test_every_way_to_say_what_to_send(alone, tmp_path, echo, argv, stdin, sent):  # noqa: PLR0917 -- columns of the table
    url, got = echo
    (tmp_path / "body.json").write_text('{"from": "file"}')
    done = alone.run("submit", *argv, "-u", url, stdin=stdin)
    assert (done.code, done.out, done.err) == (0, "7\n", "")
    ((headers, body),) = got
    assert body == sent
    assert "POST /api/v1/generation-jobs HTTP/1.1" in headers


def test_the_key_travels(alone, echo):
    url, got = echo
    assert alone.run("submit", "a=b", "--idempotency-key", "k-1", "-u", url).code == 0
    assert any(header.lower() == "idempotency-key: k-1" for header in got[0][0])


@pytest.mark.parametrize(
    ("argv", "stdin", "said"),
    [
        (["-"], b"{", "stdin is not JSON"),
        (["-"], b"", "stdin is not JSON"),
        (["-"], b"\xff\xfe", "stdin is not JSON"),
        (["-"], b'{"a": NaN}', "NaN is not JSON"),
        (["-"], b"[" * 50_000, "stdin is not JSON"),
        (["bad.json"], b"", "bad.json is not JSON"),
        (["missing.json"], b"", "cannot read 'missing.json'"),
        (["n:=three"], b"", "takes JSON"),
        ([], b'{"ignored": 1}', "nothing to submit was given"),
        (["{'a': 1}"], b"", "the argument is not JSON"),
        (["x" * 300], b"", "cannot read"),
        (["n:=Infinity"], b"", "takes JSON"),
        (["=x"], b"", "expected key=value"),
        ([":=1"], b"", "expected key=value"),
        (["a=b", "-"], b"", "expected key=value"),
        (["a=b", "word"], b"", "expected key=value"),
        (["."], b"", "cannot read '.'"),
    ],
)
def test_what_is_no_body_is_never_sent(box, jobctl, tmp_path, argv, stdin, said):  # noqa: PLR0917 -- columns of the table
    (tmp_path / "bad.json").write_text("{'a': 1}")
    done = jobctl.run("submit", *argv, stdin=stdin)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 2, "one message and one next step"
    assert box.requests()["total"] == 0


def test_a_body_the_api_refuses(jobctl):
    done = jobctl.run("submit", "sandbox:=7")
    assert (done.code, done.out) == (2, "")
    assert "HTTP 422" in done.err
    assert "sandbox: expected an object" in done.err


def test_submit_prints_the_id_and_nothing_else(box, submitted):
    done, new = submitted("prompt=x")
    assert (done.code, done.out.split(), done.err) == (0, new, "")
    assert box.history(new[0])[0]["status"] == "pending"


def test_submit_as_json(jobctl):
    document = jobctl.run("submit", "prompt=x", "--json").document
    assert document["status"] == "pending"
    assert document["job"] in {job["job"] for job in jobs_of(jobctl)}


def test_submit_and_watch(box, jobctl):
    done = jobctl.run("submit", OPTIONS, "--watch", "--json")
    (one,) = done.result["jobs"]
    assert (done.code, one["status"]) == (0, "completed")
    assert box.history(one["job"])[-1]["status"] == "completed"
    plain = jobctl.run("submit", OPTIONS.replace("}", ', "end": "failed"}'), "--watch", "-q")
    job, last = plain.out.splitlines()
    assert plain.code == 3
    assert last.startswith(f"{job}  failed")


def test_a_lost_answer_leaves_one_job_and_says_how_to_check(box, submitted):
    box.set_faults(["submit-lost"])
    done, new = submitted("prompt=x")
    assert len(new) == 1
    assert (done.code, done.out) == (7, "")
    assert "may or may not exist" in done.err
    assert "jobctl list" in done.err
    assert "--idempotency-key" in done.err
    assert box.requests()["routes"]["POST /api/v1/generation-jobs"] == 1


def test_with_a_key_it_is_repeated_until_it_is_clear(box, submitted):
    box.set_faults(["submit-lost@60"], seed=0)
    done, new = submitted("prompt=x", "--idempotency-key", "once")
    assert done.code == 0, done
    assert [done.out.strip()] == new
    assert box.requests()["routes"]["POST /api/v1/generation-jobs"] > 1


def test_a_503_is_as_unclear_as_silence(box, submitted):
    box.set_faults(["submit-error=100%"])
    done, new = submitted("prompt=x")
    assert (done.code, new) == (7, [])
    assert "may or may not exist" in done.err
    assert box.requests()["routes"]["POST /api/v1/generation-jobs"] == 1


def test_a_refused_connection_is_repeated_for_nothing_was_sent(alone):
    """The port opens while jobctl retries; exactly one request arrives."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = probe.getsockname()
    program = alone.start("submit", "a=b", "-u", f"http://127.0.0.1:{address[1]}")
    threading.Event().wait(0.5)
    with socket.create_server(address) as server:
        server.settimeout(10)
        peer, _ = server.accept()
        with peer:
            assert peer.recv(65536).startswith(b"POST /api/v1/generation-jobs ")
            peer.sendall(b'HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\n{"id": "41"}')
            done = program.finish()
    assert (done.code, done.out) == (0, "41\n")


def test_a_connection_refused_for_good(alone):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    done = alone.run("submit", "a=b", "-u", f"http://127.0.0.1:{port}")
    assert (done.code, done.out) == (7, "")
    assert "connection refused" in done.err
    assert "may or may not" not in done.err


def test_an_answer_that_names_no_id(box, jobctl):
    """Accepted, says the server, and nobody can tell what: that is as unclear as silence."""
    server = socket.create_server(("127.0.0.1", 0))
    with server:
        program = jobctl.start("submit", "a=b", "-u", f"http://127.0.0.1:{server.getsockname()[1]}")
        server.settimeout(10)
        peer, _ = server.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(b'HTTP/1.1 202 Accepted\r\nContent-Length: 15\r\n\r\n{"okay": "yes"}')
            done = program.finish()
    assert done.code == 7
    assert "may or may not exist" in done.err
    assert "fields.id" in done.err
    assert '{"okay": "yes"}' in done.err


# --- the id is lost ----------------------------------------------------------------------------------------


FLAGS = pytest.mark.parametrize("flags", [[], ["--json"], ["--watch"], ["--watch", "--json"]])


def the_id_is_told(done, new, code, why):
    (job,) = new
    assert done.code == code
    assert done.err == f"jobctl: job {job} was submitted, but its id could not be written to stdout: {why}\n"


@FLAGS
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110
def test_an_id_that_meets_a_full_disk_is_told(submitted, flags):
    with open("/dev/full", "wb") as target:  # noqa: PTH123
        done, new = submitted(OPTIONS, *flags, stdout=target.fileno(), fresh=True)
    the_id_is_told(done, new, 2, "No space left on device")


@FLAGS
def test_an_id_that_nobody_reads_is_told(submitted, flags):
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        done, new = submitted(OPTIONS, *flags, stdout=theirs, fresh=True)
    finally:
        os.close(theirs)
    the_id_is_told(done, new, 130, "nobody reads it any more")


@FLAGS
def test_an_id_for_a_closed_stdout_is_told(jobctl, flags):
    done = subprocess.run(
        ["bash", "-c", 'exec >&-; exec "$0" -m jobctl submit "$@"', sys.executable, OPTIONS, *flags],
        env=jobctl.environ, cwd=jobctl.cwd, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "was submitted, but its id could not be written to stdout: it is closed" in done.stderr


def test_a_reader_that_left_after_the_id_was_read_is_told_nothing(jobctl):
    program = jobctl.start("submit", OPTIONS.replace("0.3", "2"), "--watch", "--json")
    program.until('"apply"')
    program.close_stdout()
    done = program.finish(10)
    assert done.code in {130, -signal.SIGPIPE}
    assert done.err == ""


# --- the address is wrong, and where to look ---------------------------------------------------------------


def test_a_path_that_is_not_there_is_the_callers_mistake(jobctl, box):
    done = jobctl.run("submit", "a=b", "-u", f"{box.url}/nowhere")
    assert (done.code, done.out) == (2, "")
    assert "HTTP 404" in done.err
    assert "check submit = 'POST /api/v1/generation-jobs' of profile 'generation', and --base-url" in done.err


def test_where_to_look_is_the_same_api(box, jobctl):
    box.set_faults(["submit-lost"])
    done = jobctl.run("submit", "a=b", "-p", "v1", "-u", box.url)
    assert f"look for it with `jobctl list --profile v1 --base-url {box.url}`" in done.err


def test_an_api_without_a_list_cannot_be_looked_through(box, jobctl, tmp_path):
    (tmp_path / "jobctl.toml").write_text(
        '[profiles.mine]\nread = "GET /v1/jobs/{id}"\nsubmit = "POST /v1/jobs"\n'
    )
    box.set_faults(["submit-lost"])
    done = jobctl.run("submit", "a=b", "-p", "mine")
    assert done.code == 7
    assert "may or may not exist" in done.err
    assert "jobctl list" not in done.err

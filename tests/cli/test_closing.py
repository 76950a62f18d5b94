"""Under `--json` the output ends with one document, whatever ends the command."""

from __future__ import annotations

import signal
import socket

import pytest

from jobctl.cli.closing import error_ending
from jobctl.errors import ApiError, TransportError
from jobctl.exit_codes import ExitCode

EVIL = "\x1b[2Jdone\u202e\n"
COMMANDS = (("submit", "a=b"), ("status", "1"), ("status", "1", "2"), ("cancel", "1"), ("list",))
STREAMS = (("watch", "1"), ("submit", "a=b", "--watch"))


def dead_url():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def problem_of(document):
    """The problem of the command, or of its only job."""
    found = document.get("problem") or document["jobs"][0]["problem"]
    assert set(found) == {"message", "hint"}
    return found


@pytest.mark.parametrize("argv", [*COMMANDS, *STREAMS, ("explain", "missing.jsonl"), ("profiles",)])
def test_a_profile_that_is_not_there(alone, argv):
    done = alone.run(*argv, "--json", "-p", "nope")
    assert (done.code, done.document["exit_code"]) == (2, 2)
    assert problem_of(done.document)["message"] in done.err
    assert "nope" in problem_of(done.document)["message"]
    if argv in STREAMS:
        assert done.result["jobs"] == [] or done.result["jobs"][0]["job"] == "1"


@pytest.mark.parametrize("argv", COMMANDS)
def test_a_port_that_refuses(alone, argv):
    done = alone.run(*argv, "--json", "-u", dead_url(), env={"JOBCTL_TIMEOUT": None})
    assert (done.code, done.document["exit_code"]) == (7, 7)
    assert "refused" in problem_of(done.document)["message"]


def test_a_submit_that_fails_closes_the_stream_it_would_have_begun(jobctl, box):
    box.set_faults(["submit-error=100%"])
    done = jobctl.run("submit", "a=b", "--watch", "--json")
    assert (done.code, done.result["exit_code"], done.result["jobs"]) == (7, 7, [])
    assert "may or may not exist" in done.result["problem"]["message"]


@pytest.mark.parametrize("argv", [*COMMANDS, STREAMS[1]])
def test_an_interrupt(alone, argv):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        program = alone.start(*argv, "--json", "-u", f"http://127.0.0.1:{server.getsockname()[1]}")
        peer, _ = server.accept()
        with peer:
            peer.recv(65536)
            program.signal(signal.SIGINT)
            done = program.finish(5)
    assert (done.code, done.document["exit_code"]) == (130, 130)
    assert done.document["problem"]["message"].startswith("interrupted")
    assert done.document.get("type") == ("result" if "--watch" in argv else None)


@pytest.mark.parametrize("argv", [("watch", "1", "--timeout", "soon"), ("watch",), ("list", "--limit", "x")])
def test_what_the_parser_refuses(alone, argv):
    done = alone.run(*argv, "--json")
    assert (done.code, done.document["exit_code"]) == (2, 2)
    assert "type" not in done.document or done.result


def test_the_jobs_own_error_and_ours_have_different_names(box, jobctl):
    failed = box.submit(duration=0, pending=0, steps=1, end="failed")
    good, missing = jobctl.run("status", failed, "99", "--json").document["jobs"]
    assert isinstance(good["error"], str)
    assert "problem" not in good
    assert "error" not in missing
    assert missing["problem"]["hint"]
    assert (good["exit_code"], missing["exit_code"]) == (3, 8)


@pytest.mark.parametrize(
    ("error", "ending", "code", "message"),
    [
        (TransportError("refused"), "error", ExitCode.LOST_CONTACT, "refused"),
        (ApiError("HTTP 403", status=403), "error", ExitCode.AUTH, "HTTP 403"),
        (KeyboardInterrupt(), "interrupted", ExitCode.INTERRUPTED, "interrupted"),
        (ZeroDivisionError(EVIL), "error", ExitCode.INTERNAL, "ZeroDivisionError"),
    ],
)
def test_an_error_ends_every_job_with_the_same_document(error, ending, code, message):
    documents, found = error_ending(iter(["7", "8"]), error)
    assert found is code
    assert [document["job"] for document in documents] == ["7", "8"]
    for document in documents:
        assert (document["status"], document["ending"], document["exit_code"]) == (None, ending, int(code))
        assert message in document["message"]
        assert document["message"].isprintable()

"""The one sink: what goes to which stream, and what happens when nobody reads it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.cli import output
from jobctl.errors import ApiError, ConfigError, ProtocolError, TransportError
from jobctl.exit_codes import ExitCode


@contextmanager
def closed_pipe(monkeypatch):
    """Make stdout a pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        yield
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, writer)  # what is still buffered goes there
    os.close(nowhere)
    stream.close()


def program(code, **more):
    """Run code with `output` imported, in a process of its own."""
    code = f"from jobctl.cli import output\n{code}"
    environ = os.environ | {"PYTHONIOENCODING": more.pop("encoding", "utf-8")}
    return subprocess.run([sys.executable, "-c", code], timeout=30, check=False, env=environ, **more)


# --- where lines go --------------------------------------------------------------------------------------


def test_results_go_to_stdout_and_everything_else_to_stderr(capsys):
    output.result("one")
    output.note("two")
    output.tell("three")
    assert capsys.readouterr() == ("one\n", "two\njobctl: three\n")


@given(
    st.recursive(
        st.none() | st.text() | st.floats(),
        lambda inner: st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    )
)
def test_a_document_is_one_line_of_ascii_that_reads_back(document):
    stream = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        output.result_json(document)
    line = stream.getvalue()
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    assert line.isascii()
    assert json.dumps(json.loads(line)) == json.dumps(document)


def test_a_document_may_hold_what_json_has_no_word_for(capsys):
    output.result_json({"code": ExitCode.GONE, "path": os.devnull, "odd": object})
    assert json.loads(capsys.readouterr().out)["code"] == 8


def test_each_line_is_out_before_the_next_is_made(monkeypatch):
    class Buffered(io.StringIO):
        out = ""

        def flush(self):
            self.out = self.getvalue()

    monkeypatch.setattr(sys, "stdout", stream := Buffered())
    output.result("one")
    assert stream.out == "one\n"


# --- nobody reads ----------------------------------------------------------------------------------------


def test_a_reader_that_went_away_is_no_error_of_ours(monkeypatch):
    for write in (output.result, output.result_json):
        with closed_pipe(monkeypatch), pytest.raises(output.ReaderGone):
            write("x")
    assert not issubclass(output.ReaderGone, (ConfigError, OSError))


def test_after_giving_up_stdout_nothing_meets_the_closed_pipe(monkeypatch):
    with closed_pipe(monkeypatch):
        with pytest.raises(output.ReaderGone):
            output.result("x")
        output.give_up_stdout()
        sys.stdout.flush()
        output.result("y")


def test_a_stdout_that_cannot_be_written_is_told(monkeypatch):
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stdout", stream)
    with pytest.raises(ConfigError, match="cannot write to stdout") as caught:
        output.result("x")
    assert caught.value.hint


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_is_told_once_and_ends_with_the_code_of_a_usage_error():
    code = (
        "from jobctl.errors import ConfigError\n"
        "try: output.result('x')\n"
        "except ConfigError as error: output.leave(output.show_error(error))"
    )
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = program(code, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.count("cannot write to stdout") == 1
    assert "Traceback" not in done.stderr


def test_a_closed_stderr_loses_the_line_and_nothing_else(monkeypatch, capsys):
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    output.note("lost")
    output.result("kept")
    assert capsys.readouterr().out == "kept\n"


def test_giving_up_a_stdout_without_a_descriptor_is_harmless(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    output.give_up_stdout()
    output.result("still here")
    assert sys.stdout.getvalue() == "still here\n"


# --- streams ---------------------------------------------------------------------------------------------


def test_a_terminal_that_knows_only_ascii_gets_escapes():
    done = program(
        "output.prepare_streams(); output.result('é×'); output.note('…')",
        encoding="ascii",
        capture_output=True,
    )
    assert (done.returncode, done.stdout.split(), done.stderr.split()) == (0, [rb"\xe9\xd7"], [rb"\u2026"])


@pytest.mark.skipif(sys.platform == "win32", reason="closes descriptors as POSIX shells do")
def test_a_closed_descriptor_is_never_given_to_a_socket():
    code = (
        "import socket, sys\n"
        "output.prepare_streams()\n"
        "with socket.socket() as one: number = one.fileno()\n"
        "sys.exit(0 if number > 2 else 1)"
    )
    done = program(code, preexec_fn=lambda: [os.close(number) for number in (0, 1, 2)])
    assert done.returncode == 0


def test_what_is_a_terminal():
    closed = io.StringIO()
    closed.close()
    assert [output.is_terminal(stream) for stream in (io.StringIO(), closed, None)] == [False] * 3


# --- errors and endings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (ConfigError("no profile"), 2, ["jobctl: no profile"]),
        (ConfigError("no profile", hint="make one"), 2, ["jobctl: no profile", "  make one"]),
        (TransportError("refused", hint="is it up?"), 7, ["jobctl: refused", "  is it up?"]),
        (ProtocolError("a page", kind="not-json"), 7, ["jobctl: a page"]),
        (
            ApiError("HTTP 403", status=403, detail="not yours", hint="ask"),
            6,
            ["jobctl: HTTP 403", "  the server says: not yours", "  ask"],
        ),
        (ApiError("HTTP 404: not here", status=404, detail="not here"), 8, ["jobctl: HTTP 404: not here"]),
    ],
)
def test_an_error_is_told_with_the_next_step_and_nothing_twice(capsys, error, code, lines):
    assert output.show_error(error) == code
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == ("", lines)


def test_the_servers_words_in_an_error_cannot_drive_a_terminal(capsys):
    output.show_error(ApiError("HTTP 400", status=400, detail="\x1b[2J\u202e" + "x" * 5000))
    told = capsys.readouterr().err
    assert told.replace("\n", "").isprintable()
    assert len(told) < 700


@pytest.mark.parametrize("code", ExitCode)
def test_leaving_takes_the_code_along(code):
    with pytest.raises(SystemExit) as caught:
        output.leave(code)
    assert caught.value.code == int(code)

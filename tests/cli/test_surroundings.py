"""The process and its surroundings: no home, no rights, no disk, nobody reading, files that are wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

LONG = {"duration": 60, "pending": 0, "steps": 30}
NOW = {"duration": 0, "pending": 0, "steps": 1}
full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110


def is_clean(done, code, *said):
    assert done.code == code, done
    assert "Traceback" not in done.err
    assert "internal error" not in done.err
    assert "Exception ignored" not in done.err
    for words in said:
        assert words in done.err, done


# --- files --------------------------------------------------------------------------------------------------


def test_an_unknown_profile_is_guessed(alone):
    done = alone.run("status", "1", "-p", "generatoin")
    is_clean(done, 2, "generatoin", "generation")
    assert len(done.err.splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[profiles.x\nread = 1", "at line 1"),
        ('[profiles.x]\nread = "GET /j/{id}"\n\nname = what', "at line 4"),
        ('[profiles.x]\nread = "FETCH /j/{id}"\n', "profiles.x.read"),
        ('[profiles.x]\nraed = "GET /j/{id}"\n', "did you mean"),
        ("timeuot = 3", "timeuot"),
        ('timeout = "soon"', "timeout"),
        ("\xff\x00", "jobctl.toml"),
    ],
)
def test_a_settings_file_that_is_wrong(alone, tmp_path, text, said):
    (tmp_path / "jobctl.toml").write_text(text, encoding="latin-1")
    for argv in (["status", "1"], ["watch", "1"], ["profiles"]):
        is_clean(alone.run(*argv), 2, said)


def test_a_settings_file_that_nobody_may_read_or_that_is_a_folder(alone, tmp_path):
    (tmp_path / "jobctl.toml").mkdir()
    is_clean(alone.run("status", "1"), 2, "jobctl.toml", "cannot be read")


@pytest.mark.parametrize("fresh", [True])
def test_no_home_and_a_folder_that_cannot_be_written(box, jobctl, tmp_path, fresh):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    job = box.submit(**NOW)
    for argv in (["status", job], ["watch", job], ["cancel", job], ["list"], ["profiles"]):
        done = jobctl.run(*argv, fresh=fresh, cwd=folder, env={"HOME": None})
        is_clean(done, 9 if argv[0] == "cancel" else 0)


def test_a_folder_that_is_gone(jobctl, box, tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    # The installed program: `python -c` and `-m` put the folder itself on sys.path.
    program = str(Path(sys.executable).parent / "jobctl")
    done = subprocess.run(
        ["sh", "-c", 'rmdir "$PWD"; exec "$0" "$@"', program, "status", box.submit(**NOW)],
        cwd=folder, env=jobctl.environ, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


# --- the log ------------------------------------------------------------------------------------------------


@full
def test_a_full_disk_under_the_log_ends_the_log_and_not_the_watch(box, jobctl):
    job = box.submit(duration=0.3, steps=2)
    done = jobctl.run("watch", job, "--log", "/dev/full", "--json")
    assert (done.code, done.result["jobs"][0]["status"]) == (0, "completed")
    assert done.err.count("--log: writing '/dev/full' failed (No space left on device)") == 1


@pytest.mark.parametrize("verb", ["watch", "status", "cancel", "submit"])
@pytest.mark.parametrize("path", ["missing/log", ".", "log\0x"])
def test_a_log_that_cannot_be_opened_is_told_before_anything_is_done(box, jobctl, verb, path):
    if "\0" in path:
        path = "x" * 300
    argv = ("1",) if verb != "submit" else ("a=b", "--watch")
    is_clean(jobctl.run(verb, *argv, "--log", path), 2, "--log")
    assert box.requests()["routes"].get("POST /api/v1/generation-jobs") is None


def test_a_minimal_log_from_elsewhere(tmp_path, alone):
    """`at`, `job`, `source` and `payload` are enough; the profile may come from the command line."""
    lines = [
        {"at": "2026-01-01T00:00:00Z", "job": "7", "source": "poll", "payload": {"id": "7", "status": status}}
        for status in ("queued", "running", "succeeded")
    ]
    (tmp_path / "log").write_text("\n".join(map(json.dumps, lines)))
    done = alone.run("explain", "log", "-p", "v1", "--json")
    assert (done.code, done.document["decisions"]) == (0, 3)
    assert done.document["jobs"][0]["status"] == "completed"


def test_an_empty_log_and_none(tmp_path, alone):
    (tmp_path / "log").write_bytes(b"")
    done = alone.run("explain", "log")
    assert done.code == 0
    assert "no decisions" in done.err
    assert alone.run("explain", "nothing").code == 2
    assert alone.run("explain", ".").code == 2


CLOSED = 'exec {redirect}; exec "$0" -m jobctl "$@"'


# --- nobody reads -------------------------------------------------------------------------------------------


def test_head_takes_one_line_and_leaves(box, jobctl):
    job = box.submit(**LONG | {"duration": 3})
    program = jobctl.start("watch", job)
    program.until("running")
    program.close_stdout()
    done = program.finish(10)
    assert done.code in {130, -signal.SIGPIPE}
    assert done.err == ""


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_head_before_the_first_line(box, jobctl, flags):
    job = box.submit(**NOW)
    program = jobctl.start("watch", job, *flags, fresh=True)
    program.close_stdout()
    done = program.finish(10)
    assert (done.code, done.err) == (130, "")


def test_the_shell_pipe_itself(box, jobctl):
    line = f"{sys.executable} -m jobctl list --json | head -c 5; echo ${{PIPESTATUS[0]}}"
    box.submit(**NOW)
    done = subprocess.run(
        ["bash", "-c", line], env=jobctl.environ, cwd=jobctl.cwd, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip
    assert done.stdout.startswith('{"job')
    assert done.stderr == ""


@full
@pytest.mark.parametrize("argv", [["--version"], ["--help"], ["watch", "--help"], ["profiles"], ["list"]])
def test_whoever_writes_a_full_disk_is_told_the_same_way(jobctl, argv):
    with open("/dev/full", "wb") as target:  # noqa: PTH123
        done = jobctl.run(*argv, stdout=target.fileno(), fresh=True)
    is_clean(done, 2, "cannot write to stdout: No space left on device")


@pytest.mark.parametrize("argv", [["--version"], ["--help"], ["sandbox", "--help"], ["profiles"]])
def test_whoever_writes_a_reader_that_left_is_no_error(alone, argv):
    program = alone.start(*argv, fresh=True)
    program.close_stdout()
    done = program.finish(10)
    assert (done.code, done.err) == (130, "")


@pytest.mark.parametrize("argv", [["--version"], ["--help"], ["profiles"], ["list", "--json"]])
def test_whoever_writes_a_closed_stdout_is_no_success(jobctl, argv):
    done = subprocess.run(
        ["bash", "-c", CLOSED.format(redirect=">&-"), sys.executable, *argv],
        env=jobctl.environ, cwd=jobctl.cwd, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "cannot write to stdout: it is closed" in done.stderr
    assert "Traceback" not in done.stderr


@full
@pytest.mark.parametrize("argv", [["status"], ["watch"], ["watch", "--json"], ["cancel"]])
def test_a_full_disk_under_stdout(box, jobctl, argv):
    job = box.submit(**NOW)
    with open("/dev/full", "wb") as target:  # noqa: PTH123
        done = jobctl.run(argv[0], job, *argv[1:], stdout=target.fileno(), fresh=True)
    is_clean(done, 2, "cannot write to stdout: No space left on device")


@pytest.mark.parametrize("redirect", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("verb", ["status", "watch"])
def test_closed_streams(box, jobctl, verb, redirect):
    job = box.submit(**NOW, end="failed")
    done = subprocess.run(
        ["bash", "-c", CLOSED.format(redirect=redirect), sys.executable, verb, job],
        env=jobctl.environ, cwd=jobctl.cwd, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    is_lost = ">&-" in redirect.replace("2>&-", "")
    assert done.returncode == (2 if is_lost else 3)
    if redirect == ">&-":
        assert "cannot write to stdout: it is closed" in done.stderr


def test_closed_stdin_under_submit(box, jobctl):
    done = subprocess.run(
        ["bash", "-c", CLOSED.format(redirect="<&-"), sys.executable, "submit", "-"],
        env=jobctl.environ, cwd=jobctl.cwd, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "stdin" in done.stderr
    assert box.requests()["total"] == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_cannot_spell_it(box, jobctl, encoding):
    job = box.submit("v1", job_id="é✓" + encoding, **NOW)
    done = jobctl.run(
        "status", job, "-p", "v1", fresh=True, env={"PYTHONIOENCODING": encoding, "LC_ALL": "C"}
    )
    is_clean(done, 0)
    assert "completed" in done.out


# --- plain output -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [[], ["-v"], ["-q"], ["--json"]])
def test_without_a_terminal_there_is_no_escape_at_all(box, jobctl, flags):
    box.set_faults(["ws-pending", "ws-drop=50%"])
    jobs = [box.submit(duration=0.3, steps=3) for _ in range(2)]
    done = jobctl.run("watch", *jobs, *flags, env={"FORCE_COLOR": None, "TERM": "xterm-256color"})
    assert done.code == 0
    assert "\x1b" not in done.out + done.err
    assert "\r" not in done.out + done.err
    if flags == ["-q"]:
        assert sorted(line.split()[:2] for line in done.out.splitlines()) == [
            [job, "completed"] for job in jobs
        ]
        assert done.err == ""


def test_ignored_words_are_told_once_with_their_reason(box, jobctl):
    box.set_faults(["ws-pending"])
    job = box.submit(duration=2.5, pending=0, steps=4)
    done = jobctl.run("watch", job)
    assert done.code == 0
    assert done.err.count("'pending' from stream") == 1
    assert "unversioned-regression" in done.err


@pytest.mark.parametrize("argv", [["--help"], ["watch", "--help"], ["sandbox", "--help"], ["-h"]])
def test_help(alone, argv):
    done = alone.run(*argv, fresh=True)
    assert (done.code, done.err) == (0, "")
    assert "Usage" in done.out
    if argv[0] == "sandbox":
        assert "ws-accept-close" in done.out


def test_version(alone):
    for fresh in (False, True):
        done = alone.run("--version", fresh=fresh)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("jobctl ")
        assert done.out.split()[1] == version("jobctl")

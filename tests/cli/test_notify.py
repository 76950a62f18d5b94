"""What a notification is given, and that none of it can keep a watch from ending."""

from __future__ import annotations

import json
import os
import select
import sys

import pytest

from jobctl.cli import notify
from jobctl.cli.notify import Notify
from jobctl.exit_codes import ExitCode

TOLD = """
import json, os, sys
names = ("JOBCTL_JOBS", "JOBCTL_JOB")
document = [len(json.load(sys.stdin)["jobs"]), *(os.environ.get(name) for name in names)]
open(sys.argv[1], "w").write(json.dumps(document))
"""


@pytest.fixture
def told(tmp_path):
    """What the command was told at an end with these jobs: how many on stdin, and two variables."""

    def run(*jobs):
        (tmp_path / "notify.py").write_text(TOLD)
        out = tmp_path / "told.json"
        command = f"'{sys.executable}' '{tmp_path}/notify.py' '{out}'"
        Notify(command).end([{"job": job, "status": "completed"} for job in jobs], ExitCode.COMPLETED)
        return json.loads(out.read_text())

    return run


def test_more_jobs_than_a_variable_can_carry(told):
    ids = [f"3f2504e0-4f89-41d3-9a0c-{number:012}" for number in range(10_000)]
    assert told(*ids) == [10_000, None, None]
    assert told(*ids[:1000]) == [1000, " ".join(ids[:1000]), None]


def test_ids_no_variable_can_carry(told):
    assert told("x" * 200_000) == [1, None, None]
    assert told("a\0b\ud800") == [1, "ab\\ud800", "ab\\ud800"]


def test_quotes_and_dollars_are_no_shell(tmp_path, capfd):
    Notify("echo '$HOME' \"a  b\" ; > x").end([], ExitCode.COMPLETED)
    assert capfd.readouterr().err == "$HOME a  b ; > x\n"


def test_a_command_that_reads_nothing_is_no_failure(capfd):
    Notify("true").end([{"job": "1", "result": "x" * 3_000_000}], ExitCode.COMPLETED)
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_a_command_that_hangs_is_stopped_with_all_it_started(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(notify, "_PATIENCE", 0.5)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        Notify(f"sh -c 'exec 3>\"{fifo}\"; echo here >&3; sleep 60; :'").end([], ExitCode.COMPLETED)
        said = b""
        while select.select([reading], [], [], 20)[0] and (part := os.read(reading, 99)):
            said += part
        assert (said, os.read(reading, 99)) == (b"here\n", b""), "nobody has it open any more"
    finally:
        os.close(reading)
    assert "sh did not end within 0.5 s, and was stopped" in capfd.readouterr().err

"""The live view, in a pseudo-terminal."""

from __future__ import annotations

import re

import pytest
from support.terminals import finish

pexpect = pytest.importorskip("pexpect", reason="pseudo-terminals are POSIX")

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def text(child):
    return ESCAPE.sub("", child.before)


def test_status_bar_age_source_and_socket(box, terminal):
    job = box.submit(duration=3, pending=0, steps=12)
    child = terminal("watch", job)
    child.expect("socket up")
    child.expect(r"as of \d+\w* ago via (poll|stream)")
    seen = text(child)
    assert job in seen
    assert "running" in seen
    assert "%" in seen
    assert "━" in seen, "a progress bar"
    assert finish(child) == 0
    assert "completed" in text(child)


def test_retries_of_a_socket_that_is_refused(box, terminal):
    box.set_faults(["ws-refuse"])
    job = box.submit(duration=60, pending=0)
    child = terminal("watch", job)
    child.expect(r"socket down, retry [1-4]/5")
    child.sendintr()
    assert finish(child) == 130


def test_failing_reads_show(box, terminal):
    box.set_faults(["http-5xx=100%", "ws-refuse"])
    child = terminal("watch", box.submit(duration=60))
    child.expect("no word yet")
    child.expect(r"reads failing ×\d")
    child.sendintr()
    assert finish(child) == 130


def test_ctrl_c_leaves_a_clean_screen(box, terminal):
    job = box.submit(duration=60, pending=0)
    child = terminal("watch", job)
    child.expect("socket up")
    child.sendintr()
    child.expect(pexpect.EOF)
    rest = child.before
    child.close()
    assert child.exitstatus == 130
    assert rest.count("\x1b[?25h") >= 1, "the cursor is back"
    last = ESCAPE.sub("", rest).rstrip().splitlines()[-1]
    assert last.startswith("jobctl: pick it up again with: jobctl watch")
    assert "━" not in last


def test_no_color_is_respected(box, terminal):
    child = terminal("watch", box.submit(duration=0.5, pending=0), NO_COLOR="1")
    child.expect(pexpect.EOF)
    colours = re.findall(r"\x1b\[[0-9;]*m", child.before)
    assert not [code for code in colours if re.search(r"\b(3[0-9]|4[0-9]|9[0-7])\b", code)], colours


def test_a_dumb_terminal_gets_plain_lines(box, terminal):
    child = terminal("watch", box.submit(duration=0.4, pending=0), TERM="dumb")
    child.expect(pexpect.EOF)
    assert "\x1b[" not in child.before
    assert "completed" in child.before


def test_quiet_and_json_have_no_live_view(box, terminal):
    for flag in ("-q", "--json"):
        child = terminal("watch", box.submit(duration=0.3, pending=0), flag)
        child.expect(pexpect.EOF)
        assert "\x1b" not in child.before


def test_many_jobs_fit_the_screen(box, terminal):
    jobs = [box.submit(duration=60, pending=0) for _ in range(30)]
    child = terminal("watch", *jobs, "--max-rate", "200")
    child.expect(r"30 jobs: 30 running")
    child.sendintr()
    assert finish(child) == 130


def test_the_servers_escapes_do_not_reach_the_screen(box, terminal):
    box.set_faults(["ansi"])
    child = terminal("watch", box.submit(duration=0.3, pending=0, end="failed"))
    child.expect(pexpect.EOF)
    assert "\x1b[2J" not in child.before
    assert "\x07" not in child.before
    assert "\\x1b[2J" in child.before


ROW = re.compile(r"[^\r\n]*(?:[·|] (?:as of )?\d+\w* ago|no word yet)[^\r\n]*")


@pytest.mark.parametrize("columns", [60, 80, 100, 140])
def test_the_socket_stays_in_sight_and_the_row_short(box, terminal, columns):
    box.set_faults(["ws-refuse"])
    job = box.submit(duration=60, pending=0, steps=60)
    child = terminal("watch", job, columns=columns)
    child.expect(r"socket down(, retry)? [2-4]/5")
    rows = ROW.findall(text(child))
    child.sendintr()
    assert finish(child) == 130
    assert rows
    assert max(map(len, rows)) <= columns - 2


def test_a_terminal_of_ascii_gets_ascii(box, terminal):
    job = box.submit(duration=60, pending=0)
    child = terminal("watch", job, columns=80, LC_ALL="C", PYTHONIOENCODING="ascii")
    child.expect(r"0 % \| as of \d+s ago")
    child.expect("socket up")
    child.sendintr()
    assert finish(child) == 130
    assert "\\u" not in child.before
    assert "\\x" not in child.before


def test_a_step_back_is_a_line_with_its_reason(box, terminal):
    job = box.submit(duration=10, steps=50, pending=0.1, requeue_at=3.0)
    child = terminal("watch", job)
    child.expect(r"requeued: the server put the job back")
    child.sendintr()
    assert finish(child) == 130


def test_a_server_that_asks_to_be_left_alone(box, terminal):
    box.set_faults(["rate-limit=1s@100"])
    child = terminal("watch", box.submit(duration=60), "--no-stream")
    child.expect(r"waiting \d+\w*: the server asked for it")
    child.sendintr()
    assert finish(child) == 130


def test_silence_is_counted(box, terminal):
    box.set_faults(["hang"])
    child = terminal("watch", box.submit(duration=60))
    child.expect(r"no word yet, 1s")
    child.sendintr()
    assert finish(child) == 130

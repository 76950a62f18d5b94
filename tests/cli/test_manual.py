"""The manual page: complete, clean roff, the same each time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.components import require_program

import jobctl
from jobctl.cli.app import COMMANDS
from jobctl.cli.manual import _prose, _text, page
from jobctl.cli.topics import Topic, table_of

PLAIN = page().replace("\\-", "-").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "")


def rendered(text, *how):
    """What a reader sees, and what the formatter complains about."""
    require_program("groff")
    done = subprocess.run(
        ["groff", "-man", "-Tascii", "-ww", "-P-cbou", *how], input=text, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return done.stdout, done.stderr


def test_every_command_option_and_list_is_in_it():
    for commands in COMMANDS.values():
        for name in commands:
            assert f".SS jobctl {name} " in PLAIN
    for word in ("--until pending|running|completed", "-t, --timeout DURATION", "--otel", "--any, --all"):
        assert word in PLAIN
    for topic in set(Topic) - {Topic.MAN}:
        for row in table_of(topic)[1]:
            assert f".TP\n{row[0]}" in PLAIN, topic


def test_what_is_hidden_is_left_out():
    from typer.main import get_command  # noqa: PLC0415

    from jobctl.cli.app import app  # noqa: PLC0415

    hidden = [
        name
        for command in get_command(app).commands.values()
        for one in command.params
        if one.hidden
        for name in one.opts
    ]
    assert not [name for name in hidden if f"\n{name}\n" in PLAIN]


def test_every_variable_that_the_code_reads_is_told():
    source = Path(jobctl.__file__).parent
    named = {
        name
        for path in source.rglob("*.py")
        for name in re.findall(r'"(JOBCTL_[A-Z_]+|GITHUB_STEP_SUMMARY|NO_COLOR)\b', path.read_text("utf-8"))
    }
    assert named
    assert [name for name in sorted(named) if name not in PLAIN] == []


def test_it_is_the_same_whoever_asks(monkeypatch, alone, tmp_path):
    text = page()
    monkeypatch.setattr(sys, "argv", ["jobctl", "sandbox"])
    assert page() == text
    (tmp_path / "jobctl.toml").write_text('[profiles.mine]\nread = "GET /jobs/{id}"\n')
    done = alone.run("help", "man", env={"COLUMNS": "40", "TERMINAL_WIDTH": "40", "FORCE_COLOR": "1"})
    assert (done.code, done.err, done.out) == (0, "", text)


def test_a_formatter_finds_nothing_wrong():
    shown, wrong = rendered(page())
    assert wrong == ""
    assert "jobctl - submit, watch and cancel jobs" in shown
    assert "EXIT STATUS" in shown


def test_man_shows_it():
    require_program("man")
    env = os.environ | {"MANWIDTH": "80", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["man", "--warnings", "-l", "-"], input=page(), capture_output=True, text=True, env=env, check=False
    )
    if "command not found" in done.stderr or "minimized" in done.stdout:
        pytest.skip("man is a stand-in here")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--idempotency-key" in re.sub(r".\x08", "", done.stdout)


@pytest.mark.parametrize(
    "text",
    [".so /etc/passwd", "'br", "a\\b", "-x --y", "\\n(.k", "a `\\b` c", "`-x`", "x\n.so /etc/passwd", "«é»"],
)
def test_no_text_is_taken_for_a_request(text):
    shown, wrong = rendered(f'.TH X 1 "" "x" "y"\n.SH NAME\n{_text(text)}\n', "-Tutf8")
    assert wrong == ""
    assert "".join(text.replace("`", "").split()) in "".join(shown.split())


@given(st.text())
def test_prose_is_always_ascii_lines(text):
    assert _prose(f"x {text}").isascii()
    assert "\n" not in _text(text)

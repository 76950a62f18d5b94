"""The profile put into a file, or nothing at all."""

from __future__ import annotations

import os
import signal
import sys
import tomllib

import pytest
from support.drafts import make_draft
from support.program import check_message
from support.remembering import ended, in_child

from jobctl.cli.init_write import profile_of, write_profile
from jobctl.errors import ConfigError
from jobctl.openapi.profile_text import profile_text
from jobctl.profile.load import read_config


def profiles(folder):
    return tomllib.loads((folder / "jobctl.toml").read_text("utf-8"))["profiles"]


def test_what_is_there_is_not_touched(jobctl):
    before = '# mine\nprofile = "old"\n\n[profiles.old]\nread = "GET /x/{id}"\n'
    file = jobctl.cwd / "jobctl.toml"
    file.write_text(before)
    file.chmod(0o640)
    assert jobctl.run("init", "--name", "v1").code == 0
    after = file.read_text()
    assert after.startswith(before)
    assert file.stat().st_mode & 0o777 == 0o640
    check_message(jobctl.run("init", "--name", "v1"), 2, "a profile 'v1' is there already", "--force")
    assert file.read_text() == after
    assert jobctl.run("init", "--name", "v1", "--force").code == 0
    assert profiles(jobctl.cwd).keys() == {"old", "v1"}
    assert [path.name for path in jobctl.cwd.glob(".jobctl*")] == []


def test_a_broken_file_is_left_alone(jobctl):
    file = jobctl.cwd / "jobctl.toml"
    file.write_bytes(b"[profiles")
    check_message(jobctl.run("init", "--name", "v1"), 2, "jobctl.toml: not valid TOML")
    file.write_bytes(b"\xff")
    check_message(jobctl.run("init", "--name", "v1"), 2, "jobctl.toml: not UTF-8")
    assert file.read_bytes() == b"\xff"
    check_message(jobctl.run("init", "--name", "v1", "--out", "no/such/folder.toml"), 2, "cannot be written")


def write(folder, text="[profiles.x]\nread = 'GET /x/{id}'\n", name="x", force=False, out="jobctl.toml"):
    write_profile(folder / out, name, text, force=force)


def test_a_new_file_and_a_second_profile(tmp_path):
    write(tmp_path)
    write(tmp_path, "[profiles.y]\nread = 'GET /y/{id}'\n", name="y")
    assert tomllib.loads((tmp_path / "jobctl.toml").read_text("utf-8"))["profiles"].keys() == {"x", "y"}
    assert [path.name for path in tmp_path.iterdir()] == ["jobctl.toml"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[profiles", "not valid TOML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"profiles = 3\n", "`profiles` is no table"),
        (b"[[profiles]]\nx = 1\n", "`profiles` is no table"),
        (b"profiles = { x = {} }\n", "there already"),
        (b"#" * ((1 << 20) + 1), "larger than 1 MB"),
        (b"[profiles.x]\n", "there already"),
    ],
)
def test_a_file_that_cannot_take_it_stays_as_it_is(tmp_path, content, said):
    file = tmp_path / "jobctl.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=said) as caught:
        write(tmp_path)
    assert str(file) in caught.value.message
    assert file.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["jobctl.toml"]


@pytest.mark.parametrize("content", ["\ufeff[a]\r\nb = 1\r\n", "# no newline at the end", "\n\n\n", ""])
def test_what_is_there_is_kept_to_the_byte(tmp_path, content):
    file = tmp_path / "jobctl.toml"
    file.write_bytes(content.encode())
    write(tmp_path)
    assert file.read_bytes().startswith(content.encode().rstrip(b"\n"))
    read_config(file)


@pytest.mark.parametrize(
    ("out", "said"), [("no/such/x.toml", "No such file"), ("a" * 300, "too long"), (".", "")]
)
def test_a_place_where_nothing_can_be(tmp_path, out, said):
    with pytest.raises(ConfigError, match=f"cannot be written: .*{said}"):
        write(tmp_path, out=out)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="pipes in folders are POSIX")
def test_a_pipe_is_neither_waited_for_nor_replaced(tmp_path):
    os.mkfifo(tmp_path / "jobctl.toml")
    with pytest.raises(ConfigError, match=r"jobctl.toml: a device or a pipe, no file"):
        write(tmp_path)
    assert (tmp_path / "jobctl.toml").is_fifo()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_somebody_else(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match="Permission denied"):
        write(tmp_path)
    tmp_path.chmod(0o700)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_stays_a_link(tmp_path):
    inner = tmp_path / "dotfiles"
    inner.mkdir()
    (tmp_path / "jobctl.toml").symlink_to(inner / "real.toml")
    for name in ("x", "y"):
        write(tmp_path, f"[profiles.{name}]\nread = 'GET /x/{{id}}'\n", name=name)
    assert (tmp_path / "jobctl.toml").is_symlink()
    assert tomllib.loads((inner / "real.toml").read_text("utf-8"))["profiles"].keys() == {"x", "y"}
    (tmp_path / "loop.toml").symlink_to(tmp_path / "loop.toml")
    with pytest.raises(ConfigError, match="cannot be written"):
        write(tmp_path, out="loop.toml")


def test_a_disk_that_is_full_costs_nothing_that_was_there(tmp_path):
    resource = pytest.importorskip("resource", reason="a limit on files is POSIX")
    write(tmp_path)
    before = (tmp_path / "jobctl.toml").read_bytes()

    def work():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        with pytest.raises(ConfigError, match="cannot be written: File too large"):
            write(tmp_path, "[profiles.y]\nread = 'GET /y/{id}'\n", name="y")

    assert ended(in_child(work)) == 0
    assert (tmp_path / "jobctl.toml").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["jobctl.toml"]


def test_what_cannot_be_read_back_is_no_profile():
    draft = make_draft()
    assert profile_of(draft, profile_text(draft)).name == "x"
    with pytest.raises(ConfigError, match=r"jobctl init: profiles.x.read"):
        profile_of(draft, "[profiles.x]\nread = 'BREW /x'\n")

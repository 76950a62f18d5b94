from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess

import pytest

from jobctl.store.database import open_for_reading, open_for_writing, told
from jobctl.store.errors import StoreError, Trouble


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_only_the_user_may_read_it(folder, path, db):
    db.execute("INSERT INTO facts VALUES ('x', 1)")
    assert mode(folder) == 0o700
    assert {mode(one) for one in folder.iterdir()} == {0o600}
    assert len(list(folder.iterdir())) == 3, "the write-ahead log and its index too"


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_a_file_that_others_could_read_is_closed_to_them(path):
    open_for_writing(path, wait=1.0).close()
    path.chmod(0o644)
    open_for_writing(path, wait=1.0).close()
    assert mode(path) == 0o600


def test_nothing_written_yet_is_no_error(path):
    assert open_for_reading(path, wait=0.1) is None
    path.parent.mkdir()
    path.touch()
    assert open_for_reading(path, wait=0.1) is None


def test_a_reader_cannot_write(path, db):
    with (
        contextlib.closing(open_for_reading(path, wait=0.1)) as reader,
        pytest.raises(sqlite3.OperationalError),
    ):
        reader.execute("INSERT INTO facts VALUES ('x', 1)")


def garbage(path):
    path.parent.mkdir()
    path.write_bytes(b"this is no database, and never was one" * 100)


def a_file_for_a_folder(path):
    path.parent.write_text("a file")


def a_folder_for_a_file(path):
    path.mkdir(parents=True)


@pytest.mark.parametrize(
    ("damage", "trouble", "hint"),
    [
        (garbage, Trouble.CORRUPT, "move it away"),
        (a_file_for_a_folder, Trouble.NO_PLACE, "JOBCTL_STATE_DIR"),
        (a_folder_for_a_file, Trouble.NO_PLACE, "JOBCTL_STATE_DIR"),
    ],
)
def test_what_is_wrong_is_told_with_the_next_step(path, damage, trouble, hint):
    damage(path)
    for opened in (open_for_writing, open_for_reading):
        with pytest.raises(StoreError) as error:
            opened(path, wait=0.1)
        assert (error.value.trouble, hint in error.value.hint) == (trouble, True), error.value
        assert str(path) in error.value.message


@pytest.mark.skipif(os.name != "posix", reason="a command of POSIX shells")
def test_the_side_files_are_moved_away_with_a_damaged_file(path):
    garbage(path)
    path.with_name(f"{path.name}-wal").touch()
    with pytest.raises(StoreError) as error:
        open_for_writing(path, wait=0.1)
    moves = error.value.hint.partition(": ")[2]
    subprocess.run(moves, shell=True, check=True)  # noqa: S602 -- what a user pastes
    assert sorted(one.name for one in path.parent.iterdir()) == ["memory.db.bad", "memory.db.bad-wal"]
    open_for_writing(path, wait=0.1).close()


def test_a_locked_file_passes_by_itself(path, db):
    db.execute("BEGIN IMMEDIATE")
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    with pytest.raises(StoreError) as error, told(path):
        other.execute("BEGIN IMMEDIATE")
    other.close()
    assert error.value.trouble is Trouble.LOCKED
    with contextlib.closing(open_for_reading(path, wait=0.1)) as reader:
        assert reader.execute("SELECT count(*) FROM jobs").fetchone() == (0,), (
            "readers do not wait for a writer"
        )


def test_a_full_disk_is_told(path, db):
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(StoreError) as error, told(path):
        db.execute("INSERT INTO scopes VALUES (1, ?, '')", ("x" * 100_000,))
    assert error.value.trouble is Trouble.FULL
    assert "make room" in error.value.hint

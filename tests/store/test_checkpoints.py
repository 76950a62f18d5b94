from __future__ import annotations

import threading

from jobctl.store.checkpoints import EACH_BYTES, Checkpoints


def ours():
    return [one for one in threading.enumerate() if one.name == "jobctl-checkpoints"]


def test_little_is_folded_in_by_nobody(path, db):
    checkpoints = Checkpoints(path)
    checkpoints.wrote(EACH_BYTES // 2)
    assert ours() == []
    assert not checkpoints.has_begun


def test_many_small_commits_are_much(path, db):
    checkpoints = Checkpoints(path)
    for _ in range(EACH_BYTES // 10_000):
        checkpoints.wrote(1)
    assert checkpoints.has_begun
    checkpoints.end()
    for thread in ours():
        thread.join(60)


def test_much_is_folded_in_beside_the_writer(path, db):
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("INSERT INTO scopes VALUES (1, ?, '')", ("x" * 1_000_000,))
    assert path.stat().st_size < 1_000_000, "it stands in the log"
    checkpoints = Checkpoints(path)
    checkpoints.wrote(EACH_BYTES)
    (thread,) = ours()
    while path.stat().st_size < 1_000_000:
        assert thread.is_alive()
    checkpoints.end()
    thread.join(60)
    assert not thread.is_alive()
    checkpoints.wrote(EACH_BYTES)
    assert ours() == [], "ended is ended"


def test_trouble_is_left_to_the_writer_to_tell(path):
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 500)
    checkpoints = Checkpoints(path)
    checkpoints.wrote(EACH_BYTES)
    for thread in ours():
        thread.join(60)
    assert ours() == []

from __future__ import annotations

import shutil

import pytest
from support.remembering import PROFILE, Teller, folded_in

from jobctl.store.decisions import ANY, Filter
from jobctl.store.errors import StoreError
from jobctl.store.following import Follower
from jobctl.store.memory import Memory


@pytest.fixture
def follower(environ):
    follower = Follower("7", None, ANY, environ)
    yield follower
    follower.close()


def seconds(follower):
    return [record["after"]["updated_at"][-3:-1] for record in follower.new()]


def test_what_there_is_then_what_is_new_and_each_once(memory, follower):
    teller = Teller(memory)
    assert seconds(follower) == [], "nothing was ever written"
    for second in range(3):
        teller.tell(second=second)
    assert memory.flush(60)
    assert seconds(follower) == ["00", "01", "02"]
    assert seconds(follower) == []
    teller.tell("8", second=7)
    teller.tell(second=3)
    assert memory.flush(60)
    assert seconds(follower) == ["03"]


def test_only_what_is_wanted(memory, environ):
    follower = Follower("7", None, Filter(reason="duplicate"), environ)
    teller = Teller(memory)
    for second in (1, 1, 2, 2):
        teller.tell(second=second)
    assert memory.flush(60)
    assert seconds(follower) == ["01", "02"]
    follower.close()


def test_a_file_that_was_moved_away_is_followed_by_its_successor(memory, follower, folder, warned):
    Teller(memory).tell(second=1)
    memory.close()
    folded_in()
    assert seconds(follower) == ["01"]
    folder.rename(folder.with_name("moved"))
    assert seconds(follower) == []
    with Memory(PROFILE, {"JOBCTL_STATE_DIR": str(folder)}, warned.append) as other:
        Teller(other).tell(second=2)
    assert seconds(follower) == ["02"]


def test_trouble_is_told_once_and_does_not_end_it(memory, follower, folder, path):
    Teller(memory).tell(second=1)
    memory.close()
    folded_in()
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    shutil.rmtree(folder)
    folder.mkdir()
    path.write_bytes(b"no database" * 500)
    told = []

    def tell(text):
        told.append(text)
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)

    with pytest.raises(StoreError):
        list(follower.new())
    assert next(follower.records(tell, pause=0.001))["reason"] == "first-seen"
    assert len(told) == 1
    assert "still following" in told[0]

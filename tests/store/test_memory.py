"""The memory as a command sees it."""

from __future__ import annotations

import json
import sqlite3
import sys

import pytest
from support.remembering import PROFILE, Teller, folded_in, rows

from jobctl.model import JobStatus, Source
from jobctl.reasons import Action, Reason
from jobctl.reconcile import reconcile
from jobctl.store.memory import Memory, scope_of
from jobctl.store.reading import decisions, last_touched


def again(environ, warned, **more):
    return Memory(PROFILE, environ, warned.append, **more)


def test_what_one_command_heard_the_next_one_knows_unverified(memory, environ, warned):
    teller = Teller(memory)
    teller.tell(status="processing", second=1, progress=62)
    teller.tell(status="pending", second=0)
    memory.close()
    hint = again(environ, warned).known(["7", "8"])["7"]
    assert (hint.source, hint.status, hint.progress) == (Source.STORE, JobStatus.RUNNING, 62.0)
    assert hint.payload["stored"]["source"] == "poll"
    known = reconcile(None, hint).after
    assert not known.verified
    assert reconcile(known, teller.reader.observe({"status": "pending"}, Source.POLL, "7", 1.0)).reason is (
        Reason.FIRST_SEEN
    )
    assert warned == []


def test_every_decision_is_a_line_of_a_decision_log(memory, environ):
    teller = Teller(memory)
    teller.tell(second=2)
    teller.tell(second=1)
    memory.close()
    found = [record for _, record in decisions("7", environ=environ)]
    assert [(one["action"], one["reason"]) for one in found] == [
        ("apply", "first-seen"),
        ("ignore", "older-update"),
    ]
    assert [one["seq"] for one in found] == [1, 2]
    assert {one["schema"] for one in found} == {"jobctl.decision/1"}


def test_a_hint_is_never_written_back_and_touches_nothing(memory, environ, warned, path):
    Teller(memory).tell(status="completed", second=5)
    memory.close()
    before = rows(path, "SELECT version, as_of, touch FROM jobs")
    with again(environ, warned, touches=True) as other:
        teller = Teller(other)
        decision = reconcile(None, other.known(["7"])["7"])
        assert decision.action is Action.APPLY
        other.decided(decision, teller.recorder.record(decision))
    assert rows(path, "SELECT version, as_of, touch FROM jobs") == before
    assert len(list(decisions("7", environ=environ))) == 2, "but it was decided, and that is on record"


def test_the_first_word_touches_and_only_where_the_command_does(memory, environ, warned, path):
    Teller(memory).tell("a")
    memory.touch("b")
    memory.close()
    with again(environ, warned) as other:
        Teller(other).tell("c")
        other.touch("d")
    assert dict(rows(path, "SELECT job, touch FROM jobs")) == {"a": 1, "b": 1, "c": None}
    assert last_touched(scope_of(PROFILE), 0.0, environ).id == "b"


def test_no_secret_enters(memory, path):
    secret = "hunter2hunter2"
    Teller(memory).tell(
        status="completed", second=1, content_id=f"https://x.test/a?token={secret}", api_key=secret
    )
    memory.close()
    folded_in()
    assert secret.encode() not in b"".join(one.read_bytes() for one in path.parent.iterdir())
    assert rows(path, "SELECT count(*) FROM decisions") == [(1,)]


def test_switched_off_it_writes_and_knows_nothing(memory, environ, warned, folder):
    Teller(memory).tell()
    memory.close()
    folded_in()
    kept = sorted(one.read_bytes() for one in folder.iterdir())
    with again(environ | {"JOBCTL_MEMORY": "off"}, warned, touches=True) as off:
        assert (off.is_on, off.known(["7"])) == (False, {})
        Teller(off).tell(second=3)
        off.touch("7")
        assert off.flush(0)
    assert sorted(one.read_bytes() for one in folder.iterdir()) == kept
    assert warned == []


def garbage(path):
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 500)


def newer(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


def a_file(path):
    path.parent.write_text("not a folder")


@pytest.mark.parametrize(
    ("damage", "words"), [(garbage, "move it away"), (newer, "update jobctl"), (a_file, "JOBCTL_STATE_DIR=")]
)
@pytest.mark.parametrize("first", ["known", "decided", "touch"])
def test_whatever_is_wrong_is_one_warning_with_the_next_step(path, warned, damage, words, first):
    environ = {"JOBCTL_STATE_DIR": str(path.parent)}
    damage(path)
    with again(environ, warned, touches=True) as memory:
        teller = Teller(memory)
        {"known": lambda: memory.known(["7"]), "decided": teller.tell, "touch": lambda: memory.touch("7")}[
            first
        ]()
        memory.flush()
        assert memory.known(["7"]) == {}
        for second in range(3):
            teller.tell(second=second)
        memory.flush()
    assert len(warned) == 1, warned
    assert words in warned[0]
    assert "going on without" in warned[0]
    assert warned[0].count(str(path)) == (3 if words.startswith("move") else 1), (
        "with the command that moves it"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the home is found otherwise elsewhere")
def test_no_home_is_one_warning(warned):
    with again({}, warned) as memory:
        assert memory.known(["7"]) == {}
        Teller(memory).tell()
    (told,) = warned
    assert "HOME is not set" in told


def test_a_database_that_others_hold_to_the_end_is_one_warning(environ, warned, db):
    db.execute("BEGIN IMMEDIATE")
    with again(environ, warned, close_wait=0.2) as memory:
        assert memory.known(["7"]) == {}
        teller = Teller(memory)
        for second in range(5):
            teller.tell(second=second)
    db.execute("COMMIT")
    (told,) = warned
    assert "5 decisions were not stored" in told
    assert "--log FILE" in told


def test_a_reader_that_is_locked_out_says_nothing_and_writes_later(environ, warned, db, path):
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("INSERT INTO facts VALUES ('x', 1)")
    with again(environ, warned) as memory:
        assert memory.known(["7"]) == {}
        Teller(memory).tell()
        db.close()
    assert warned == []
    assert [json.loads(one)["status"] for (one,) in rows(path, "SELECT record FROM jobs")] == ["running"]

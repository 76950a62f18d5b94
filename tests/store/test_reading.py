from __future__ import annotations

import itertools

import pytest
from support.remembering import PROFILE, Teller, folded_in

from jobctl.store import reading
from jobctl.store.decisions import Filter
from jobctl.store.errors import StoreError
from jobctl.store.jobs import Scope
from jobctl.store.memory import Memory, scope_of

THERE = PROFILE.with_base_url("http://there:9")


@pytest.fixture
def two(environ, warned):
    """One id in two places, the second touched later; another job beside it."""
    for profile, count in ((PROFILE, 3), (THERE, 2)):
        with Memory(profile, environ, warned.append, touches=True) as memory:
            teller = Teller(memory, profile)
            for second in range(count):
                teller.tell("7", second=second)
            teller.tell("8")
    assert warned == []


def test_where_a_job_is_known_the_latest_first(two, environ):
    assert reading.find("7", environ) == [scope_of(THERE), scope_of(PROFILE)]
    assert reading.find("9", environ) == []


def test_decisions_of_one_scope_or_of_all(two, environ):
    counted = {
        scope: len(list(reading.decisions("7", scope, environ=environ)))
        for scope in (None, scope_of(PROFILE), scope_of(THERE), Scope("x", "y"))
    }
    assert list(counted.values()) == [5, 3, 2, 0]
    numbers = [number for number, _ in reading.decisions("7", environ=environ)]
    assert numbers == sorted(set(numbers))
    wanted = Filter(reason="first-seen")
    assert len(list(reading.decisions("7", None, wanted, environ))) == 2


def test_what_is_known_in_a_scope(two, environ):
    assert [known.id for known in reading.known_in(scope_of(PROFILE), environ)] == ["8", "7"]
    assert [known.id for known in reading.known_of(scope_of(THERE), ["7", "x"], environ)] == ["7"]
    assert reading.last_touched(None, 0.0, environ).scope == scope_of(THERE)
    assert reading.last_touched(scope_of(PROFILE), 0.0, environ).scope == scope_of(PROFILE)


def test_nothing_written_yet_is_nothing_known(environ):
    assert list(reading.decisions("7", environ=environ)) == []
    assert reading.find("7", environ) == []
    assert reading.last_touched(None, 0.0, environ) is None


def test_the_environment_of_the_process_counts_where_none_is_given(two, environ, monkeypatch):
    monkeypatch.setenv("JOBCTL_STATE_DIR", environ["JOBCTL_STATE_DIR"])
    assert len(reading.find("7")) == 2
    assert len(list(itertools.islice(reading.decisions("7"), 2))) == 2


def test_what_cannot_be_read_is_an_error_with_the_next_step(environ, path):
    path.parent.mkdir()
    path.write_bytes(b"no database" * 500)
    for read in (reading.find, lambda job, environ: list(reading.decisions(job, environ=environ))):
        with pytest.raises(StoreError) as error:
            read("7", environ)
        assert "move it away" in error.value.hint


def test_damage_inside_the_file_is_told_too(two, environ, path):
    folded_in()
    whole = bytearray(path.read_bytes())
    whole[4096:] = b"\xff" * (len(whole) - 4096)
    path.write_bytes(whole)
    with pytest.raises(StoreError, match="malformed"):
        list(reading.decisions("7", environ=environ))

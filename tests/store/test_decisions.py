from __future__ import annotations

import json

import pytest

from jobctl.store import decisions
from jobctl.store.decisions import Entry, Filter


@pytest.fixture
def job(db):
    db.execute("INSERT INTO scopes VALUES (1, 'p', 'u')")
    return db.execute("INSERT INTO jobs (scope, job, seen_at) VALUES (1, '7', 0)").lastrowid


def entries(count, **more):
    made = [
        Entry("7", float(number), "poll", "apply", "advanced", json.dumps({"n": number}))
        for number in range(count)
    ]
    return [one._replace(**more) for one in made]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 37, 300, 1023, 1024, 2500])
def test_any_number_is_written_in_order_and_read_in_pages(db, job, count):
    decisions.insert(db, entries(count), {"7": job})
    found = list(decisions.select(db, [job]))
    assert [record["n"] for _, record in found] == list(range(count))
    assert [number for number, _ in found] == sorted(number for number, _ in found)
    assert db.execute("SELECT coalesce(max(id), 0) FROM decisions").fetchone() == (count,)


def test_filters_hold_together(db, job):
    decisions.insert(db, entries(3), {"7": job})
    decisions.insert(
        db, entries(2, source="stream", action="ignore", reason="duplicate", at=50.0), {"7": job}
    )
    for wanted, count in (
        (Filter(source="stream"), 2),
        (Filter(action="apply"), 3),
        (Filter(reason="duplicate", source="poll"), 0),
        (Filter(since=2.0), 3),
        (decisions.ANY, 5),
    ):
        assert len(list(decisions.select(db, [job], wanted))) == count, wanted
    assert len(list(decisions.select(db, [job], after=4))) == 1
    assert list(decisions.select(db, [job + 1])) == []


def test_what_is_written_while_somebody_reads_is_read_too(db, job):
    decisions.insert(db, entries(2), {"7": job})
    reading = decisions.select(db, [job])
    next(reading)
    decisions.insert(db, entries(600), {"7": job})
    assert len(list(reading)) == 601


def test_a_number_is_never_given_twice(db, job):
    decisions.insert(db, entries(3), {"7": job})
    db.execute("DELETE FROM decisions")
    decisions.insert(db, entries(1), {"7": job})
    assert [number for number, _ in decisions.select(db, [job], after=3)] == [4]


def test_a_row_with_nonsense_is_passed_over(db, job):
    decisions.insert(db, [*entries(1), entries(1)[0]._replace(record="{"), *entries(1)], {"7": job})
    assert len(list(decisions.select(db, [job]))) == 2

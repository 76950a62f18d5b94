from __future__ import annotations

from jobctl.model import JobStatus
from jobctl.openapi.draft import FIELDS, OPERATIONS, Draft
from jobctl.openapi.found import Confidence, Found, missing
from jobctl.openapi.words import read_words


def make(**changes):
    found = {name: missing("no") for name in OPERATIONS} | {
        "read": Found("GET /x/{id}", Confidence.HIGH, ("a",))
    }
    fields = {name: missing("no") for name in FIELDS} | {"status": Found("status", Confidence.HIGH, ("a",))}
    given = {
        "name": "x",
        "label": "GET /x/{id}",
        "source": "s",
        "base_url": Found("http://h", Confidence.HIGH, ("a",)),
        "operations": found,
        "fields": fields,
        "words": read_words(["queued", "done", "paused"]),
        "auth": missing("no"),
    }
    return Draft(**(given | changes))


def test_usable_means_that_the_status_can_be_read():
    assert make().is_complete
    assert not make(unfilled=("owner",)).is_complete
    assert make(unfilled=("owner",)).is_usable
    assert not make(fields=dict.fromkeys(FIELDS, missing("no"))).is_usable
    assert not make(operations=dict.fromkeys(OPERATIONS, missing("no"))).is_usable


def test_a_person_decides_on_unsure_words():
    draft = make()
    assert [one.word for one in draft.unsure_words] == ["paused"]
    decided = draft.with_word("paused", JobStatus.RUNNING)
    assert decided.unsure_words == ()
    assert ("status paused", "running") in [(name, found.value) for name, found in decided.rows()]


def test_rows_are_all_findings_and_the_usual_words_together():
    names = [name for name, _ in make().rows()]
    assert names == [
        "base_url",
        *OPERATIONS,
        "auth",
        *(f"fields.{name}" for name in FIELDS),
        "status",
        "status paused",
    ]
    assert dict(make().rows())["status"].value == "queued, done"

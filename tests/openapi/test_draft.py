from __future__ import annotations

from support.drafts import make_draft

from jobctl.model import JobStatus
from jobctl.openapi.draft import FIELDS, OPERATIONS
from jobctl.openapi.found import missing


def test_usable_means_that_the_status_can_be_read():
    assert make_draft().is_complete
    assert not make_draft(unfilled=("owner",)).is_complete
    assert make_draft(unfilled=("owner",)).is_usable
    assert not make_draft(fields=dict.fromkeys(FIELDS, missing("no"))).is_usable
    assert not make_draft(operations=dict.fromkeys(OPERATIONS, missing("no"))).is_usable


def test_a_person_decides_on_unsure_words():
    draft = make_draft()
    assert [one.word for one in draft.unsure_words] == ["paused"]
    decided = draft.with_word("paused", JobStatus.RUNNING)
    assert decided.unsure_words == ()
    assert ("status paused", "running") in [(name, found.value) for name, found in decided.rows()]


def test_rows_are_all_findings_and_the_usual_words_together():
    names = [name for name, _ in make_draft().rows()]
    assert names == [
        "base_url",
        *OPERATIONS,
        "auth",
        *(f"fields.{name}" for name in FIELDS),
        "status",
        "status paused",
    ]
    assert dict(make_draft().rows())["status"].value == "queued, done"

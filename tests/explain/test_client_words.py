from __future__ import annotations

import pytest

from jobctl.explain.client_words import may_speak, words_in
from jobctl.model import JobStatus
from jobctl.profile.load import Profiles

PROFILE = Profiles().get("generation")


def heard(payload):
    return [
        (one.job, one.word, one.shown.status, one.shown.progress) for one in words_in(payload, {"7"}, PROFILE)
    ]


@pytest.mark.parametrize(
    "payload",
    [
        {"job": "7", "shown": "queued"},
        {"event": "render", "data": {"jobId": 7, "uiStatus": "queued"}},
        [{"id": "7", "state": "queued"}],
        {"events": [{"id": "7", "displayed": "queued"}]},
    ],
)
def test_a_record_with_the_job_and_a_status_is_the_clients_word(payload):
    assert heard(payload) == [("7", "queued", JobStatus.PENDING, None)]


def test_progress_is_read_where_it_is_one():
    assert heard({"job": "7", "status": "running", "progress": 95}) == [
        ("7", "running", JobStatus.RUNNING, 95.0)
    ]
    assert heard({"job": "7", "status": "running", "progress": "a lot"})[0][3] is None


def test_a_batch_is_several_words():
    batch = {
        "events": [
            {"id": "7", "status": "running"},
            {"id": "8", "status": "done"},
            {"id": "7", "state": "done"},
        ]
    }
    assert [word for _, word, _, _ in heard(batch)] == ["running", "done"]


@pytest.mark.parametrize(
    "payload",
    [
        {"job": "8", "status": "pending"},
        {"job": "7", "status": "no such word"},
        {"job": "7", "colour": "pending"},
        {"status": "pending"},
        "7 pending",
        None,
    ],
)
def test_anything_else_says_nothing(payload):
    assert heard(payload) == []


@pytest.mark.parametrize(
    ("body", "may"),
    [(b'{"a":1}', True), (b" [1]", True), (b"", False), (b"a=1", False), (b"{" * 99999, False)],
)
def test_what_is_worth_looking_into(body, may):
    assert may_speak(body) is may

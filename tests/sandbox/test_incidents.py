"""The two incidents in a short form: a naive client beside jobctl, on the same words."""

from __future__ import annotations

import asyncio

import pytest

from jobctl.model import Source
from jobctl.observe import Reader
from jobctl.profile.load import Profiles
from jobctl.sandbox import Sandbox, incidents
from jobctl.sandbox.incidents import Contest, cancel_finished, status_flips, stuck_at_95
from jobctl.story import Story

READER = Reader(Profiles().get("generation"))


def played(*words):
    """Both clients hear `(source, payload)` after payload; the contest and the rows it showed."""
    rows, story = [], Story("7")
    contest = Contest(rows.append)
    for source, payload in words:
        contest.hear(story.record(READER.observe({"id": "7"} | payload, source, "7", 1_760_000_000.0)))
    return contest, rows


def said(status, second=None, **more):
    time = {} if second is None else {"updated_at": f"2026-01-01T00:00:0{second}Z"}
    return {"status": status} | time | more


# --- the contest -----------------------------------------------------------------------------------------


def test_on_honest_words_both_clients_show_the_same():
    contest, rows = played(
        (Source.POLL, said("pending", 1)),
        (Source.STREAM, said("running", 2, progress=40)),
        (Source.POLL, said("completed", 3)),
    )
    assert contest.naive == contest.jobctl == "completed"
    assert (contest.naive_steps_back, contest.jobctl_steps_back, contest.reasons) == ([], [], {})
    assert [row.naive for row in rows] == ["pending", "running 40 %", "completed"]


@pytest.mark.parametrize(
    ("source", "payload", "reason", "naive"),
    [
        (Source.STREAM, {"type": "pong"}, "keepalive", "pending"),
        (Source.STREAM, said("pending"), "terminal-lock", "pending"),
        (Source.STORE, said("running", 2, progress=40), "stored-hint", "running 40 %"),
        (Source.POLL, said("running", 2, progress=95), "terminal-lock", "running 95 %"),
    ],
)
def test_a_word_from_the_past_sends_only_the_naive_client_back(source, payload, reason, naive):
    contest, rows = played((Source.POLL, said("completed", 5)), (source, payload))
    assert (contest.naive, contest.jobctl) == (naive, "completed")
    assert contest.naive_steps_back == [f"completed → {naive}"]
    assert contest.jobctl_steps_back == []
    assert contest.reasons == {reason: 1}
    assert (rows[-1].step_back, rows[-1].why) == (True, reason)


def test_a_step_back_of_jobctl_would_be_counted_as_well():
    contest, _ = played(
        (Source.POLL, said("running", 1)),
        (Source.POLL, said("pending", 2)),
        (Source.POLL, said("running", 3)),
    )
    assert contest.jobctl_steps_back == contest.naive_steps_back == ["running → pending"]


def test_where_jobctl_stands_is_never_first_seen_beside_a_word_it_ignores():
    pong = (Source.STREAM, {"type": "pong"})
    words = [(Source.POLL, said("running", n, progress=n)) for n in range(1, 6)]
    _, rows = played(*words, pong, (Source.POLL, said("running", 6, progress=6)), pong)
    assert [(row.said, row.jobctl) for row in rows] == [
        ("running 1 %", "running 1 %"),
        ("running 5 %", "running 5 %"),
        ("keep-alive", "running 5 %"),
        ("running 6 %", "running 6 %"),
        ("keep-alive", "running 6 %"),
    ]


def test_the_same_kind_of_word_is_shown_twice_and_counted_always():
    contest, rows = played((Source.POLL, said("completed", 5)), *[(Source.STREAM, {"type": "pong"})] * 9)
    assert contest.reasons == {"keepalive": 9}
    # The first of them takes the naive client back, the others find it there.
    assert sum(row.step_back for row in rows) == 1
    assert len(rows) == 4
    assert {row.said for row in rows[1:]} == {"keep-alive"}


# --- live ------------------------------------------------------------------------------------------------


class Hurried(Sandbox):
    """A sandbox whose jobs take a sixth of the time asked for."""

    def submit(self, profile="generation", *, duration, **more):
        return super().submit(profile, duration=duration / 6, **more)


@pytest.fixture(scope="module")
def outcomes():
    """Both incidents side by side, the page open for a second; then the cancel of the first job."""

    async def play():
        async with Hurried(seed=7) as one, Hurried(seed=7) as other:
            found = await asyncio.gather(
                status_flips(lambda _row: None, one), stuck_at_95(lambda _row: None, other)
            )
            return found, await cancel_finished(one, found[0].job)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(incidents, "_OPEN_PAGE_FOR", 1.0)
        return asyncio.run(play())


@pytest.mark.parametrize("number", [0, 1])
def test_the_server_completes_the_naive_client_goes_back_and_jobctl_does_not(outcomes, number):
    outcome = outcomes[0][number]
    contest = outcome.contest
    assert outcome.truth == contest.jobctl == "completed"
    assert contest.jobctl_steps_back == []
    assert any(step.startswith("completed → ") for step in contest.naive_steps_back), contest.naive_steps_back
    assert {"terminal-lock", "stored-hint"} & set(contest.reasons)


def test_a_cancel_after_the_end_is_the_servers_own_refusal(outcomes):
    detail, real = outcomes[1]
    assert "Cannot cancel job with status 'completed'" in detail
    assert real == "completed"

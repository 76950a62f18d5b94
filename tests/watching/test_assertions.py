from __future__ import annotations

import pytest
from world.make import at
from world.play import Play, ended, streaming

from jobctl.model import Source
from jobctl.watching.events import Level


def differing(play):
    return [notice.text for notice in play.notices if notice.code.startswith("verify-differs")]


def asserting():
    """A job that is running since 2 s, asserted so far."""
    play = streaming(verify_each=True)
    while (reading := play.reading) is not None:
        play.read("running", updated_at=at(2))
        assert reading
    return play


def summary(play):
    return next(notice for notice in play.notices if notice.code == "verify-summary")


def test_without_it_a_frame_asks_for_no_read():
    play = streaming().frame("running", progress=40, updated_at=at(3))
    assert play.reading is None


def test_each_decision_is_followed_by_an_uncached_read():
    play = asserting()
    play.frame("running", progress=40, updated_at=at(3)).wait(0.3)
    assert play.reading is Source.VERIFY
    play.read("running", progress=40, updated_at=at(3))
    assert not differing(play)
    play.frame("pending").wait(0.3)
    assert play.reading is Source.VERIFY, "what was ignored is asserted as well"


def test_a_job_that_went_on_in_between_is_no_difference():
    play = asserting()
    play.frame("running", progress=40, updated_at=at(3)).read("running", progress=60, updated_at=at(4))
    assert not differing(play)


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        ({"status": "pending", "updated_at": at(1)}, "older-update"),
        ({"status": "pending", "updated_at": at(3)}, "corrected"),
    ],
)
def test_a_read_that_says_something_else_is_told(read, reason):
    play = asserting()
    play.frame("running", progress=40, updated_at=at(3)).read(**read)
    (text,) = differing(play)
    assert "shown running 40 % after 'running 40 %' from stream" in text
    assert "an uncached read says pending" in text
    assert reason in text


def test_a_read_that_was_sent_before_the_decision_asserts_nothing():
    play = asserting()
    play.frame("running", progress=40, updated_at=at(3)).wait(0.3)
    play.frame("running", progress=90, updated_at=at(5))  # while the read for the first is under way
    play.read("running", progress=40, updated_at=at(3)).wait(0.3)
    assert play.reading is Source.VERIFY, "the second decision waits for a read of its own"


def test_a_read_that_cannot_be_read_leaves_it_to_the_next():
    play = asserting()
    play.frame("running", progress=40, updated_at=at(3)).wait(0.3)
    play.read(None)
    while play.reading is not Source.VERIFY:
        play.wait(1.0)
    play.read("pending", updated_at=at(1))
    assert len(differing(play)) == 1


def test_the_end_waits_for_its_read_and_all_is_summed_up():
    play = Play(stream=False, verify_each=True).start()
    play.read("running", updated_at=at(1)).read("running", updated_at=at(1))
    while play.reading is not Source.POLL:
        play.wait(1.0)
    play.read("completed", updated_at=at(9))
    assert play.finish is None
    assert play.reading is Source.VERIFY
    play.read("completed", updated_at=at(9))
    assert ended(play) == ("terminal", "completed", True)
    assert summary(play).text == "verify: 2 decisions, asserted by 2 uncached reads: none differed"
    assert summary(play).level is Level.INFO

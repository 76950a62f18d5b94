from __future__ import annotations

from world.make import seen

from jobctl.explain.events import Said, Stream
from jobctl.explain.explanation import Shown
from jobctl.explain.moments import EVERYTHING, Decided, Moments
from jobctl.model import JobStatus, Source
from jobctl.reconcile import reconcile

RUNNING = Shown(JobStatus.RUNNING)


def decided(number, **more):
    observation = seen("running", Source.STREAM, **more)
    event = Said(float(number), number, observation, float(number), stream=Stream(2, number, 1.0))
    return Decided(event, reconcile(None, observation), RUNNING, RUNNING)


def kept(limit, count):
    moments = Moments(limit)
    for number in range(1, count + 1):
        moments.add(decided(number))
    return [moment.entry for moment in moments]


def test_the_first_and_the_last_are_kept():
    assert kept(4, 9) == [1, 2, 8, 9]
    assert kept(5, 9) == [1, 2, 3, 8, 9]
    assert kept(4, 3) == [1, 2, 3]
    assert kept(0, 3) == []


def test_a_page_keeps_everything():
    assert kept(EVERYTHING, 9) == list(range(1, 10))


def test_a_moment_has_its_place_in_its_stream():
    moment = decided(7).moment()
    assert (moment.connection, moment.frame, moment.said) == (2, 7, "running")
    assert moment.payload == ""


def test_a_payload_is_shown_without_secrets_on_one_line():
    payload = {"status": "running", "token": "hunter2-hunter2", "note": "a\u202eb\n"}
    text = decided(1, payload=payload).moment(in_full=True).payload
    assert "hunter2" not in text
    assert '"status": "running"' in text
    assert "\u202e" not in text


def test_a_payload_too_deep_to_show_is_cut_or_left_out():
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    # How deep JSON may be written depends on the Python.
    assert decided(1, payload=deep).moment(in_full=True).payload.strip("[…") == ""


def test_a_long_payload_is_cut():
    assert (
        len(decided(1, payload={"status": "running", "log": "x" * 9999}).moment(in_full=True).payload) == 2000
    )

from __future__ import annotations

import json

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from jobctl.sandbox import Sandbox

TERMINAL = {"completed", "failed", "cancelled"}


@pytest.mark.parametrize("end", sorted(TERMINAL))
def test_a_whole_life(way, box, end):
    job = box.submit(duration=0.1, pending=0.05, steps=4, end=end)
    frames, code = way.frames(job)
    assert code == 1000
    truth = [entry["status"] for entry in box.history(job)]
    shown = [frame["status"] for frame in frames]
    assert shown == truth[-len(shown) :]
    assert shown[-1] == end
    assert {frame["type"] for frame in frames} == {"status", "progress"}
    for frame, entry in zip(frames[::-1], box.history(job)[::-1], strict=False):
        assert frame["job_id"] == int(job)
        assert frame["updated_at"] == entry["updated_at"][:-4] + "Z"
        assert frame["progress"] == entry["progress"]


def test_a_finished_job_is_one_snapshot_and_a_close(way, box):
    job = box.submit(duration=0, pending=0)
    frames, code = way.frames(job)
    assert [frame["status"] for frame in frames] == ["completed"]
    assert code == 1000


def test_v1_jobs_speak_v1(direct, box):
    job = box.submit("v1", duration=0.1, steps=2, pending=0.05)
    frames, _ = direct.frames(job)
    assert [frame["status"] for frame in frames if frame["type"] == "status"][-2:] == ["running", "completed"]
    assert {frame["job_id"] for frame in frames} == {job}


def test_a_requeue_is_told(direct, box):
    job = box.submit(duration=0.2, pending=0.05, steps=2, requeue_at=0.15)
    frames, _ = direct.frames(job)
    words = [frame["status"] for frame in frames]
    assert words[-5:] == ["processing", "pending", "started", "processing", "completed"]


def test_unknown_jobs_are_refused(way):
    with pytest.raises(InvalidStatus) as caught, way.socket("nobody"):
        pass
    assert caught.value.response.status_code == 404
    assert json.loads(caught.value.response.body) == {"detail": "Job not found"}


def test_a_ping_is_answered(way, box):
    with way.socket(box.submit(duration=60, pending=60)) as socket:
        assert json.loads(socket.recv(5))["status"] == "pending"
        for noise in ("{", "[]", "", "[" * 5000, b"\x00", '{"type":"ping"}'):
            socket.send(noise)
        assert json.loads(socket.recv(5)) == {"type": "pong"}


def test_a_cancel_is_told_and_ends_the_stream(way, box):
    job = box.submit(duration=60, pending=60)
    with way.socket(job) as socket:
        socket.recv(5)
        box.cancel(job)
        assert json.loads(socket.recv(5))["status"] == "cancelled"


def test_keep_alives():
    with (
        Sandbox(keepalive=0.02) as box,
        connect(f"{box.ws_url}/ws/jobs/{box.submit(duration=60, pending=60)}", proxy=None) as socket,
    ):
        assert [json.loads(socket.recv(5)).get("type") for _ in range(3)] == ["status", "pong", "pong"]


def test_a_client_that_leaves_is_forgotten(way, box):
    job = box.submit(duration=60, pending=60)
    for _ in range(3):
        with way.socket(job) as socket:
            socket.recv(5)
            assert box.requests()["sockets_open"] >= 1
    for _ in range(200):
        if not box.requests()["sockets_open"] + box.requests("tunnel")["sockets_open"]:
            break
        way.read(job)
    assert box.requests()["sockets_open"] == 0
    assert box.requests()["jobs"][job]["stream"] == 3
    assert not box._hosting.store._listeners

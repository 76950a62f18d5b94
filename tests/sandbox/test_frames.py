from __future__ import annotations

import json
import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

LIFE = {"duration": 0.1, "pending": 0.05, "steps": 8}


def statuses(frames):
    return [frame["status"] for frame in frames if isinstance(frame, dict) and "status" in frame]


def test_drop_is_no_close_frame(way, box):
    way.faults("ws-drop=100%")
    assert way.frames(box.submit(**LIFE)) == ([], 1006)


def test_drop_at_a_rate_is_per_frame_and_seeded(way, box):
    job = box.submit(duration=0, pending=0)

    def run(seed):
        way.faults("ws-drop=50%", seed=seed)
        return [way.frames(job)[1] for _ in range(30)]

    first = run(3)
    assert first == run(3)
    assert set(first) == {1000, 1006}


@pytest.mark.parametrize(
    ("fault", "status"), [("ws-refuse", 403), ("ws-refuse=404", 404), ("html-page=511", 511)]
)
def test_refused(way, box, fault, status):
    way.faults(fault)
    with pytest.raises(InvalidStatus) as caught:
        way.frames(box.submit())
    assert caught.value.response.status_code == status


@pytest.mark.parametrize("code", [1000, 1011, 4001])
def test_accept_then_close(way, box, code):
    way.faults(f"ws-accept-close={code}")
    assert way.frames(box.submit(**LIFE)) == ([], code)


def test_silent_even_at_the_end(way, box):
    way.faults("ws-silent")
    job = box.submit(duration=0.02, pending=0)
    with way.socket(job) as socket:
        with pytest.raises(TimeoutError):
            socket.recv(0.15)
        assert way.read(job).json()["status"] == "completed"
        socket.ping().wait(5)


def test_an_open_socket_falls_silent(way, box):
    job = box.submit(duration=60, pending=0.1)
    with way.socket(job) as socket:
        assert json.loads(socket.recv(5))["status"] == "pending"
        way.faults("ws-silent")
        with pytest.raises(TimeoutError):
            socket.recv(0.2)


@pytest.mark.parametrize(("fault", "dated"), [("ws-pending", False), ("ws-pending-old", True)])
def test_pending_on_every_connect(direct, box, fault, dated):
    job = box.submit(duration=0, pending=0)
    direct.faults(fault)
    for _ in range(2):
        frames, code = direct.frames(job)
        assert (statuses(frames), code) == (["pending", "completed"], 1000)
        assert ("updated_at" in frames[0]) is dated
        assert not dated or frames[0]["updated_at"] == box.history(job)[0]["updated_at"][:-4] + "Z"


@pytest.mark.parametrize("also", [(), ("ws-silent",)])
def test_pong_flood(way, box, also):
    way.faults("ws-pongs=500/s", *also)
    frames, _ = way.frames(box.submit(duration=60, pending=60), 30)
    assert [frame["type"] for frame in frames].count("pong") >= 29


def test_duplicates(way, box):
    way.faults("ws-duplicate=100%")
    frames, code = way.frames(box.submit(**LIFE))
    assert frames[::2] == frames[1::2]
    assert (frames[-1]["status"], code) == ("completed", 1000)


def test_reordered_but_all_there(way, box):
    job = box.submit(**LIFE)
    way.faults("ws-reorder=100%")
    frames, code = way.frames(job)
    times = [frame["updated_at"] for frame in frames]
    assert times != sorted(times)
    assert len(frames) == len(set(times))
    assert ("completed" in statuses(frames), code) == (True, 1000)


def test_delayed_in_order(way, box):
    job = box.submit(duration=0, pending=0)
    way.faults("ws-delay=150ms")
    begin = time.monotonic()
    frames, code = way.frames(job)
    assert time.monotonic() - begin >= 0.15
    assert (statuses(frames), code) == (["completed"], 1000)
    job = box.submit(**LIFE)
    way.faults("ws-delay=50ms@50%")
    frames, code = way.frames(job)
    times = [frame["updated_at"] for frame in frames]
    assert (times, frames[-1]["status"], code) == (sorted(times), "completed", 1000)


def test_unversioned(way, box):
    way.faults("ws-unversioned")
    frames, _ = way.frames(box.submit(**LIFE))
    assert all(frame.keys() == {"type", "job_id", "status", "progress"} for frame in frames)


def test_garbage_before_every_frame(way, box):
    job = box.submit(duration=0, pending=0)
    way.faults("ws-garbage=100%", seed=1)
    kinds = set()
    for _ in range(40):
        frames, code = way.frames(job)
        assert (len(frames), frames[1]["status"], code) == (2, "completed", 1000)
        kinds.add(repr(frames[0]))
    assert len(kinds) >= 3


def test_auth_covers_sockets(direct, box):
    job = box.submit(duration=0, pending=0)
    direct.faults("auth=word")
    with pytest.raises(InvalidStatus) as caught:
        direct.frames(job)
    assert caught.value.response.status_code == 401
    with direct.socket(job, additional_headers={"Authorization": "Bearer word"}) as socket:
        assert json.loads(socket.recv(5))["status"] == "completed"


def test_faults_combine(way, box):
    job = box.submit(**LIFE)
    way.faults("ws-duplicate=100%", "ws-unversioned", "ws-delay=10ms", "ws-garbage=100%", "ws-pongs=100/s")
    frames, code = way.frames(job)
    assert code == 1000
    assert statuses(frames)[-2:] == ["completed", "completed"]
    assert not any("updated_at" in frame for frame in frames if isinstance(frame, dict))


def test_cutting_every_socket_by_hand(way, box):
    with way.socket(box.submit(duration=60, pending=60)) as socket:
        socket.recv(5)
        assert box.drop_sockets(way.place) == 1
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(5)
        assert caught.value.rcvd is None


def test_a_held_last_frame_still_arrives(way, box):
    way.faults("ws-reorder=100%")
    frames, code = way.frames(box.submit(duration=0, pending=0))
    assert (statuses(frames), code) == (["completed"], 1000)

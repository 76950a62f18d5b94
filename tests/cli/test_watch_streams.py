"""`jobctl watch` over every kind of stream that a profile can describe, on real servers."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest
from websockets.asyncio.server import serve

PROFILE = """
[profiles.events]
extends = "generation"
base_url = "{url}"
stream = {stream}
"""
SSE = '{ kind = "sse", url = "/events/jobs/{id}" }'


def use(tmp_path, url, stream):
    (tmp_path / "jobctl.toml").write_text(PROFILE.replace("{url}", url).replace("{stream}", stream))


def submit(jobctl, seconds=1.5):
    options = f'sandbox:={{"duration": {seconds}, "steps": 15}}'
    return jobctl.run("submit", "-p", "events", "prompt=x", options).out.strip()


def decisions(done, source):
    return [line for line in done.lines if line["type"] == "decision" and line["source"] == source]


def test_server_sent_events_bring_every_step_and_the_end(alone, box, tmp_path):
    use(tmp_path, box.url, SSE)
    job = submit(alone)
    done = alone.run("watch", "-p", "events", job, "--json")
    assert done.code == 0
    told = decisions(done, "stream")
    assert len(told) >= 10
    assert told[-1]["payload"]["status"] == "completed"
    assert done.lines[-1]["jobs"][0]["status"] == "completed"


@pytest.mark.parametrize("fault", ["ws-drop=25%", "ws-pending", "ws-silent@50%", "ws-refuse@60%"])
def test_server_sent_events_through_bad_weather(alone, box, tmp_path, fault):
    use(tmp_path, box.url, SSE)
    box.set_faults([fault], (), seed=3)
    job = submit(alone)
    done = alone.run("watch", "-p", "events", job, "--json")
    assert done.code == 0
    ranks = [
        line["after"]["status"]
        for line in done.lines
        if line["type"] == "decision" and line["action"] == "apply"
    ]
    assert ranks == sorted(ranks, key=["pending", "running", "completed"].index), "nothing shown goes back"


def test_after_a_drop_the_server_is_asked_to_go_on_from_the_last_event(alone, box, tmp_path):
    use(tmp_path, box.url, SSE)
    box.set_faults(["ws-drop=20%"], (), seed=1)
    job = submit(alone)
    done = alone.run("watch", "-p", "events", job, "--json")
    assert done.code == 0
    # What was missed while away came again by the stream: every state was heard, none twice.
    heard = [line["payload"]["updated_at"] for line in decisions(done, "stream")]
    assert heard == sorted(set(heard))


class _Wanting:
    """A WebSocket server that says nothing before it is greeted, and counts what its clients send."""

    def __init__(self):
        self.said, self.protocols = [], []
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True).start()
        assert self._ready.wait(10)

    async def _run(self):
        async with serve(self._serve, "127.0.0.1", 0, subprotocols=["jobs.v1"]) as server:
            self.port = server.sockets[0].getsockname()[1]
            self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
            self._ready.set()
            await self._end.wait()

    async def _serve(self, socket):
        self.protocols.append(socket.subprotocol)
        hello = json.loads(await socket.recv())
        self.said.append(hello)
        frame = {
            "kind": "job",
            "job_id": hello["job"],
            "status": "running",
            "updated_at": "2026-01-01T00:00:00Z",
        }
        await socket.send(json.dumps({"kind": "metric", "job_id": hello["job"], "status": "completed"}))
        await socket.send(json.dumps(frame | {"progress": 7}))
        self.said.append(await socket.recv())  # the keep-alive
        ended = {"status": "completed", "updated_at": "2099-01-01T00:00:00Z"}
        await socket.send(json.dumps(frame | ended))
        await socket.wait_closed()

    def stop(self):
        self._loop.call_soon_threadsafe(self._end.set)


def test_a_server_that_wants_a_subprotocol_a_hello_and_keep_alives(alone, box, tmp_path):
    server = _Wanting()
    try:
        stream = (
            f'{{ url = "ws://127.0.0.1:{server.port}/all", subprotocol = "jobs.v1", ping = "still here", '
            'ping_every = "1s", hello = { type = "subscribe", job = "{id}" }, only = "kind == \'job\'" }'
        )
        use(tmp_path, box.url, stream)
        job = submit(alone, seconds=30)
        done = alone.run("watch", "-p", "events", job, "--json")
    finally:
        server.stop()
    assert server.protocols == ["jobs.v1"]
    assert server.said == [{"type": "subscribe", "job": job}, "still here"]
    told = decisions(done, "stream")
    assert [(line["payload"]["kind"], line["payload"]["status"]) for line in told] == [
        ("job", "running"),
        ("job", "completed"),
    ]
    assert done.code in {0, 12}

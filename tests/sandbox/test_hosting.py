from __future__ import annotations

import logging
import time

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from jobctl.sandbox import Sandbox
from jobctl.sandbox.hosting import _log


class Lines(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def test_a_write_that_fails_is_said_answered_and_made_good():
    heard = Lines()
    _log.addHandler(heard)
    with Sandbox() as box:
        store = box._hosting.store
        job = box.submit(duration=0.05, pending=0.05, steps=5)
        box._call(lambda: store._db._db.execute("PRAGMA query_only=1"))
        while not heard.lines:
            box.requests()
        answer = httpx.post(box.url + "/v1/jobs", json={}, trust_env=False)
        assert answer.status_code == 500
        assert "database" in answer.json()["detail"]
        box._call(lambda: store._db._db.execute("PRAGMA query_only=0"))
        # Asked below the store: a read through it would bring the job up to date by itself.
        while box._call(lambda: store._db.history(job))[-1][1] != "completed":
            time.sleep(0.01)
        assert httpx.post(box.url + "/v1/jobs", json={}, trust_env=False).status_code == 202
    _log.removeHandler(heard)
    assert all("cannot write job changes" in line for line in heard.lines)


def test_faults_leave_the_log_quiet(box, caplog):
    job = box.submit(duration=0, pending=0)
    box.set_faults(server=["cut-body", "submit-lost", "ws-drop=100%"])
    with caplog.at_level(logging.WARNING), httpx.Client(trust_env=False) as client:
        for method in ("GET", "POST"):
            path = "/v1/jobs" if method == "POST" else f"/v1/jobs/{job}"
            for url in (box.url, box.tunnel_url):
                with pytest.raises(httpx.RemoteProtocolError):
                    client.request(method, url + path)
        for url in (box.ws_url, box.tunnel_ws_url):
            with connect(f"{url}/ws/jobs/{job}", proxy=None) as socket, pytest.raises(ConnectionClosed):
                socket.recv(5)
    assert [record.getMessage() for record in caplog.records] == []

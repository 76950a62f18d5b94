from __future__ import annotations

import json
from dataclasses import dataclass

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from jobctl.sandbox import Sandbox


@pytest.fixture(scope="session")
def shared_box():
    with Sandbox() as box:
        yield box


@pytest.fixture
def box(shared_box):
    """One running sandbox, without faults, counters at zero."""
    shared_box.set_faults((), (), seed=0)
    shared_box.reset_requests()
    yield shared_box
    shared_box.set_faults((), ())


@dataclass
class Way:
    """One way to the server: straight, or through the tunnel."""

    box: Sandbox
    place: str
    http: httpx.Client

    @property
    def ws_url(self):
        return self.box.ws_url if self.place == "server" else self.box.tunnel_ws_url

    def faults(self, *faults, seed=0):
        self.box.set_faults(**{self.place: faults}, seed=seed)

    def read(self, job, **options):
        return self.http.get(f"/api/v1/generation-jobs/{job}", **options)

    def socket(self, job, **options):
        return connect(f"{self.ws_url}/ws/jobs/{job}", proxy=None, compression=None, **options)

    def frames(self, job, count=None, timeout=5):
        """Messages until the close (or `count` of them), JSON parsed, and the close code."""
        found = []
        with self.socket(job, close_timeout=0.2) as socket:
            try:
                while count is None or len(found) < count:
                    message = socket.recv(timeout)
                    try:
                        found.append(json.loads(message))
                    except ValueError:
                        found.append(message)
            except ConnectionClosed as closed:
                return found, closed.rcvd.code if closed.rcvd else 1006
        return found, None


@pytest.fixture(scope="session")
def shared_ways(shared_box):
    # One client for all tests: making one reads certificates, which takes longer than most tests.
    with (
        httpx.Client(base_url=shared_box.url, timeout=5, trust_env=False) as straight,
        httpx.Client(base_url=shared_box.tunnel_url, timeout=5, trust_env=False) as tunnelled,
    ):
        yield {
            "server": Way(shared_box, "server", straight),
            "tunnel": Way(shared_box, "tunnel", tunnelled),
        }


@pytest.fixture(params=["server", "tunnel"])
def way(box, shared_ways, request):
    """Both ways in turn."""
    return shared_ways[request.param]


@pytest.fixture
def direct(box, shared_ways):
    return shared_ways["server"]


@pytest.fixture
def tunnelled(box, shared_ways):
    return shared_ways["tunnel"]

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest
from support.mitm import ROOT, environment
from websockets.asyncio.client import connect

from jobctl.caching.addon import JobctlAddon
from jobctl.caching.findings import Verdict
from jobctl.caching.intercept import address_of, intercept
from jobctl.caching.passive import Passive
from jobctl.errors import ConfigError
from jobctl.profile.load import Profiles
from jobctl.sandbox import Sandbox

PROFILE = Profiles().get("generation")


class Listening:
    """`intercept` as a task; `url` once it listens; ended by cancelling it."""

    def __init__(self, upstream, *addons, confdir, listen=("", 0)):
        self._arguments = listen, upstream, addons
        self._confdir = str(confdir)

    async def __aenter__(self):
        ready = asyncio.get_running_loop().create_future()
        listen, upstream, addons = self._arguments
        self.task = asyncio.create_task(
            intercept(
                listen,
                upstream,
                addons,
                on_ready=lambda host, port: ready.set_result((host, port)),
                confdir=self._confdir,
            )
        )
        await asyncio.wait([ready, self.task], return_when=asyncio.FIRST_COMPLETED)
        if self.task.done():
            self.task.result()
        self.address = ready.result()
        self.url = "http://{}:{}".format(*self.address)
        return self

    async def __aexit__(self, *_exc):
        self.task.cancel()
        await asyncio.wait([self.task])
        assert self.task.cancelled()


@pytest.fixture(scope="module")
def confdir(tmp_path_factory):
    return tmp_path_factory.mktemp("mitmproxy")


@pytest.fixture(scope="module")
def box():
    with Sandbox() as running:
        yield running


def test_the_addon_proves_a_cache_in_process(box, confdir, capfd):
    told = []

    async def scene():
        addon = JobctlAddon(Passive(PROFILE), tell=told.append)
        box.set_faults(tunnel=("cache=30s",))
        async with (
            Listening(box.tunnel_url, addon, confdir=confdir) as proxy,
            httpx.AsyncClient(base_url=proxy.url, trust_env=False, timeout=5) as client,
        ):
            assert proxy.address[0] == "127.0.0.1"
            job = box.submit(duration=1.0, pending=0.1)
            path = f"/api/v1/generation-jobs/{job}"
            await client.get(path)
            async with connect(f"{proxy.url.replace('http', 'ws')}/ws/jobs/{job}", proxy=None) as ws:
                async for _ in ws:
                    await client.get(path)
            await client.get(path)
        return addon

    addon = asyncio.run(scene())
    assert [one.verdict for one in addon.passive.jobs()] == [Verdict.PROVEN_STALE]
    assert {one.finding.rule.value for one in told if one.finding} >= {"R3", "R4"}
    assert capfd.readouterr() == ("", "")


def test_the_address_is_free_again_and_may_be_used_twice(box, confdir):
    async def scene():
        async with Listening(box.url, confdir=confdir) as first:
            port = first.address[1]
        async with Listening(box.url, confdir=confdir, listen=("127.0.0.1", port)) as again:
            assert again.address == ("127.0.0.1", port)
            async with httpx.AsyncClient(trust_env=False) as client:
                assert (await client.get(f"{again.url}/api/v1/generation-jobs")).status_code == 200

    asyncio.run(scene())


def test_an_address_in_use_is_a_configuration_error(box, confdir, capfd):
    async def scene(port):
        async with Listening(box.url, confdir=confdir, listen=("127.0.0.1", port)):
            pass

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError) as caught:
            asyncio.run(scene(port))
    assert str(caught.value) == f"cannot listen on 127.0.0.1:{port}: Address already in use"
    assert "another port" in caught.value.hint
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("upstream", ["ftp://a", "nonsense", "http://user:secret@a"])
def test_an_upstream_that_is_none(upstream, confdir):
    async def scene():
        await intercept(("", 0), upstream, [], on_ready=print, confdir=str(confdir))

    with pytest.raises(ConfigError) as caught:
        asyncio.run(scene())
    assert "secret" not in str(caught.value)


def test_ctrl_c_ends_it_cleanly(box, tmp_path):
    script = (
        "import asyncio, sys\n"
        "from jobctl.caching.intercept import intercept\n"
        "def ready(host, port): print(port, flush=True)\n"
        f"asyncio.run(intercept(('', 0), {box.url!r}, [], on_ready=ready))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment(tmp_path),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    port = int(process.stdout.readline())
    # A client that stays connected must not hold it up.
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /api/v1/generation-jobs HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert out == ""
    assert err.strip().endswith("KeyboardInterrupt")
    assert "Exception in callback" not in err


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("8080", ("127.0.0.1", 8080)),
        (":8080", ("127.0.0.1", 8080)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("[::1]:80", ("::1", 80)),
    ],
)
def test_addresses(text, address):
    assert address_of(text) == address


@pytest.mark.parametrize(
    "text", ["", "host", "a:b", "1:2:3", "127.0.0.1:99999", "http://a:1", "a:1/x", "u@a:1"]
)
def test_what_is_no_address(text):
    with pytest.raises(ConfigError, match="address to listen on"):
        address_of(text)

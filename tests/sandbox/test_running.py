from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from jobctl.sandbox import Sandbox, SandboxError, Script

ROOT = Path(__file__).parents[2]


def test_sync():
    box = Sandbox()
    with pytest.raises(SandboxError, match="not been started"):
        _ = box.url
    with box:
        assert httpx.get(box.url + "/v1/jobs", trust_env=False).status_code == 200
        assert httpx.get(box.tunnel_url + "/v1/jobs", trust_env=False).status_code == 200
        assert box.url.startswith("http://127.0.0.1:")
        with pytest.raises(SandboxError, match="already"):
            box.start()
    with pytest.raises(SandboxError, match="not running"):
        box.submit()
    box.stop()


def test_async():
    async def life():
        async with Sandbox(seed=3) as box:
            job = box.submit("v1", duration=0, pending=0)
            async with connect(f"{box.tunnel_ws_url}/ws/jobs/{job}", proxy=None) as ws:
                return [frame async for frame in ws]

    assert '"completed"' in asyncio.run(life())[-1]


def test_a_restart_keeps_ports_and_jobs(tmp_path):
    box = Sandbox(db=tmp_path / "jobs.db", defaults=Script(duration=60, pending=0))
    with box:
        url, job = box.url, box.submit()
        history = box.history(job)
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)
    with box:
        assert box.url == url
        assert box.history(job)[: len(history)] == history
        read = httpx.get(f"{url}/api/v1/generation-jobs/{job}", trust_env=False).json()
        assert read["status"] == "started"


def test_helpers_say_what_is_wrong(box):
    with pytest.raises(ValueError, match="steps"):
        box.submit(steps=0)
    with pytest.raises(ValueError, match="profile"):
        box.submit("v2")
    with pytest.raises(KeyError):
        box.history("nobody")
    with pytest.raises(ValueError, match="cannot sit in the tunnel"):
        box.set_faults(server=["hang"], tunnel=["auth"])
    assert box._hosting.plans["server"].faults() == []
    with pytest.raises(ValueError, match="unknown fault"):
        Sandbox(faults=["nonsense"])


def test_a_port_that_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        box = Sandbox(tunnel_port=port)
        for start in (box.start, box.serve):
            with pytest.raises(SandboxError, match=f"cannot listen on 127.0.0.1:{port}"):
                start()


@pytest.mark.parametrize("host", ["host.invalid", "127.0.0.1\n", "256.1.1.1"])
def test_a_host_that_is_none(host):
    with pytest.raises(SandboxError, match="cannot listen"):
        Sandbox(host=host).start()


def test_a_database_that_cannot_be_used(tmp_path):
    (tmp_path / "text").write_text("this is no database, " * 100)
    for path in (tmp_path, tmp_path / "text", tmp_path / "none" / "jobs.db"):
        with pytest.raises(SandboxError, match="as the job database"):
            Sandbox(db=path).start()
    with Sandbox(db=tmp_path / "jobs.db"), pytest.raises(SandboxError, match="locked"):
        Sandbox(db=tmp_path / "jobs.db").start()


def test_only_the_asked_address_is_bound(box):
    port = int(box.url.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), 1)


def test_ipv6():
    try:
        box = Sandbox(host="::1")
        box.start()
    except SandboxError:
        pytest.skip("this machine has no IPv6 loopback")
    with httpx.Client(trust_env=False) as client:
        assert client.get(box.tunnel_url + "/v1/jobs").status_code == 200
    box.stop()


def test_stopping_with_everything_under_way():
    box = Sandbox(faults=["hang@50%", "huge-body@100%"], seed=1)
    box.start()
    job = box.submit(duration=60)
    readers = [begin_read(url, job) for url in (box.url, box.tunnel_url) * 6]
    while box.requests()["jobs"].get(job, {}).get("read", 0) < len(readers):
        httpx.get(box.url + "/_sandbox/requests", trust_env=False)
    begin = time.monotonic()
    box.stop()
    assert time.monotonic() - begin < 1
    got = [drain(reader) for reader in readers]
    assert 0 in got
    assert max(got) > 0


def begin_read(url, job):
    host, port = url.removeprefix("http://").split(":")
    reader = socket.create_connection((host, int(port)), 5)
    reader.sendall(f"GET /v1/jobs/{job} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    return reader


def drain(reader):
    """Read to the end, however it comes; how many bytes."""
    count = 0
    with reader, contextlib.suppress(ConnectionError):
        while part := reader.recv(1_000_000):
            count += len(part)
    return count


SERVE = """
import sys
from jobctl.sandbox import Sandbox
box = Sandbox(faults=["huge-body@50%", "hang@50%"], tunnel_faults=["ws-silent"])
def ready(box):
    print(box.tunnel_url, box.submit(duration=60), flush=True)
box.serve(ready)
print("done", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_until_a_signal(number):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert select.select([process.stdout], [], [], 20)[0]
        url, job = process.stdout.readline().split()
        readers = [begin_read(url, job) for _ in range(6)]
        asyncio.run(_open_and_signal(url, job, process, number))
        out, err = process.communicate(timeout=5)
    finally:
        process.kill()
        process.wait()
    for reader in readers:
        reader.close()
    assert (process.returncode, out, err) == (0, "done\n", "")


async def _open_and_signal(url, job, process, number):
    async with connect(f"{url.replace('http', 'ws')}/ws/jobs/{job}", proxy=None):
        begin = time.monotonic()
        process.send_signal(number)
        await asyncio.to_thread(process.wait, 5)
        assert time.monotonic() - begin < 2


def test_many_sockets_and_polls(box):
    """Hundreds of watchers hear every end while polls are answered."""
    count, jobs = 300, [box.submit(duration=0.4, steps=4, pending=0.3) for _ in range(100)]

    async def watch(job, connecting):
        async with connecting, connect(f"{box.ws_url}/ws/jobs/{job}", proxy=None, compression=None) as ws:
            return [frame async for frame in ws][-1]

    async def everyone():
        connecting = asyncio.Semaphore(count)
        async with httpx.AsyncClient(base_url=box.url, trust_env=False) as client:
            watchers = [asyncio.create_task(watch(jobs[n % 100], connecting)) for n in range(count)]
            polls = [(await client.get(f"/v1/jobs/{jobs[n]}")).status_code for n in range(100)]
            return await asyncio.gather(*watchers), polls

    last, polls = asyncio.run(everyone())
    assert all('"completed"' in frame for frame in last)
    assert set(polls) == {200}

"""`jobctl diagnose --listen`: real processes in front of a real tunnel."""

from __future__ import annotations

import re
import signal
import socket
import sys

import httpx
import pytest
from support.mitm import free_port, watch_badly
from support.program import check_message
from support.servers import reply, self_signed

JOBS = "/api/v1/generation-jobs"
RUNNING = b'{"id": "7", "status": "processing", "progress": 5}'


@pytest.fixture
def listen(jobctl, box):
    """Starts `jobctl diagnose --listen`, and yields it with the address it says to use."""
    started = []

    def _start(*argv, address="127.0.0.1:0", route=None):
        program = jobctl.start("diagnose", "--listen", address, "--proxy", route or box.tunnel_url, *argv)
        started.append(program)
        program.until("Ctrl-C ends it")
        told = b"".join(program._texts.values()).decode()
        return program, re.search(r"jobctl watch JOB -u (\S+)", told)[1], told

    yield _start
    for program in started:
        program.kill()


def get(url, **how):
    with httpx.Client(trust_env=False, timeout=10) as client:
        return client.get(url, **how)


def ended(program, number=signal.SIGINT):
    program.signal(number)
    return program.finish()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cache_is_proven_while_a_client_polls_through_it(box, listen, number, tmp_path):
    box.set_faults(tunnel=("cache=30s",))
    page = tmp_path / "report.html"
    program, url, _ = listen("--format", "html", "-o", str(page))
    job = box.submit(duration=1.5, pending=0.1)
    watch_badly(url, job)
    done = ended(program, number)
    check_message(done, 10, "R4 frozen", f"job {job}")
    assert done.out.startswith("PROVEN_STALE: ")
    assert "<html" in page.read_text()
    assert "PROVEN_STALE" in page.read_text()


def test_many_signals_end_it_once(box, listen):
    program, url, _ = listen()
    get(f"{url}{JOBS}/{box.submit(duration=30)}")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGINT):
        program.signal(number)
    done = program.finish()
    assert done.code in {11, 130}, done  # the last may come after the loop
    check_message(done, done.code)


def test_json_is_one_document_and_has_no_secrets(box, listen):
    box.set_faults(("echo-request-id",), ("cache=30s",))
    program, url, _ = listen("--json")
    job = box.submit(duration=30, pending=0)
    for number in range(3):
        asked = {"X-Request-Id": f"request-{number}", "Authorization": "Bearer very-secret-token"}
        get(f"{url}{JOBS}/{job}?access_token=very-secret-token", headers=asked)
    done = ended(program)
    assert done.code == 10
    assert done.document["verdict"] == "SERVED_FROM_CACHE"
    assert "very-secret-token" not in done.out + done.err


def test_nobody_came(listen):
    program, _, _ = listen()
    check_message(ended(program), 2, "no read of a job was seen", "--profile")


def test_the_path_of_the_route_is_part_of_the_address(serve, listen):
    server = serve(lambda _head: reply(200, RUNNING))
    program, url, _ = listen("--json", route=f"{server.url}/some/base/")
    assert url.endswith("/some/base")
    assert get(f"{url}{JOBS}/7").json()["status"] == "processing"
    assert server.heads[-1].startswith(f"GET /some/base{JOBS}/7 ")
    done = ended(program)
    assert (done.code, done.document["job"]) == (11, "7")


@pytest.mark.parametrize(
    ("address", "said", "hint"),
    [
        ("[::1]:0", "listening on http://[::1]:", "http://[::1]:"),
        ("0.0.0.0:0", "everybody who reaches this machine", "http://127.0.0.1:"),
        ("[::]:0", "everybody who reaches this machine", "http://[::1]:"),
    ],
)
def test_addresses_that_are_told_can_be_used(box, listen, address, said, hint):
    program, url, told = listen(address=address)
    assert said in told
    assert url.startswith(hint)
    assert get(f"{url}{JOBS}/{box.submit(duration=30)}").status_code == 200
    assert ended(program).code == 11


def test_a_port_in_use(jobctl, box):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = jobctl.run("diagnose", "--listen", f"127.0.0.1:{port}", "--proxy", box.tunnel_url)
    check_message(done, 2, f"cannot listen on 127.0.0.1:{port}: Address already in use", "another port")


def test_a_route_that_is_down_is_told_at_once_and_at_the_end(listen):
    program, url, _ = listen(route=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(httpx.HTTPError):
        get(f"{url}{JOBS}/7").raise_for_status()
    program.until("the route cannot be reached")
    check_message(ended(program), 7, "no read of a job was answered", "is it up?")


def test_a_certificate_that_does_not_hold(serve, listen, tmp_path):
    context, _ = self_signed(tmp_path)
    route = serve(lambda _head: reply(200, RUNNING), context).url
    program, url, _ = listen(route=route)
    assert get(f"{url}{JOBS}/7").status_code == 502
    check_message(ended(program), 7, "the route cannot be reached: ", "ertificate")
    program, url, _ = listen("--insecure", route=route)
    assert get(f"{url}{JOBS}/7").status_code == 200
    assert ended(program).code == 11


def test_a_ca_that_the_profile_trusts(serve, listen, tmp_path):
    context, ca = self_signed(tmp_path)
    (tmp_path / "jobctl.toml").write_text(
        f'[profiles.mine]\nread = "GET {JOBS}/{{id}}"\ntls = {{ ca = "{ca}" }}\n'
    )
    program, url, _ = listen("-p", "mine", route=serve(lambda _head: reply(200, RUNNING), context).url)
    assert get(f"{url}{JOBS}/7").status_code == 200
    assert ended(program).code == 11


def test_a_forward_proxy_is_refused(jobctl):
    done = jobctl.run("diagnose", "--listen", "127.0.0.1:0", "--proxy", "upstream:http://127.0.0.1:3128")
    check_message(done, 2, "not of a forward proxy")


def test_a_live_table_on_a_terminal(box, jobctl):
    pexpect = pytest.importorskip("pexpect", reason="pseudo-terminals are POSIX")
    box.set_faults(("echo-request-id",), ("cache=30s",))
    argv = ["-m", "jobctl", "diagnose", "--listen", "127.0.0.1:0", "--proxy", box.tunnel_url]
    child = pexpect.spawn(
        sys.executable, argv, env=jobctl.environ | {"TERM": "xterm"}, cwd=str(jobctl.cwd), encoding="utf-8",
        dimensions=(30, 150), timeout=20,
    )  # fmt: skip
    try:
        child.expect(r"jobctl watch JOB -u (http://\S+)")
        url = child.match[1]
        job = box.submit(duration=30, pending=0)
        for number in range(3):
            get(f"{url}{JOBS}/{job}", headers={"X-Request-Id": f"request-{number}"})
        child.expect("R1 echo-replay")
        child.expect(rf"{job} +SERVED_FROM_CACHE +3 +0")
        child.sendintr()
        child.expect("SERVED_FROM_CACHE: ")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 10
    finally:
        child.close(force=True)

"""Names, networks, certificates and redirects: who is talked to, and who gets the credentials."""

from __future__ import annotations

import socket

import pytest
from support.program import check_message
from support.servers import reply, self_signed

DONE = b'{"id": "7", "status": "completed", "updated_at": "2026-01-01T00:00:00Z"}'
FAST = ("--no-stream", "--lost-after", "0.4s")


@pytest.mark.parametrize("verb", [("status",), ("watch",), ("submit", "a=b")])
def test_a_host_nobody_knows(alone, verb):
    argv = [*verb, *(["1"] if verb[0] != "submit" else [])]
    check_message(
        alone.run(*argv, "-u", "http://nowhere.invalid"), 7, "cannot resolve nowhere.invalid", "--base-url"
    )


def test_a_port_nobody_listens_on(alone):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    for argv in (["status", "1"], ["watch", "1", *FAST], ["list"]):
        check_message(
            alone.run(*argv, "-u", url), 7, f"cannot connect to 127.0.0.1:{port}", "is the server running"
        )


def test_a_socket_that_accepts_and_says_nothing_ends_at_the_deadline(alone):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = alone.run("watch", "1", "-u", url, "--timeout", "0.5s", "--json")
    assert (done.code, done.result["exit_code"]) == (5, 5)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("tls"))


def test_a_certificate_nobody_vouches_for(alone, serve, certificate):
    server = serve(lambda _head: reply(200, DONE), certificate[0])
    for argv in (["status", "7"], ["watch", "7", "--no-stream"]):
        check_message(alone.run(*argv, "-u", server.url), 7, "certificate not trusted", "tls = { ca")
    assert server.heads == []


def test_a_private_ca_and_insecure(alone, serve, certificate, tmp_path):
    context, ca = certificate
    server = serve(lambda _head: reply(200, DONE), context)
    (tmp_path / "ca.pem").write_bytes(ca.read_bytes())
    (tmp_path / "jobctl.toml").write_text(
        f'[profiles.mine]\nread = "GET /j/{{id}}"\nbase_url = "{server.url}"\ntls = {{ ca = "ca.pem" }}\n'
    )
    check_message(alone.run("status", "7"), 0)
    check_message(alone.run("watch", "7"), 0)
    loud = alone.run("status", "7", "-p", "generation", "-u", server.url, "--insecure")
    check_message(loud, 0, "certificate")


def test_a_ca_file_that_is_none(alone, tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    (tmp_path / "jobctl.toml").write_text(
        '[profiles.mine]\nread = "GET /j/{id}"\nbase_url = "https://127.0.0.1:9"\ntls = { ca = "ca.pem" }\n'
    )
    for verb in ("status", "watch"):
        check_message(alone.run(verb, "7"), 2, "tls", "PEM")


def test_plain_http_where_tls_belongs(alone, serve):
    server = serve(lambda _head: reply(200, DONE))
    check_message(alone.run("status", "7", "-u", server.url.replace("http", "https")), 7, "TLS with")


SECRET = {"JOBCTL_TOKEN": "t0p-s3cret"}


def test_credentials_stay_with_the_server_they_are_for(alone, serve):
    other = serve(lambda _head: reply(200, DONE))
    first = serve(lambda _head: reply(302, b"", f"Location: {other.url}/elsewhere"))
    done = alone.run("status", "7", "-u", first.url, env=SECRET)
    assert done.code == 0, done
    assert "t0p-s3cret" in first.heads[0]
    (head,) = other.heads
    assert "t0p-s3cret" not in head
    assert "uthorization" not in head


def test_a_redirect_within_the_server_keeps_them(alone, serve):
    def answer(head):
        return reply(200, DONE) if "/moved" in head else reply(307, b"", "Location: /moved?a=b")

    server = serve(answer)
    assert alone.run("status", "7", "-u", server.url, env=SECRET).code == 0
    assert [("t0p-s3cret" in head) for head in server.heads] == [True, True]


@pytest.mark.parametrize(
    "location", ["/round", "http://127.0.0.1:1/", "file:///etc/passwd", "//\x00", "http://[", ""]
)
def test_redirects_end(alone, serve, location):
    server = serve(lambda _head: reply(302, b"", f"Location: {location}"))
    check_message(alone.run("status", "7", "-u", server.url, env=SECRET), 7)
    assert len(server.heads) <= 6


def test_a_submit_is_not_sent_to_another_server(alone, serve):
    other = serve(lambda _head: reply(201, b'{"id": "1"}'))
    first = serve(lambda _head: reply(307, b"", f"Location: {other.url}/jobs"))
    done = alone.run("submit", "a=b", "-u", first.url, env=SECRET)
    check_message(done, 7, "redirected")
    assert "may or may not" not in done.err
    assert other.heads == []

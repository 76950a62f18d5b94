"""What both carriers share: bounded bodies, TLS and proxies."""

from __future__ import annotations

import gzip
import ssl
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.servers import RawServer, reply, self_signed

from jobctl.client.carrier import BodyReader, Limits, make_client, tls_context, unique_nonce, wall_clock
from jobctl.client.messages import Request
from jobctl.errors import ConfigError, ProtocolError, TransportError
from jobctl.profile.load import Profiles
from jobctl.profile.model import Tls

PROFILE = Profiles().get("generation")
MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def request(url="http://api.test/x"):
    return Request("GET", url, ())


def read(body, *headers, max_body=MIB):
    reader = BodyReader(
        request(), httpx.Response(200, headers=list(headers)), Limits(max_body=max_body), time.monotonic()
    )
    reader.feed(body)
    return reader.finish().body


# --- bodies ------------------------------------------------------------------------------------------


def test_a_body_comes_back_whole_with_all_its_headers():
    answer = httpx.Response(201, headers=[("X-A", "1"), ("X-A", "2")])
    reader = BodyReader(request("http://api.test/y"), answer, Limits(), time.monotonic())
    for piece in (b"one ", b"", b"two"):
        reader.feed(piece)
    response = reader.finish()
    assert (response.status, response.body, response.url) == (201, b"one two", "http://api.test/y")
    assert [value for name, value in response.headers if name.lower() == "x-a"] == ["1", "2"]


def test_a_body_is_bounded_to_the_byte():
    assert read(b"x" * 100, max_body=100) == b"x" * 100
    with pytest.raises(ProtocolError) as caught:
        read(b"x" * 101, max_body=100)
    assert (caught.value.kind, caught.value.status) == ("too-large", 200)
    reader = BodyReader(request(), httpx.Response(200), Limits(max_body=100), time.monotonic())
    reader.feed(b"x" * 60)
    with pytest.raises(ProtocolError, match="larger"):
        reader.feed(b"x" * 60)


@pytest.mark.parametrize(("declared", "refused"), [("101", True), ("100", False), ("9" * 30, False)])
def test_a_body_that_declares_itself_too_large_is_not_even_begun(declared, refused):
    answer = httpx.Response(200, headers={"content-length": declared})
    with pytest.raises(ProtocolError, match="larger") if refused else nullcontext():
        BodyReader(request(), answer, Limits(max_body=100), time.monotonic())


def test_a_body_is_not_collected_for_longer_than_the_total_time():
    reader = BodyReader(request(), httpx.Response(200), Limits(total=15), time.monotonic() - 16)
    with pytest.raises(TransportError, match="no complete answer within 15 s") as caught:
        reader.feed(b"x")
    assert caught.value.kind == "timeout"


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        *[(name, gzip.compress) for name in ("gzip", "x-gzip", " GZIP ")],
        ("deflate", zlib.compress),
        *[(name, bytes) for name in ("identity", "")],
    ],
)
@given(body=st.binary(max_size=300))
def test_a_content_coding_is_undone(coding, pack, body):
    assert read(pack(body), ("content-encoding", coding)) == body


def test_a_compressed_body_is_bounded_after_unpacking_to_the_byte():
    header = ("content-encoding", "gzip")
    assert len(read(gzip.compress(bytes(MIB)), header)) == MIB
    assert read(gzip.compress(b"one ") + gzip.compress(b"two"), header) == b"one two", "RFC 1952 2.2"
    assert read(b"", header) == b""
    for body, kind in ((gzip.compress(bytes(MIB + 1)), "too-large"), (gzip.compress(b"") * 9999, "encoding")):
        with pytest.raises(ProtocolError) as caught:
            read(body, header)
        assert caught.value.kind == kind


def test_a_gzip_bomb_goes_off_nowhere():
    bomb = gzip.compress(bytes(64 * MIB))
    tracemalloc.start()
    with pytest.raises(ProtocolError, match="larger"):
        read(bomb, ("content-encoding", "gzip"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * MIB


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "\x1b[2Jevil", "x" * 5000])
def test_a_coding_nobody_asked_for_is_named_and_not_guessed_at(coding):
    with pytest.raises(ProtocolError, match="not asked for") as caught:
        read(b"{}", ("content-encoding", coding))
    assert caught.value.kind == "encoding"
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("body", [b"{}", gzip.compress(b"{}" * 100, mtime=0)[:-9], b"\x1f\x8b"])
def test_broken_compression_is_an_answer_nobody_can_read(body):
    with pytest.raises(ProtocolError, match="broken") as caught:
        read(body, ("content-encoding", "gzip"))
    assert (caught.value.kind, caught.value.status) == ("encoding", 200)


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "br", "identity"]))
def test_any_bytes_are_a_body_or_a_protocol_error(body, coding):
    with suppress(ProtocolError):
        assert len(read(body, ("content-encoding", coding), max_body=1000)) <= 1000


# --- proxies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["ftp://me:hunter2@proxy.test", "http://me:hunter2@proxy.test:port", "http://me:hunter2@proxy.test\x01"],
)
def test_a_proxy_variable_that_cannot_be_used_is_named_without_its_password(monkeypatch, value):
    monkeypatch.setenv("HTTP_PROXY", value)
    with pytest.raises(ConfigError, match="proxy") as caught:
        make_client(httpx.Client, PROFILE.with_base_url("http://api.test/"), Limits(), insecure=False)
    assert "HTTP_PROXY" in caught.value.hint
    assert "hunter2" not in str(caught.value)
    assert caught.value.message.isprintable()


def test_a_redirect_to_this_machine_never_goes_through_a_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:1")
    with RawServer(lambda _head: reply(200, b"here")) as server:
        base = PROFILE.with_base_url("http://api.test/")
        with make_client(httpx.Client, base, Limits(), insecure=False) as client:
            for host in ("127.0.0.1", "localhost"):
                answer = client.get(server.url.replace("127.0.0.1", host))
                assert answer.text == "here"
            with pytest.raises(httpx.ConnectError):
                client.get("http://api.test/")


# --- TLS -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("tls"))


def test_for_plain_http_the_context_trusts_nobody():
    for url in ("http://api.test/", "ws://api.test/", "HTTP://api.test/"):
        context = tls_context(PROFILE, insecure=False, url=url)
        assert context.get_ca_certs() == []
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize("field", ["ca", "cert", "key"])
@pytest.mark.parametrize("content", [None, "no PEM at all"])
def test_a_tls_file_that_cannot_be_used_is_the_profiles_mistake(tmp_path, certificate, field, content):
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_text(content)
    files = {"cert": str(certificate[1])} | {field: str(path)}
    profile = PROFILE.__class__(name="mine", read=PROFILE.read, tls=Tls(**files), origin="my.toml")
    with pytest.raises(ConfigError, match="'mine': tls") as caught:
        tls_context(profile, insecure=False, url="https://api.test/")
    assert "my.toml" in caught.value.hint
    assert str(path) in caught.value.message


@pytest.mark.parametrize("field", ["ca", "cert"])
def test_a_path_no_file_can_have_is_told(field):
    profile = PROFILE.__class__(name="p", read=PROFILE.read, tls=Tls(**{field: "a\0b"}))
    with pytest.raises(ConfigError, match=f"tls.{field}") as caught:
        tls_context(profile, insecure=False, url="https://api.test/")
    assert caught.value.message.isprintable()


def test_a_tilde_is_the_home_folder(monkeypatch, certificate):
    monkeypatch.setenv("HOME", str(certificate[1].parent))
    monkeypatch.setenv("USERPROFILE", str(certificate[1].parent))
    profile = PROFILE.__class__(name="p", read=PROFILE.read, tls=Tls(ca="~/ca.pem"))
    assert len(tls_context(profile, insecure=False, url="https://api.test/").get_ca_certs()) == 1


# --- small things --------------------------------------------------------------------------------------


def test_limits_are_httpx_timeouts():
    assert Limits(connect=1, read=2).httpx_timeout() == httpx.Timeout(2, connect=1, pool=None)


def test_no_two_requests_are_alike():
    with ThreadPoolExecutor(4) as pool:
        nonces = list(pool.map(lambda _: unique_nonce(), range(2000)))
    assert len(set(nonces)) == 2000


def test_the_clock_is_one_a_log_can_hold():
    assert abs(wall_clock() - time.time()) < 60
    assert (at := wall_clock()) == round(at, 6)

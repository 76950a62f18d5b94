"""The errors of httpx in our own words: who did not answer, and whether anything was sent."""

from __future__ import annotations

import socket
import ssl
import unicodedata

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.client.http_errors import address_of, mapped
from jobctl.client.messages import Request
from jobctl.errors import ConfigError, TransportError


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def request(url="http://api.test/x"):
    return Request("GET", url, ())


def caused(error, *causes):
    """The error as httpx raises it: with its causes behind it."""
    current = error
    for cause in causes:
        current.__cause__ = cause
        current = cause
    return error


REFUSED = ConnectionRefusedError(111, "Connection refused")
BOTH = ExceptionGroup("v6 and v4", [REFUSED, REFUSED])
UNTRUSTED = ssl.SSLCertVerificationError(1, "certificate verify failed")
UNTRUSTED.verify_message = "self-signed certificate"


@pytest.mark.parametrize(
    ("error", "kind", "sent", "words"),
    [
        (caused(httpx.ConnectError("x"), OSError("y"), REFUSED), "refused", False, "connection refused"),
        (caused(httpx.ConnectError("x"), BOTH), "refused", False, "connection refused"),
        (caused(httpx.ConnectError("x"), socket.gaierror(-2, "unknown")), "dns", False, "cannot resolve"),
        (caused(httpx.ConnectError("x"), UNTRUSTED), "tls", False, "self-signed certificate"),
        (caused(httpx.ConnectError("x"), ssl.SSLError(1, "bad")), "tls", False, "TLS with api.test"),
        (caused(httpx.ConnectError("x"), OSError(101, "no route")), "refused", False, "no route"),
        (httpx.ConnectError("odd"), "refused", False, "odd"),
        (httpx.ConnectTimeout("x"), "timeout", False, "no connection"),
        (httpx.PoolTimeout("x"), "timeout", False, "no connection"),
        (httpx.ReadTimeout("x"), "timeout", True, "did not answer in time"),
        (httpx.WriteTimeout("x"), "timeout", True, "did not answer in time"),
        (httpx.ProxyError("407"), "proxy", False, "proxy for api.test"),
        (httpx.ReadError("reset"), "cut", True, "broke: reset"),
        (httpx.RemoteProtocolError("bad chunk"), "cut", True, "bad chunk"),
        (ConnectionResetError(104, "reset by peer"), "cut", True, "reset by peer"),
        (httpx.ReadError(""), "cut", True, "ReadError"),
        (ExceptionGroup("tasks", [OverflowError("port must be 0-65535")]), "proxy", False, "0-65535"),
    ],
)  # fmt: skip
def test_who_did_not_answer_and_whether_anything_was_sent(error, kind, sent, words):
    told = mapped(error, request())
    assert type(told) is TransportError
    assert (told.kind, told.sent) == (kind, sent)
    assert words in told.message
    assert "api.test" in told.message


@pytest.mark.parametrize(
    "kind", [httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, ValueError]
)
def test_a_request_that_cannot_be_made_is_the_callers_own_mistake(kind):
    told = mapped(kind("x"), request())
    assert type(told) is ConfigError
    assert told.hint


@given(st.text(max_size=300))
def test_no_text_of_others_reaches_a_terminal_raw(text):
    errors = (httpx.ReadError(text), httpx.ProxyError(text), ValueError(text), httpx.ConnectError(text))
    for error in errors:
        told = mapped(error, request("http://api.test/\x1b[2J"))
        assert not {unicodedata.category(character) for character in told.message} & {"Cc", "Cf", "Cs", "Zl"}
        assert len(told.message) < 600


def test_the_address_never_holds_the_credentials_of_a_url():
    told = mapped(httpx.ReadError("x"), request("http://me:hunter2@api.test:81/x"))
    assert "hunter2" not in told.message
    assert "api.test:81" in told.message


def test_a_url_in_a_message_holds_no_secret():
    for error in (ValueError("x"), httpx.InvalidURL("x")):
        told = mapped(error, request("http://me:hunter2@api.test/x?api_key=hunter2secret&page=1"))
        assert "hunter2" not in told.message
        assert "page=1" in told.message
    assert "hunter2" not in address_of("?token=hunter2secret")


def tls_error(reason):
    error = ssl.SSLError(1, "x")
    error.reason = reason
    return caused(httpx.ConnectError("x"), error)


def test_what_to_do_about_tls():
    told = mapped(caused(httpx.ConnectError("x"), UNTRUSTED), request())
    assert "tls = { ca" in told.hint
    for reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
        hint = mapped(tls_error(reason), request()).hint
        assert "http://" in hint
        assert "ca" not in hint.split()
    assert "client certificate" in mapped(tls_error("TLSV13_ALERT_CERTIFICATE_REQUIRED"), request()).hint


@pytest.mark.parametrize(
    "error",
    [
        *(httpx.ReadError("x"), httpx.ReadTimeout("x"), httpx.ConnectTimeout("x"), httpx.ProxyError("x")),
        *(httpx.ConnectError("x"), ValueError("x")),
    ],
)
def test_every_error_has_a_next_step(error):
    assert mapped(error, request()).hint


def test_errors_that_cause_each_other_end():
    one, other = httpx.ConnectError("one"), httpx.ConnectError("other")
    one.__cause__, other.__cause__ = other, one
    assert mapped(one, request()).kind == "refused"

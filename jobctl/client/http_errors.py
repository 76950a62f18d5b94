"""The errors of httpx in our own words: who did not answer, whether anything was sent, what to do."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx

from jobctl.client.proxies import proxy_for
from jobctl.errors import ConfigError, JobctlError, TransportError
from jobctl.secret_scan import redact_text
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.client.messages import Request


def timed_out(seconds: float) -> TransportError:
    """The total time for one request is over."""
    return TransportError(f"no complete answer within {seconds:g} s", kind="timeout", hint=_HINT_SLOW)


CARRIER_ERRORS: Final = (
    httpx.HTTPError,
    httpx.InvalidURL,
    ValueError,
    OSError,
    OverflowError,
    ExceptionGroup,
)
"""What httpx and what is below it raise for a request that does not get its answer."""


def mapped(error: Exception, request: Request) -> JobctlError:
    """Say an httpx error in our own words: who did not answer, whether anything was sent, what to do."""
    address = address_of(request.url)
    proxied = proxy_for(request.url) is not None
    if proxied:
        address = f"{address} (through the proxy of the environment)"
    if isinstance(
        error, httpx.InvalidURL | httpx.UnsupportedProtocol | httpx.LocalProtocolError | ValueError
    ):
        return ConfigError(
            f"cannot make a request to {visible(redact_text(request.url), 200)}: {_words(error)}",
            hint="check --base-url, the profile's headers and the job id",
        )
    root = _root_cause(error)
    if isinstance(root, OverflowError):  # a port that is none; ours was checked, so it is the proxy's
        return TransportError(
            f"cannot connect to {address}: {root}", kind="proxy", sent=False, hint=_HINT_PROXY
        )
    if isinstance(error, httpx.ProxyError):
        return TransportError(
            f"the proxy for {address} failed: {_words(error)}",
            kind="proxy",
            sent=False,
            hint=_HINT_PROXY,
        )
    if isinstance(error, httpx.TimeoutException):
        connecting = isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout)
        text = f"no connection to {address} in time" if connecting else f"{address} did not answer in time"
        hint = _HINT_UNREACHABLE if connecting else _HINT_SLOW
        return TransportError(text, kind="timeout", sent=not connecting, hint=hint)
    if isinstance(error, httpx.ConnectError):
        return _not_connected(root, address, proxied=proxied)
    return TransportError(
        f"the connection to {address} broke: {visible(_reason(_deepest(error)), 200)}",
        kind="cut",
        hint="the server or something in between hung up: does that port speak http? its log says more",
    )


def _not_connected(root: BaseException, address: str, *, proxied: bool) -> TransportError:
    reason = visible(_reason(root), 200)
    other = (OSError, "refused", "cannot connect to {address}: {error}", _HINT_REFUSED)
    _, kind, text, hint = next((cause for cause in _CAUSES if isinstance(root, cause[0])), other)
    hint = _tls_hint(root) if kind == "tls" else _HINT_PROXY if proxied else hint
    return TransportError(text.format(address=address, error=reason), kind=kind, sent=False, hint=hint)


def _words(error: Exception) -> str:
    return visible(redact_text(str(error)), 200)


_HINT_REFUSED: Final = "is the server running, and is --base-url right?"
_HINT_PROXY: Final = "is it the proxy that refuses? check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY"
_HINT_SLOW: Final = "the server, or something in front of it, is slow or stuck: try again, or look at its log"
_HINT_UNREACHABLE: Final = "can this machine reach it at all? check --base-url, VPN and firewall"
_CAUSES: Final[tuple[tuple[type[BaseException], str, str, str], ...]] = (
    (socket.gaierror, "dns", "cannot resolve {address}: {error}", "check the host name in --base-url"),
    (
        ssl.SSLError,
        "tls",
        "TLS with {address} failed: {error}",
        "",  # `_tls_hint` knows better
    ),
    (ConnectionRefusedError, "refused", "cannot connect to {address}: connection refused", _HINT_REFUSED),
)


def _tls_hint(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            'for a private CA set tls = { ca = "ca.pem" } in the profile; by hand, --insecure skips the check'
        )
    if getattr(error, "reason", None) in _NOT_TLS:
        return "the server may speak plain http on that port: give http:// in --base-url"
    return "does that port speak https, and does the server ask for a client certificate (tls.cert)?"


_NOT_TLS: Final = frozenset(
    {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL"}
)


def _root_cause(error: BaseException) -> BaseException:
    """Follow causes to the operating system's or TLS's own error."""
    seen: set[int] = set()
    current: BaseException | None = error
    found = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, OSError | OverflowError):  # TLS errors are OSErrors
            found = current
        if isinstance(current, BaseExceptionGroup):
            current = current.exceptions[0]
        else:
            current = current.__cause__ or current.__context__
    return found


def _deepest(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not trusted ({error.verify_message})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def address_of(url: str) -> str:
    """Return host and port of a URL, for a message: no credentials, no path."""
    try:
        netloc = urlsplit(url).netloc
    except ValueError:
        netloc = ""
    return visible(netloc.rpartition("@")[2] or redact_text(url), 120)

"""What both httpx carriers share: limits, TLS, bounded and decoded bodies, and errors in our own words."""

from __future__ import annotations

import itertools
import os
import socket
import ssl
import time
import zlib
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

import httpx

from jobctl.client.messages import Request, Response
from jobctl.errors import ConfigError, JobctlError, ProtocolError, TransportError
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobctl.profile.model import Profile

_counter: Final = itertools.count()


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect, between two pieces of an answer, and in total; bytes of an answer's body."""

    connect: float = 5.0
    read: float = 10.0
    total: float = 15.0
    max_body: int = 8 * 1024 * 1024

    def httpx_timeout(self) -> httpx.Timeout:
        """The same, as httpx wants it."""
        return httpx.Timeout(self.read, connect=self.connect, pool=None)


def unique_nonce() -> str:
    """Return a value no request of any process carried before."""
    return f"{time.time_ns():x}{os.getpid():x}{next(_counter):x}"


def is_loopback(host: str) -> bool:
    """Tell whether traffic to `host` stays on this machine; such traffic never goes through a proxy."""
    if host.casefold().rstrip(".") == "localhost" or host.casefold().rstrip(".").endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def tls_context(profile: Profile, *, insecure: bool, url: str) -> ssl.SSLContext:
    """Build the TLS context for talking to `url`.

    For a plain http or ws URL the context trusts nobody: loading the CA bundle takes 20 ms that would serve
    nothing, and a redirect to https then fails closed.

    Raises:
        ConfigError: a file of the profile's `tls` table cannot be used.
    """
    if insecure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    tls = profile.tls
    if urlsplit(url).scheme.lower() in {"http", "ws"} and tls is None:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if tls is not None and tls.ca is not None:
            context = ssl.create_default_context(cafile=os.path.expanduser(tls.ca))  # noqa: PTH111 -- no pathlib on this path
        else:
            context = httpx.create_ssl_context()
        if tls is not None and tls.cert is not None:
            key = os.path.expanduser(tls.key) if tls.key else None  # noqa: PTH111
            context.load_cert_chain(os.path.expanduser(tls.cert), key)  # noqa: PTH111
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"profile {profile.name!r}: tls: {error}",
            hint=f"tls.ca, tls.cert and tls.key name PEM files ({profile.origin})",
        ) from error
    return context


C = TypeVar("C")


def make_client(
    kind: Callable[..., C], profile: Profile, bounds: Limits, *, insecure: bool, **more: Any
) -> C:
    """Make an httpx client (blocking or not) for one API. Redirects are ours to follow.

    Raises:
        ConfigError: a TLS file or a proxy variable cannot be used.
    """
    url = profile.require_base_url()
    context = tls_context(profile, insecure=insecure, url=url)
    try:
        return kind(
            verify=context,
            timeout=bounds.httpx_timeout(),
            follow_redirects=False,
            trust_env=not is_loopback(urlsplit(url).hostname or ""),
            headers={"Accept": "application/json"},
            **more,
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise ConfigError(
            f"the proxy settings of the environment cannot be used: {visible(str(error), 200)}",
            hint="check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; http:// proxies work",
        ) from error


class BodyReader:
    """Collects the raw body of one answer, within `limits`, and undoes its content coding, bounded too."""

    def __init__(self, request: Request, response: httpx.Response, limits: Limits, started: float) -> None:
        self._limits, self._request, self._response = limits, request, response
        self._deadline = started + limits.total
        self._chunks: list[bytes] = []
        self._size = 0
        declared = response.headers.get("content-length", "")
        if declared.isdecimal() and len(declared) < 20 and int(declared) > limits.max_body:
            raise self._too_large()

    def feed(self, chunk: bytes) -> None:
        """Take one piece.

        Raises:
            ProtocolError: the body is larger than allowed.
            TransportError: the total time is over.
        """
        self._size += len(chunk)
        if self._size > self._limits.max_body:
            raise self._too_large()
        if time.monotonic() > self._deadline:
            raise timed_out(self._limits)
        self._chunks.append(chunk)

    def finish(self) -> Response:
        """Return the complete answer."""
        response = self._response
        return Response(
            response.status_code,
            tuple(response.headers.multi_items()),
            self._decoded(b"".join(self._chunks)),
            self._request.url,
        )

    def _decoded(self, body: bytes) -> bytes:
        coding = self._response.headers.get("content-encoding", "identity").strip().lower()
        if coding in {"identity", ""} or not body:
            return body
        if coding not in {"gzip", "x-gzip", "deflate"}:
            raise ProtocolError(
                f"the answer is compressed with {visible(coding, 40)!r}, which was not asked for",
                kind="encoding",
                status=self._response.status_code,
            )
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
        try:
            decoded = inflater.decompress(body, self._limits.max_body + 1)
        except zlib.error as error:
            raise ProtocolError(
                f"the answer's {coding} compression is broken: {error}",
                kind="encoding",
                status=self._response.status_code,
            ) from error
        if len(decoded) > self._limits.max_body:
            raise self._too_large()
        if not inflater.eof:
            raise ProtocolError(
                f"the answer's {coding} compression is broken: it ends too soon",
                kind="encoding",
                status=self._response.status_code,
            )
        return decoded

    def _too_large(self) -> ProtocolError:
        limit = self._limits.max_body // (1024 * 1024)
        return ProtocolError(
            f"the answer is larger than {limit} MiB, which no job status is",
            kind="too-large",
            status=self._response.status_code,
            hint="check the profile's read path",
        )


def timed_out(limits: Limits) -> TransportError:
    """The total time for one request is over."""
    return TransportError(f"no complete answer within {limits.total:g} s", kind="timeout")


def mapped(error: Exception, request: Request) -> JobctlError:
    """Say an httpx error in our own words: who did not answer, whether anything was sent, what to do."""
    address = _address(request.url)
    if (urlsplit(request.url).hostname or "") and _uses_proxy(request.url):
        address = f"{address} (through the proxy of the environment)"
    if isinstance(
        error, httpx.InvalidURL | httpx.UnsupportedProtocol | httpx.LocalProtocolError | ValueError
    ):
        return ConfigError(
            f"cannot make a request to {visible(request.url, 200)}: {visible(str(error), 200)}",
            hint="check --base-url, the profile's headers and the job id",
        )
    root = _root_cause(error)
    if isinstance(error, httpx.ProxyError):
        return TransportError(
            f"the proxy for {address} failed: {visible(str(error), 200)}",
            kind="proxy",
            sent=False,
            hint="check HTTP_PROXY, HTTPS_PROXY and NO_PROXY",
        )
    for kinds, kind, text, hint in _CAUSES:
        if isinstance(root, kinds) and isinstance(error, httpx.ConnectError):
            return TransportError(
                text.format(address=address, error=visible(_reason(root), 200)),
                kind=kind,
                sent=False,
                hint=hint,
            )
    if isinstance(error, httpx.TimeoutException):
        connecting = isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout)
        text = f"no connection to {address} in time" if connecting else f"{address} did not answer in time"
        return TransportError(text, kind="timeout", sent=not connecting, hint=None)
    if isinstance(error, httpx.ConnectError):
        text = f"cannot connect to {address}: {visible(_reason(root), 200)}"
        return TransportError(text, kind="refused", sent=False, hint=_HINT_REFUSED)
    return TransportError(f"the connection to {address} broke: {visible(_reason(error), 200)}", kind="cut")


_HINT_REFUSED: Final = "is the server running, and is --base-url right?"
_CAUSES: Final[tuple[tuple[type[BaseException], str, str, str], ...]] = (
    (socket.gaierror, "dns", "cannot resolve {address}: {error}", "check the host name in --base-url"),
    (
        ssl.SSLError,
        "tls",
        "TLS with {address} failed: {error}",
        'for a private CA set tls = { ca = "ca.pem" } in the profile; by hand, --insecure skips the check',
    ),
    (ConnectionRefusedError, "refused", "cannot connect to {address}: connection refused", _HINT_REFUSED),
)


def _root_cause(error: BaseException) -> BaseException:
    """Follow causes to the operating system's or TLS's own error."""
    seen: set[int] = set()
    current: BaseException | None = error
    found = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, OSError | ssl.SSLError):
            found = current
        if isinstance(current, BaseExceptionGroup):
            current = current.exceptions[0]
        else:
            current = current.__cause__ or current.__context__
    return found


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not trusted ({error.verify_message})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _uses_proxy(url: str) -> bool:
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 -- only errors ask

    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return False
    proxies = getproxies()
    return bool(proxies.get(parts.scheme) or proxies.get("all"))


def _address(url: str) -> str:
    parts = urlsplit(url)
    return visible(parts.netloc.rpartition("@")[2] or url, 120)


def wall_clock() -> float:
    """Seconds since the epoch, to the microsecond that a decision log can hold."""
    return round(time.time(), 6)

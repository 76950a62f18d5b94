"""What both httpx carriers share: limits, TLS, bounded and decoded bodies, and errors in our own words."""

from __future__ import annotations

import itertools
import os
import ssl
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

import httpx

from jobctl.client.hosts import is_loopback
from jobctl.client.http_errors import CARRIER_ERRORS, mapped, timed_out
from jobctl.client.messages import Request, Response
from jobctl.errors import ConfigError, ProtocolError
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobctl.profile.model import Profile

_counter: Final = itertools.count()
_MOST_MEMBERS: Final = 16
_NEVER_PROXIED: Final = ("all://localhost", "all://*.localhost", "all://127.0.0.1", "all://[::1]")


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
    if url.partition("://")[0].lower() in {"http", "ws"} and tls is None:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    about = "tls"
    try:
        if tls is not None and tls.ca is not None:
            about = f"tls.ca {tls.ca!r}"
            context = ssl.create_default_context(cafile=os.path.expanduser(tls.ca))  # noqa: PTH111 -- no pathlib on this path
        else:
            context = httpx.create_ssl_context()
        if tls is not None and tls.cert is not None:
            about = f"tls.cert {tls.cert!r}" + (f" with tls.key {tls.key!r}" if tls.key else "")
            key = os.path.expanduser(tls.key) if tls.key else None  # noqa: PTH111
            context.load_cert_chain(os.path.expanduser(tls.cert), key)  # noqa: PTH111
    except (OSError, ValueError) as error:  # TLS errors are OSErrors; a NUL in a path is a ValueError
        raise ConfigError(
            f"profile {profile.name!r}: {about}: {error}",
            hint=f"tls.ca, tls.cert and tls.key name PEM files ({profile.origin})",
        ) from error
    return context


C = TypeVar("C")


def make_client(
    kind: Callable[..., C],
    profile: Profile,
    bounds: Limits,
    *,
    insecure: bool,
    via: str | None = None,
    **more: Any,
) -> C:
    """Make an httpx client (blocking or not) for one API. Redirects are ours to follow.

    `via` is a forward proxy to send everything through, loopback included, in place of the environment's.

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
            trust_env=via is None and not is_loopback(urlsplit(url).hostname or ""),
            # A redirect may lead from a remote API to this machine.
            mounts=dict.fromkeys(_NEVER_PROXIED) if via is None else None,
            proxy=via,
            headers={"Accept": "application/json"},
            **more,
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise ConfigError(
            f"the proxy settings of the environment cannot be used: {visible(str(error), 200)}",
            hint="check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; http:// proxies work",
        ) from error


def built(client: httpx.Client | httpx.AsyncClient, request: Request, **extensions: Any) -> httpx.Request:
    """Make httpx's request of ours; raise ConfigError where no such request can be made."""
    try:
        ours = client.build_request(
            request.method,
            request.url,
            headers=list(request.headers),
            content=request.body,
            extensions=extensions,
        )
        ours.url.host  # noqa: B018 -- raises for a name that is no IDNA
    except CARRIER_ERRORS as error:
        raise mapped(error, request) from error
    return ours


def keep_location(response: httpx.Response) -> None:
    """Put the headers aside and take `Location` away: httpx fails on a bad one even where it follows none.

    An event hook for responses.
    """
    response.extensions["headers"] = tuple(response.headers.multi_items())
    response.headers.pop("location", None)


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
            raise timed_out(self._limits.total)
        self._chunks.append(chunk)

    def finish(self) -> Response:
        """Return the complete answer."""
        response = self._response
        return Response(
            response.status_code,
            response.extensions.get("headers") or tuple(response.headers.multi_items()),
            self._decoded(b"".join(self._chunks)),
            self._request.url,
        )

    def _decoded(self, body: bytes) -> bytes:
        coding = self._response.headers.get("content-encoding", "identity").strip().lower()
        if coding in {"identity", ""} or not body:
            return body
        if coding not in {"gzip", "x-gzip", "deflate"}:
            raise self._unreadable(f" is compressed with {visible(coding, 40)!r}, which was not asked for")
        decoded = b""
        for _member in range(_MOST_MEMBERS):  # a gzip body may have several (RFC 1952 section 2.2)
            inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
            try:
                decoded += inflater.decompress(body, self._limits.max_body + 1 - len(decoded))
            except zlib.error as error:
                raise self._unreadable(f"'s {coding} compression is broken: {error}") from error
            if len(decoded) > self._limits.max_body:
                raise self._too_large()
            if not inflater.eof:
                raise self._unreadable(f"'s {coding} compression is broken: it ends too soon")
            body = inflater.unused_data
            if not body:
                return decoded
        raise self._unreadable(f"'s {coding} compression is in more parts than any answer needs")

    def _unreadable(self, how: str) -> ProtocolError:
        return ProtocolError(f"the answer{how}", kind="encoding", status=self._response.status_code)

    def _too_large(self) -> ProtocolError:
        limit = self._limits.max_body / (1024 * 1024)
        return ProtocolError(
            f"the answer is larger than {limit:.3g} MiB, which no job status is",
            kind="too-large",
            status=self._response.status_code,
            hint="check the profile's read path",
        )


def wall_clock() -> float:
    """Seconds since the epoch, to the microsecond that a decision log can hold."""
    return round(time.time(), 6)

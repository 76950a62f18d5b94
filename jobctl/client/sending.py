"""One request to its answer: credentials, new ones after a 401, redirects followed safely. Sans I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from jobctl.client.messages import Flow, RefreshAuth, Request, Response
from jobctl.client.redirects import REDIRECTS, is_same_server, is_upgrade, kept_unique, resolved
from jobctl.errors import ApiError, ConfigError, JobctlError, ProtocolError, TransportError
from jobctl.tunnel_pages import bypass_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobctl.client.messages import Headers

MAX_REDIRECTS: Final = 5
UNCACHED: Final = (("Cache-Control", "no-cache, no-store"), ("Pragma", "no-cache"))


class Sender:
    """Sends requests as one caller. `common` are the headers that tell nothing about who that is."""

    def __init__(self, auth: Callable[[], dict[str, str]], common: Headers) -> None:
        self._auth, self._common = auth, common

    def send(self, request: Request, unique: str | None = None) -> Flow[Response]:
        """Send with credentials; after a 401 once more with fresh ones.

        `unique` is the query argument that must not get lost in a redirect.

        Raises:
            ApiError: the credentials were refused, and new ones cannot be had.
            ConfigError, TransportError, ProtocolError: see `jobctl.errors`.
        """
        used = self._auth()
        response = yield from self._follow(request, unique)
        if response.status != 401:
            return response
        try:
            refreshed = yield RefreshAuth(used)
        except ConfigError as error:
            # The API did say no: asking on with refused credentials would only run the command again.
            raise ApiError(
                f"HTTP 401, and new credentials cannot be had: {error.message}", status=401, hint=error.hint
            ) from error
        if refreshed:
            response = yield from self._follow(request, unique)
        return response

    def _follow(self, request: Request, unique: str | None) -> Flow[Response]:
        home = request.url
        response: Response = yield request._replace(headers=(*request.headers, *self._auth().items()))
        for _ in range(MAX_REDIRECTS):
            target = _next_url(request, response, home)
            if target is None:
                return response
            if unique is not None:
                target = kept_unique(target, unique, request.url)
            request = request._replace(url=target)
            headers = self._headers(request, trusted=is_same_server(home, target))
            try:
                response = yield request._replace(headers=headers)
            except (TransportError, ConfigError) as error:
                raise _after_redirect(error, response.status) from error
        raise ProtocolError(
            f"more than {MAX_REDIRECTS} redirects",
            kind="redirect",
            status=response.status,
            hint="set --base-url to the final address",
        )

    def _headers(self, request: Request, *, trusted: bool) -> Headers:
        """Whatever identifies the caller stays with the server it was meant for."""
        if trusted:
            return (*request.headers, *self._auth().items())
        host = urlsplit(request.url).hostname or ""
        return tuple({**dict(self._common), **dict(UNCACHED), **bypass_headers(host)}.items())


def _next_url(request: Request, response: Response, home: str) -> str | None:
    """Return where an answer sends us, None where it does not or must not."""
    location = response.header("location")
    target = resolved(request.url, location) if location and response.status in REDIRECTS else None
    if target is None:
        return None
    if is_upgrade(home, target):
        raise ProtocolError(
            f"the API redirects http to https (HTTP {response.status})",
            kind="redirect",
            status=response.status,
            hint="set --base-url to its https:// address",
        )
    if urlsplit(target).scheme not in {"http", "https"}:
        return None
    # Only 307 and 308 ask for the same request again, and a body is for its own server alone.
    repeatable = request.method in {"GET", "HEAD"} or (response.status > 306 and is_same_server(home, target))
    return target if repeatable else None


def _after_redirect(error: TransportError | ConfigError, status: int) -> JobctlError:
    if isinstance(error, TransportError):
        return TransportError(
            f"after a redirect: {error.message}", kind=error.kind, hint=error.hint, sent=error.sent
        )
    # Nothing of the caller's is wrong: the address is the server's own.
    return ProtocolError(
        f"the answer redirects (HTTP {status}) to where no request can go: {error.message}",
        kind="redirect",
        status=status,
        hint="the server's Location is wrong: set --base-url to the address it should end at",
    )

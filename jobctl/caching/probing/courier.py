"""Carries the requests of an experiment: D, P and B alike but for their way, timed, within limits (httpx)."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from jobctl._version import __version__
from jobctl.caching.reading import problem_of, read_answer
from jobctl.client.blocking import BlockingCarrier
from jobctl.client.carrier import Limits, unique_nonce, wall_clock
from jobctl.client.messages import Flow, RefreshAuth, Request, Response
from jobctl.errors import ConfigError, JobctlError
from jobctl.exchange import Exchange, Path
from jobctl.observe import Reader
from jobctl.tunnel_pages import bypass_headers

if TYPE_CHECKING:
    from jobctl.caching.probing.protocol import Ask
    from jobctl.caching.probing.routes import Route
    from jobctl.client.credentials import Credentials
    from jobctl.profile.model import Profile

_DIRECT: Final = frozenset({Path.DIRECT, Path.VALIDATOR_DIRECT, Path.ANONYMOUS_DIRECT})
_ANONYMOUS: Final = frozenset({Path.ANONYMOUS, Path.ANONYMOUS_DIRECT})
_REOPENED: Final = 100
_LIMITS: Final = Limits(connect=3.0, read=6.0, total=8.0, max_body=2 * 1024 * 1024)


class Courier:
    """Sends what the protocol asks for, and says what came back as an exchange."""

    def __init__(
        self,
        profile: Profile,
        job: str,
        route: Route,
        origin: str | None,
        credentials: Credentials,
        *,
        insecure: bool = False,
    ) -> None:
        self._job, self._route, self._credentials = job, route, credentials
        self._insecure = insecure
        self._reader = Reader(profile)
        self._sides = {False: profile.with_base_url(route.base_url)}
        if origin is not None:
            self._sides[True] = profile.with_base_url(origin)
        self._kept: dict[bool, BlockingCarrier] = {}
        self._new: tuple[BlockingCarrier, int] | None = None
        self._connections = 2
        self.bypass = bypass_headers(urlsplit(route.base_url).hostname or "")

    def close(self) -> None:
        """Close all connections."""
        self._drop_new()
        for carrier in self._kept.values():
            carrier.__exit__()
        self._kept.clear()

    def send(self, ask: Ask, number: int, seconds: float) -> Exchange:
        """Send one request and wait for its answer, `seconds` at most. A failure is an exchange as well."""
        is_direct = ask.path in _DIRECT
        nonce = unique_nonce()
        request = self._request(ask, nonce, is_direct=is_direct)
        carrier, connection = self._carrier(ask, is_direct=is_direct)
        bound = max(0.05, min(_LIMITS.total, seconds))
        carrier.limits = replace(_LIMITS, total=bound, connect=min(_LIMITS.connect, bound))
        sent = time.monotonic()
        asked = Exchange(
            number=number,
            path=ask.path,
            method=request.method,
            url=request.url,
            request_headers=request.headers,
            status=0,
            headers=(),
            body=b"",
            sent=sent,
            received=sent,
            at=wall_clock(),
            nonce=nonce,
        )
        try:
            response = carrier.run(self._flow(request))
            received = time.monotonic()
            # A server may close what we meant to keep: the number is that of the connection really used.
            used = connection * _REOPENED + carrier.opened
            answered = asked._replace(received=received, peer=carrier.peer, connection=used)
            return self._answered(answered, response)
        except ConfigError:
            raise
        except JobctlError as error:
            return asked._replace(received=time.monotonic(), problem=problem_of(error))

    def _answered(self, asked: Exchange, response: Response) -> Exchange:
        seen, problem = read_answer(response, self._reader, self._job, asked.at)
        return asked._replace(
            status=response.status, headers=response.headers, body=response.body, seen=seen, problem=problem
        )

    def _flow(self, request: Request) -> Flow[Response]:
        """Send; once more with fresh credentials where a program gives them and the old ones got a 401."""
        response: Response = yield request
        if response.status != 401 or "authorization" not in {name.lower() for name, _ in request.headers}:
            return response
        used = self._credentials.headers()
        if not (yield RefreshAuth(used)):
            return response
        kept = tuple((name, value) for name, value in request.headers if name not in used)
        response = yield request._replace(headers=(*kept, *self._credentials.headers().items()))
        return response

    def _carrier(self, ask: Ask, *, is_direct: bool) -> tuple[BlockingCarrier, int]:
        """Return the connection to use and its number; 1 and 2 are those kept for the two sides."""
        if ask.on == "same" and self._new is not None:
            return self._new
        if ask.on == "kept" and is_direct in self._kept:
            return self._kept[is_direct], 1 + is_direct
        via = None if is_direct else self._route.via
        carrier = BlockingCarrier(
            self._sides[is_direct], self._credentials, _LIMITS, insecure=self._insecure, via=via
        )
        if ask.on == "kept":
            self._kept[is_direct] = carrier
            return carrier, 1 + is_direct
        self._drop_new()
        self._connections += 1
        self._new = carrier, self._connections
        return self._new

    def _drop_new(self) -> None:
        if self._new is not None:
            self._new[0].__exit__()
            self._new = None

    def _request(self, ask: Ask, nonce: str, *, is_direct: bool) -> Request:
        """D, P and B carry the same headers; what a tunnel needs to let us pass goes to all of them."""
        profile = self._sides[is_direct]
        url = profile.read_url(self._job)
        if ask.path in {Path.BUSTED, Path.VALIDATOR_BUSTED}:
            url += f"{'&' if '?' in url else '?'}_t={nonce}"
        headers = {
            "User-Agent": f"jobctl/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            **self.bypass,
            **profile.headers,
            **({} if ask.path in _ANONYMOUS else self._credentials.headers()),
            "X-Request-Id": nonce,
        }
        return Request(profile.read.method, url, (*headers.items(), *ask.headers))

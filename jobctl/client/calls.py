"""What jobctl asks an API: read, submit, cancel, list. Sans I/O: each call is a flow of requests and answers.

A flow yields `Request`, `Pause` or `RefreshAuth` and is sent the response, so the same rules serve the
blocking and the asyncio carrier. Reads are always unique and uncached: `_t=<unique>` and
`Cache-Control: no-cache, no-store`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urljoin, urlsplit

from jobctl._version import __version__
from jobctl.client.answers import evidence_of, payload_of, refusal
from jobctl.client.messages import Flow, Pause, RefreshAuth, Request, Response
from jobctl.errors import ApiError, ProtocolError, SubmitUncertain, TransportError
from jobctl.model import Observation, Source
from jobctl.observe import Reader
from jobctl.profile.fields import compile_path
from jobctl.tunnel_pages import bypass_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobctl.profile.model import Profile

MAX_REDIRECTS: Final = 5
_RETRY_DELAYS: Final = (0.3, 1.0, 2.5)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_UNCACHED: Final = (("Cache-Control", "no-cache, no-store"), ("Pragma", "no-cache"))
_AMBIGUOUS: Final = frozenset({500, 502, 503, 504, 520, 521, 522, 523, 524, 530})
_TRANSIENT: Final = _AMBIGUOUS | {408, 425, 429}


class CancelAnswer(NamedTuple):
    """What the API said to a cancel. `observation` is the job record in the answer, when it is one."""

    accepted: bool
    status: int
    detail: str | None
    observation: Observation | None


class SubmitAnswer(NamedTuple):
    """A created job: its id, and the record in the answer, to go through the rules like any other."""

    job: str
    observation: Observation


class Calls:
    """The calls of one profile. `nonce` and `clock` (epoch seconds) come from the carrier."""

    def __init__(
        self,
        profile: Profile,
        *,
        auth: Callable[[], dict[str, str]],
        nonce: Callable[[], str],
        clock: Callable[[], float],
        route: str = "direct",
    ) -> None:
        self.profile = profile
        self.reader = Reader(profile)
        self._auth, self._nonce, self._clock, self._route = auth, nonce, clock, route
        host = urlsplit(profile.require_base_url()).hostname or ""
        self._common = (
            ("User-Agent", f"jobctl/{__version__}"),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            *bypass_headers(host).items(),
        )
        self._list_items = compile_path(profile.list_items)

    def read(self, job: str, source: Source = Source.POLL, basis: int | None = None) -> Flow[Observation]:
        """One uncached read.

        Raises:
            ConfigError, TransportError, ApiError, ProtocolError: see `jobctl.errors`.
        """
        response = yield from self._get(self.profile.read.method, self.profile.read_url(job))
        payload = payload_of(response, "read", self._clock())
        http = evidence_of(response, self._route)
        return self.reader.observe(payload, source, job, self._clock(), basis=basis, http=http)

    def list(self, limit: int | None = None) -> Flow[list[Any]]:
        """The server's own list, newest first as far as the server sorts it; raises as `read` does."""
        url = self.profile.list_url()
        if limit is not None:
            url = _with_query(url, f"limit={limit}")
        response = yield from self._get("GET", url)
        items = self._list_items(payload_of(response, "list", self._clock()))
        return items if isinstance(items, list) else []

    def submit(self, body: Any, key: str | None = None) -> Flow[SubmitAnswer]:
        """Create a job. Repeated only when nothing was sent, or when an idempotency key makes it safe.

        Raises:
            SubmitUncertain: it may or may not have been created.
            ConfigError, TransportError, ApiError, ProtocolError: it was not created.
        """
        operation = self.profile.submit
        url = self.profile.submit_url()
        headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
        if key is not None:
            headers += ((self.profile.idempotency_header, key),)
        request = self._request(operation.method if operation else "POST", url, headers, body)
        for delay in (*_RETRY_DELAYS, None):
            try:
                response = yield from self._send(request)
                return self._submitted(response)
            except TransportError as error:
                uncertain = error.sent
                problem: TransportError | ApiError | ProtocolError = error
            except ApiError as error:
                uncertain, problem = error.status in _AMBIGUOUS, error
                if error.status not in _TRANSIENT:
                    raise
            except ProtocolError as error:
                uncertain, problem = error.kind != "redirect", error
            if uncertain and key is None:
                raise self._uncertain(problem) from problem
            if delay is None or isinstance(problem, ProtocolError):
                raise problem
            yield Pause(max(delay, getattr(problem, "retry_after", None) or 0.0), problem.message)
        raise AssertionError("unreachable")  # pragma: no cover

    def cancel(self, job: str) -> Flow[CancelAnswer]:
        """Ask for a cancel. A refusal (409, 422 and the like) is an answer, not an error.

        Raises:
            ConfigError, TransportError, ApiError, ProtocolError: nobody decided.
        """
        operation = self.profile.cancel
        url = self.profile.cancel_url(job)
        request = self._request(operation.method if operation else "POST", url, (), None)
        for delay in (*_RETRY_DELAYS, None):
            try:
                response = yield from self._send(request)
                return self._cancelled(response, job)
            except TransportError as error:
                if delay is None:
                    raise
                problem: TransportError | ApiError = error
            except ApiError as error:
                # Asking twice for a cancel asks for nothing more than asking once.
                if delay is None or error.status not in _TRANSIENT:
                    raise
                problem = error
            yield Pause(delay, problem.message)
        raise AssertionError("unreachable")  # pragma: no cover

    # --- requests -------------------------------------------------------------------------------------

    def _get(self, method: str, url: str) -> Flow[Response]:
        request = self._request(method, _with_query(url, f"_t={self._nonce()}"), _UNCACHED, None)
        return (yield from self._send(request))

    def _request(self, method: str, url: str, headers: tuple[tuple[str, str], ...], body: Any) -> Request:
        encoded = None if body is None else json.dumps(body).encode()
        return Request(method, url, (*self._common, *self.profile.headers.items(), *headers), encoded)

    def _send(self, request: Request) -> Flow[Response]:
        """Send with credentials; after a 401 once more with fresh ones; follow redirects safely."""
        response = yield from self._follow(request)
        if response.status == 401:
            refreshed = yield RefreshAuth()
            if refreshed:
                response = yield from self._follow(request)
        return response

    def _follow(self, request: Request) -> Flow[Response]:
        home = request.url
        response: Response = yield request._replace(headers=(*request.headers, *self._auth().items()))
        for _ in range(MAX_REDIRECTS):
            location = response.header("location")
            if response.status not in _REDIRECTS or not location:
                return response
            target = _joined(request.url, location)
            if target is None:
                return response
            safe = request.method in {"GET", "HEAD"}
            trusted = is_same_server(home, target)
            if urlsplit(target).scheme not in {"http", "https"} or not (
                safe or (trusted and response.status > 306)
            ):
                return response
            # Whatever identifies the caller stays with the server it was meant for.
            headers = (*request.headers, *self._auth().items()) if trusted else self._common
            request = request._replace(url=target)
            response = yield request._replace(headers=headers)
        raise ProtocolError(
            f"more than {MAX_REDIRECTS} redirects",
            kind="redirect",
            hint="set --base-url to the final address",
        )

    # --- answers --------------------------------------------------------------------------------------

    def _submitted(self, response: Response) -> SubmitAnswer:
        location = response.header("location")
        created = 200 <= response.status < 300
        if created and not response.body.strip() and location:
            payload: Any = {}
        else:
            payload = payload_of(response, "submit", self._clock())
        seen = self.reader.observe(
            payload, Source.SUBMIT, "", self._clock(), http=evidence_of(response, self._route)
        )
        job = seen.said_id or (urlsplit(location).path.rstrip("/").rsplit("/", 1)[-1] if location else "")
        if not job:
            raise ProtocolError(
                "submit: accepted, but the answer names no job id",
                kind="not-json",
                status=response.status,
                hint="check fields.id of the profile; the new job is in the API's own list",
            )
        return SubmitAnswer(job, seen._replace(job=job))

    def _cancelled(self, response: Response, job: str) -> CancelAnswer:
        if response.status in self.profile.cancel_refused:
            return CancelAnswer(
                False, response.status, refusal(response, "cancel", self._clock()).detail, None
            )
        if 200 <= response.status < 300 and not response.body.strip():
            return CancelAnswer(True, response.status, None, None)
        payload = payload_of(response, "cancel", self._clock())
        http = evidence_of(response, self._route)
        seen = self.reader.observe(payload, Source.CANCEL, job, self._clock(), http=http)
        return CancelAnswer(True, response.status, None, seen if seen.status is not None else None)

    def _uncertain(self, problem: TransportError | ApiError | ProtocolError) -> SubmitUncertain:
        check = f"GET {self.profile.list.path}" if self.profile.list else "the API's own list"
        return SubmitUncertain(
            f"submit: no clear answer, the job may or may not exist ({problem.message})",
            hint=f"it was not repeated; look for it with `jobctl list` ({check}), and next time give "
            "--idempotency-key KEY, which makes repeating safe where the API honours it",
        )


def _joined(url: str, location: str) -> str | None:
    """Resolve a `Location`; None where it is no URL at all."""
    try:
        target = urljoin(url, location)
        urlsplit(target).port  # noqa: B018 -- raises for a port that is none
    except ValueError:
        return None
    return target


def is_same_server(home: str, target: str) -> bool:
    """May credentials for `home` go to `target`: same origin, or its upgrade from http to https."""
    one, other = urlsplit(home), urlsplit(target)
    if one.hostname != other.hostname:
        return False
    if one.scheme == other.scheme:
        return _port(one.scheme, one.port) == _port(other.scheme, other.port)
    return (
        (one.scheme, other.scheme) == ("http", "https")
        and one.port in {None, 80}
        and other.port in {None, 443}
    )


def _port(scheme: str, port: int | None) -> int:
    return port or (443 if scheme == "https" else 80)


def _with_query(url: str, argument: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{argument}"

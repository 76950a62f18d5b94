"""What jobctl asks an API: read, submit, cancel, list, logs. Sans I/O: a call is a flow of requests, answers.

A flow yields `Request`, `Pause` or `RefreshAuth` and is sent the response, so the same rules serve the
blocking and the asyncio carrier. Reads are always unique and uncached: `_t=<unique>` and
`Cache-Control: no-cache, no-store`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from jobctl._version import __version__
from jobctl.client.answers import evidence_of, payload_of, refusal
from jobctl.client.created import is_unusable, job_in_location, nameless, unusable
from jobctl.client.log_answer import log_of, too_large
from jobctl.client.messages import Flow, Request, Response
from jobctl.client.pages import html_page
from jobctl.client.patience import is_transient, is_uncertain, patiently
from jobctl.client.second_call import ALSO, both, check_heard_of, first_answer
from jobctl.client.sending import UNCACHED, Sender
from jobctl.errors import ApiError, ConfigError, ProtocolError, SubmitUncertain, TransportError
from jobctl.model import Observation, Source
from jobctl.observe import Reader
from jobctl.profile.auth import header_value
from jobctl.profile.fields import compile_path
from jobctl.profile.urls import with_query
from jobctl.tunnel_pages import bypass_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jobctl.client.messages import Headers
    from jobctl.errors import JobctlError
    from jobctl.profile.model import Profile
    from jobctl.profile.urls import Operation


Items = list[Any]


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
        self._nonce, self._clock, self._route = nonce, clock, route
        host = urlsplit(profile.require_base_url()).hostname or ""
        self._common = (
            ("User-Agent", f"jobctl/{__version__}"),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            *bypass_headers(host).items(),
        )
        self._send = Sender(auth, self._common).send
        self._list_items = compile_path(profile.list_items)

    def read(self, job: str, source: Source = Source.POLL, basis: int | None = None) -> Flow[Observation]:
        """One uncached read, of one call or of two.

        Raises:
            ConfigError, TransportError, ApiError, ProtocolError: see `jobctl.errors`.
        """
        profile, also = self.profile, self.profile.read_also
        response = yield from self._get(profile.read, profile.read_url(job))
        http = evidence_of(response, self._route)
        if also is None:
            payload = payload_of(response, "read", self._clock())
            return self.reader.observe(payload, source, job, self._clock(), basis=basis, http=http)
        first = first_answer(response, self._clock())
        second = yield from self._get(also, profile.url(also, job))
        if isinstance(first, ApiError):
            http = evidence_of(second, self._route)
        payload = both(first, second, self._clock())
        if not isinstance(first, ApiError) and self._is_anothers(payload, job):
            payload = first
        seen = self.reader.observe(payload, source, job, self._clock(), basis=basis, http=http)
        return check_heard_of(profile, first, seen)

    def _is_anothers(self, payload: Any, job: str) -> bool:
        """Does the second answer, by itself, name another job than the one asked for?"""
        second = {ALSO: payload[ALSO]} if ALSO in payload else None
        named = self.reader.observe(second, Source.POLL, job, self._clock()).said_id
        return named not in {None, job}

    def logs(self, job: str) -> Flow[str]:
        """The whole log as it is now; raises as `read` does, ConfigError where the profile has none too."""
        shape = self.profile.require_logs()
        accept = (("Accept", "text/plain, application/json;q=0.9"),) if shape.text is None else ()
        try:
            response = yield from self._get(shape.read, self.profile.url(shape.read, job), accept)
        except ProtocolError as error:
            if error.kind != "too-large":
                raise
            raise too_large(error) from error
        return log_of(response, compile_path(shape.text) if shape.text else None, self._clock())

    def list(self, limit: int | None = None) -> Flow[list[Any]]:
        """The server's own list, newest first as far as the server sorts it; raises as `read` does."""
        method, url, body = self.profile.list_request(limit)
        return self._items((yield from self._fetch(method, url, body=body)))

    def read_many(self, jobs: Sequence[str]) -> Flow[dict[str, Observation]]:
        """One uncached read of several jobs; those the answer does not hold are missing. Raises as `read`."""
        response = yield from self._get(self.profile.read_many, self.profile.read_many_url(jobs))
        http, now = evidence_of(response, self._route), self._clock()
        wanted, found = set(jobs), {}
        for item in self._items(response):
            seen = self.reader.observe(item, Source.POLL, "", now, http=http)
            if seen.said_id is not None and seen.said_id in wanted and seen.status is not None:
                found[seen.said_id] = seen._replace(job=seen.said_id)
        return found

    def _items(self, response: Response) -> Items:
        items = self._list_items(payload_of(response, "list", self._clock()))
        if not isinstance(items, list):
            raise ProtocolError(
                "list: the answer holds no list of jobs where the profile looks for it",
                kind="not-json",
                status=response.status,
                hint="set list_items of the profile to where the list is, for example payload.jobs",
            )
        return items

    def submit(self, body: Any, key: str | None = None) -> Flow[SubmitAnswer]:
        """Create a job. Repeated only when nothing was sent, or when an idempotency key makes it safe.

        Raises:
            SubmitUncertain: it may or may not have been created.
            ConfigError, TransportError, ApiError, ProtocolError: it was not created.
        """
        method, url, body = self.profile.submit_request(body)
        headers = () if key is None else ((self.profile.idempotency_header, _checked(key)),)
        request = self._request(method, url, body, headers, is_json=True)

        def may_repeat(error: JobctlError) -> bool:
            return is_transient(error) and (key is not None or not is_uncertain(error))

        try:
            return (yield from patiently(lambda: self._send(request), self._submitted, may_repeat))
        except (TransportError, ApiError, ProtocolError) as error:
            if is_uncertain(error):
                raise self._uncertain(error, key) from error
            raise

    def cancel(self, job: str) -> Flow[CancelAnswer]:
        """Ask for a cancel. A refusal (409, 422 and the like) is an answer, not an error.

        Asking twice asks for nothing more than asking once, so that transient errors are tried again.

        Raises:
            ConfigError, TransportError, ApiError, ProtocolError: nobody decided.
        """
        request = self._request(*self.profile.cancel_request(job))

        def read(response: Response) -> CancelAnswer:
            return self._cancelled(response, job)

        return (yield from patiently(lambda: self._send(request), read, is_transient))

    # --- requests -------------------------------------------------------------------------------------

    def _get(self, operation: Operation | None, url: str, headers: Headers = ()) -> Flow[Response]:
        return (yield from self._fetch(operation.method if operation is not None else "GET", url, headers))

    def _fetch(self, method: str, url: str, headers: Headers = (), body: Any = None) -> Flow[Response]:
        unique = f"_t={self._nonce()}"
        request = self._request(method, with_query(url, unique), body, (*UNCACHED, *headers))
        return (yield from self._send(request, unique))

    def _request(
        self, method: str, url: str, body: Any, headers: Headers = (), *, is_json: bool = False
    ) -> Request:
        encoded = None if body is None else json.dumps(body).encode()
        if is_json or encoded is not None:
            headers = (("Content-Type", "application/json"), *headers)
        by_name = {name.lower(): (name, value) for name, value in (*self._common, *headers)}
        by_name |= {name.lower(): (name, value) for name, value in self.profile.headers.items()}
        return Request(method, url, tuple(by_name.values()), encoded)

    # --- answers --------------------------------------------------------------------------------------

    def _submitted(self, response: Response) -> SubmitAnswer:
        named = job_in_location(self.profile, response)
        is_bare = 200 <= response.status < 300 and not response.body.strip()
        # After a 303 the created job is to be seen elsewhere (RFC 9110 15.4.4).
        if named and (is_bare or response.status == 303):
            payload: Any = {}
        elif is_bare:
            raise nameless(self.profile, response)
        else:
            payload = payload_of(response, "submit", self._clock())
        http = evidence_of(response, self._route)
        seen = self.reader.observe(payload, Source.SUBMIT, "", self._clock(), http=http)
        job = seen.said_id or named
        if not job:
            raise nameless(self.profile, response)
        if is_unusable(job):
            raise unusable(job, response)
        return SubmitAnswer(job, seen._replace(job=job))

    def _cancelled(self, response: Response, job: str) -> CancelAnswer:
        is_declared = response.status in self.profile.cancel_accepted
        accepted = is_declared or 200 <= response.status < 300
        now = self._clock()
        if is_declared and response.status >= 300:
            return CancelAnswer(True, response.status, None, None)
        if response.status in self.profile.cancel_refused:
            return CancelAnswer(False, response.status, refusal(response, "cancel", now).detail, None)
        try:
            payload = payload_of(response, "cancel", now)
        except ProtocolError as error:
            # A plain "OK" or nothing at all accepts as well as a record does; a page does not.
            is_page = html_page(response.body) is not None
            if accepted and error.kind in {"empty", "not-json"} and not is_page:
                return CancelAnswer(True, response.status, None, None)
            raise
        http = evidence_of(response, self._route)
        seen = self.reader.observe(payload, Source.CANCEL, job, now, http=http)
        return CancelAnswer(True, response.status, None, seen if seen.status is not None else None)

    def _uncertain(self, problem: JobctlError, key: str | None) -> SubmitUncertain:
        check = str(self.profile.list) if self.profile.list else "the API's own list"
        again = (
            "repeat the command with the same --idempotency-key"
            if key is not None
            else "next time give --idempotency-key KEY, which makes repeating safe where the API honours it"
        )
        return SubmitUncertain(
            f"submit: no clear answer, the job may or may not exist ({problem.message})",
            hint=f"look for it with `jobctl list` ({check}); {again}",
        )


def _checked(key: str) -> str:
    """An empty key, of a variable that is not set, would make every repetition look safe."""
    try:
        return header_value(key, "--idempotency-key")
    except ConfigError as error:
        raise ConfigError(error.message, hint="give it a text that is the same at each attempt") from None

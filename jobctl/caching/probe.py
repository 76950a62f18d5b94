"""Runs the experiment: the protocol's steps, one after the other, within a hard budget. Blocking."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from jobctl.caching.judging.experiment import Experiment
from jobctl.caching.judging.policies import clock_skew
from jobctl.caching.probing.courier import Courier
from jobctl.caching.probing.protocol import Ask, Plan, Protocol, Wait
from jobctl.caching.probing.routes import Route, direct_origin, require_safe_read, resolve_route
from jobctl.caching.report import Report, StreamCheck
from jobctl.caching.rules import judge
from jobctl.client.credentials import Credentials
from jobctl.client.hosts import is_loopback
from jobctl.errors import ConfigError
from jobctl.exchange import Path
from jobctl.profile.stream_shape import StreamKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jobctl.exchange import Exchange
    from jobctl.profile.model import Profile

DEFAULT_REQUESTS: Final = 40
DEFAULT_SECONDS: Final = 20.0
_PACE: Final = 0.1
"""Never faster than one request in so many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """What to diagnose and how far to go. `proxy` as `--proxy` takes it, or a `Route`; seconds throughout."""

    profile: Profile
    job: str
    proxy: str | Route
    origin: str | None = None
    rounds: int = 4
    wait_change: float = 3.0
    budget_requests: int = DEFAULT_REQUESTS
    budget_seconds: float = DEFAULT_SECONDS
    auth_isolation: bool = False
    check_stream: bool = True
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the experiment is: requests and seconds used of the budget, and what it waits for."""

    requests: int
    seconds: float
    doing: str


def run_probe(
    settings: ProbeSettings,
    tell: Callable[[Progress], None] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Report:
    """Run one experiment and return its report; Ctrl-C ends it with what is known until then.

    Raises:
        ConfigError: route, origin, credentials or the profile's read operation cannot be used.
            What servers do is never raised.
    """
    require_safe_read(settings.profile)
    route = settings.proxy
    if isinstance(route, str):
        route = resolve_route(route, settings.profile)
    origin = direct_origin(settings.profile, route, settings.origin)
    credentials = Credentials(settings.profile.auth, os.environ if environ is None else environ)
    _refuse_clear_text(settings, route, credentials)
    courier = Courier(settings.profile, settings.job, route, origin, credentials, insecure=settings.insecure)
    try:
        return _Run(settings, route, origin, courier, tell or (lambda _: None)).report(credentials)
    finally:
        courier.close()


def _refuse_clear_text(settings: ProbeSettings, route: Route, credentials: Credentials) -> None:
    base = settings.profile.base_url or ""
    is_clear = base.startswith("https://") and route.base_url.startswith("http://")
    if is_clear and not is_loopback(urlsplit(route.base_url).hostname or "") and credentials.headers():
        raise ConfigError(
            f"the API is https, the route {route.base_url} is not: credentials would travel in clear text",
            hint="give the route's https:// address",
        )


class _Run:
    """The budget, the pace, and the exchanges so far."""

    def __init__(
        self,
        settings: ProbeSettings,
        route: Route,
        origin: str | None,
        courier: Courier,
        tell: Callable[[Progress], None],
    ) -> None:
        self._settings, self._route, self._origin, self._courier = settings, route, origin, courier
        self._tell = tell
        self._exchanges: list[Exchange] = []
        self._begun = time.monotonic()
        self._last_sent = -1.0
        self._stopped: str | None = None
        self._authorized = False
        self._known: Experiment | None = None

    def report(self, credentials: Credentials) -> Report:
        """Run to the end and say what came of it."""
        self._authorized = "authorization" in {name.lower() for name in credentials.headers()}
        try:
            self._run()
            stream = self._check_stream(credentials)
        except KeyboardInterrupt:
            self._stopped, self._known, stream = "interrupted", None, None
        experiment, settings = self._experiment(), self._settings
        diagnosis = judge(experiment)
        return Report(
            job=settings.job,
            profile=settings.profile.name,
            route=self._route.name,
            proxied_url=self._route.base_url,
            direct_url=self._origin if experiment.has_direct else None,
            diagnosis=diagnosis,
            exchanges=tuple(self._exchanges),
            requests=len(self._exchanges),
            seconds=time.monotonic() - self._begun,
            budget_requests=settings.budget_requests,
            budget_seconds=settings.budget_seconds,
            stopped=self._stopped,
            stream=stream,
            skew=clock_skew(experiment),
            bypass=tuple(self._courier.bypass.items()),
            notes=self._notes(experiment),
        )

    def _notes(self, experiment: Experiment) -> tuple[str, ...]:
        if self._origin is None or experiment.has_direct:
            return ()
        return (f"nobody answers at the direct address {self._origin}",)

    def _run(self) -> None:
        settings = self._settings
        plan = Plan(
            self._origin is not None,
            rounds=settings.rounds,
            wait_change=settings.wait_change,
            auth_isolation=settings.auth_isolation and self._authorized,
        )
        steps = Protocol(plan, self._experiment, judge, time.monotonic).steps()
        answer: Exchange | None = None
        while self._stopped is None:
            try:
                step = steps.send(answer)
            except StopIteration:
                return
            answer = None
            if isinstance(step, Wait):
                self._wait(step)
            elif len(self._exchanges) >= settings.budget_requests or self._left() <= 0:
                self._stopped = "budget"
            else:
                answer = self._send(step)
        self._known = None

    def _wait(self, step: Wait) -> None:
        self._say(step.why)
        time.sleep(max(0.0, min(step.seconds, self._left())))

    def _send(self, ask: Ask) -> Exchange:
        time.sleep(max(0.0, self._last_sent + _PACE - time.monotonic()))
        self._last_sent = time.monotonic()
        self._say(f"asking ({ask.path.value})")
        answer = self._courier.send(ask, len(self._exchanges) + 1, self._left())
        self._exchanges.append(answer)
        self._known = None
        if answer.problem is not None and (answer.problem.kind == "rate-limited" or answer.status == 503):
            self._stopped = answer.problem.kind  # it is in distress, or wants to be left alone
        return answer

    def _experiment(self) -> Experiment:
        if self._known is None:
            self._known = Experiment(
                tuple(self._exchanges),
                has_direct=self._origin is not None and not self._origin_is_silent(),
                authorized=self._authorized,
                stopped=self._stopped,
            )
        return self._known

    def _origin_is_silent(self) -> bool:
        """Nobody answers at the direct address: unique URLs have to be the control."""
        direct = [one for one in self._exchanges if one.path is Path.DIRECT]
        return len(direct) > 1 and not any(one.completed for one in direct)

    def _left(self) -> float:
        return self._begun + self._settings.budget_seconds - time.monotonic()

    def _say(self, doing: str) -> None:
        self._tell(Progress(len(self._exchanges), time.monotonic() - self._begun, doing))

    def _check_stream(self, credentials: Credentials) -> StreamCheck | None:
        """Try the WebSocket on the same route, where the API has one and it answered at all."""
        answered = any(one.completed for one in self._exchanges)
        if not (self._settings.check_stream and self._route.via is None and answered):
            return None
        profile = self._settings.profile.with_base_url(self._route.base_url)
        url = profile.stream_url(self._settings.job)
        if profile.stream_shape.kind is not StreamKind.WEBSOCKET:
            return None  # a GET like any other: what the reads show holds for it
        if url is None or self._stopped is not None or self._left() <= 0:
            return None
        from jobctl.caching.probing.stream_check import check_stream  # noqa: PLC0415 -- websockets and asyncio

        self._say("trying the WebSocket")
        headers = {**profile.headers, **credentials.headers()}
        return check_stream(profile, url, headers, self._left(), insecure=self._settings.insecure)

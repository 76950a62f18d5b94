"""Everything between the client and the server for one read: errors, replicas that lag, a cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from world.make import JOB

from jobctl.evidence import served_from_store
from jobctl.model import Http
from jobctl.watching.events import Failure, FailureKind

if TYPE_CHECKING:
    import random

    from world.server import Server
    from world.weather import Weather

_FAILURES = {
    "transient": Failure(FailureKind.TRANSIENT, "the server answered 502", status=502),
    "timeout": Failure(FailureKind.TRANSIENT, "no answer in time"),
    "html": Failure(FailureKind.TUNNEL_PAGE, "a tunnel's own page", status=200),
    "not-json": Failure(FailureKind.NOT_JSON, "not JSON", status=200),
    "404": Failure(FailureKind.NOT_FOUND, "not found", status=404),
    "auth": Failure(FailureKind.AUTH, "401", status=401),
}
_TIMEOUT = 5.0


class Answer(NamedTuple):
    """What comes back after `delay` seconds: a payload with its evidence, or a failure."""

    delay: float
    payload: Any
    http: Http | None
    failure: Failure | None = None


class ReadPath:
    """Answers reads as the weather has it."""

    def __init__(self, server: Server, weather: Weather, rng: random.Random) -> None:
        self._server, self._weather, self._rng = server, weather, rng
        self._copy: tuple[float, dict[str, Any]] | None = None
        self._last_was_404 = False
        self.auth_refused = False

    def read(self, now: float) -> Answer:
        """Answer a read that is sent at `now`."""
        weather, rng = self._weather, self._rng
        latency = weather.latency * rng.uniform(0.5, 1.5)
        seen_at = now + latency * rng.uniform(0.1, 0.9)
        kind = self._error(now)
        if kind == "wordless":
            return Answer(latency, {"id": JOB, "ok": True}, Http(200))
        if kind is not None:
            failure = Failure(FailureKind.TRANSIENT, "429", status=429, retry_after=weather.retry_after)
            delay = _TIMEOUT if kind == "timeout" else latency
            return Answer(delay, None, None, _FAILURES.get(kind, failure))
        if now >= weather.heals_at:
            return self._fetched(latency, seen_at, 0.0)
        if weather.cache_ttl and self._copy is not None and seen_at - self._copy[0] < weather.cache_ttl:
            age = str(int(seen_at - self._copy[0]))
            headers = (("age", age),) if weather.cache_says_age else ()
            return Answer(latency, self._copy[1], Http(200, headers, "direct", served_from_store(headers)))
        answer = self._fetched(latency, seen_at, rng.choice(weather.lag))
        if answer.failure is None and weather.cache_ttl:
            self._copy = seen_at, answer.payload
        return answer

    def _fetched(self, latency: float, seen_at: float, lag: float) -> Answer:
        index = self._server.index_at(seen_at - lag)
        if index < 0:
            self._last_was_404 = True
            return Answer(latency, None, None, _FAILURES["404"])
        return Answer(latency, self._server.payload(index, self._weather.reads), Http(200))

    def _error(self, now: float) -> str | None:
        weather = self._weather
        if now >= weather.heals_at:
            return None
        down = any(begin <= now < end for begin, end in weather.outages)
        if not down and self._rng.random() >= weather.read_errors:
            self._last_was_404 = False
            return None
        kind = self._rng.choice(weather.error_kinds)
        if kind == "404" and self._last_was_404:  # a replica may not know the job once; the server knows it
            kind = "transient"
        self._last_was_404 = kind == "404"
        self.auth_refused |= kind == "auth"
        return kind

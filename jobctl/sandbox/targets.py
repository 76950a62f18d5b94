"""What a request is about: which API, which action, which job. One table for server, tunnel and counters."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class Action(StrEnum):
    """What a request does."""

    SUBMIT = "submit"
    LIST = "list"
    READ = "read"
    CANCEL = "cancel"
    STREAM = "stream"
    OTHER = "other"
    CONTROL = "control"


READS: Final = frozenset({Action.LIST, Action.READ})


@dataclass(frozen=True, slots=True)
class Target:
    """One request, classified."""

    api: str
    action: Action
    route: str
    job: str = ""

    @property
    def key(self) -> str:
        """What the dice of a fault are rolled for."""
        return f"{self.action}:{self.job}"


_GENERATION: Final = "/api/v1/generation-jobs"
_V1: Final = "/v1/jobs"
_TABLE: Final = tuple(
    (method, re.compile(pattern, re.DOTALL), api, action, route)
    for method, pattern, api, action, route in (
        ("POST", _GENERATION, "generation", Action.SUBMIT, _GENERATION),
        ("GET", _GENERATION, "generation", Action.LIST, _GENERATION),
        ("POST", _GENERATION + "/(.+)/cancel", "generation", Action.CANCEL, _GENERATION + "/{id}/cancel"),
        ("GET", _GENERATION + "/(.+)", "generation", Action.READ, _GENERATION + "/{id}"),
        ("POST", _V1, "v1", Action.SUBMIT, _V1),
        ("GET", _V1, "v1", Action.LIST, _V1),
        ("POST", _V1 + "/(.+)/cancel", "v1", Action.CANCEL, _V1 + "/{id}/cancel"),
        ("GET", _V1 + "/(.+)", "v1", Action.READ, _V1 + "/{id}"),
        ("WS", "/ws/jobs/(.+)", "generation", Action.STREAM, "/ws/jobs/{id}"),
        ("WS", "/ws/logs/(.+)", "generation", Action.STREAM, "/ws/logs/{id}"),
        ("GET", "/logs/jobs/(.+)", "generation", Action.OTHER, "/logs/jobs/{id}"),
        ("GET", "/events/jobs/(.+)", "generation", Action.STREAM, "/events/jobs/{id}"),
    )
)


def find_target(scope: Scope) -> Target:
    """Classify an ASGI http or websocket scope (HEAD counts as GET)."""
    method = "WS" if scope["type"] == "websocket" else scope["method"].replace("HEAD", "GET")
    path = scope["path"]
    for wanted, pattern, api, action, route in _TABLE:
        if method == wanted and (match := pattern.fullmatch(path)):
            return Target(api, action, f"{method} {route}", match[1] if pattern.groups else "")
    if path.startswith("/_sandbox/"):
        return Target("", Action.CONTROL, f"{method} /_sandbox")
    return Target("generation", Action.OTHER, f"{method} {path if path == '/openapi.json' else 'other'}")


class Counters:
    """How often each route and each job was asked for; control requests are not counted."""

    def __init__(self) -> None:
        self.reset()
        self.open_sockets = 0

    def reset(self) -> None:
        """Set everything to zero (sockets that are open stay counted as open)."""
        self.routes: Counter[str] = Counter()
        self.jobs: dict[str, Counter[str]] = defaultdict(Counter)
        self.cache: Counter[str] = Counter({"hit": 0, "miss": 0, "pass": 0})

    def count(self, target: Target) -> None:
        """Count one request or socket session."""
        if target.action is Action.CONTROL:
            return
        self.routes[target.route] += 1
        if target.job:
            self.jobs[target.job][target.action.value] += 1

    def snapshot(self) -> dict[str, Any]:
        """Plain data: total, routes, jobs (reads, streams, cancels of each), open sockets, cache."""
        return {
            "total": sum(self.routes.values()),
            "routes": dict(self.routes),
            "jobs": {job: dict(counts) for job, counts in self.jobs.items()},
            "sockets_open": self.open_sockets,
            "cache": dict(self.cache),
        }


class CountingMiddleware:
    """Counts what arrives, before any fault."""

    def __init__(self, app: ASGIApp, counters: Counters) -> None:
        self._app = app
        self._counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count and pass on."""
        self._counters.count(find_target(scope))
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        self._counters.open_sockets += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._counters.open_sockets -= 1

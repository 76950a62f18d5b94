"""The tunnel's memory: ASGI middleware that serves job reads from a cache with a fixed time to live."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from jobctl.sandbox.answers import Header, send_body, send_start
from jobctl.sandbox.faults import FAULTS
from jobctl.sandbox.targets import READS, Counters, find_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from jobctl.sandbox.plan import FaultPlan

_CACHE_FAULTS: Final = tuple(name for name in FAULTS if name.startswith("cache"))
_MAX_ENTRIES: Final = 1000
_MAX_BODY: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class _Copy:
    stored_at: float
    headers: list[Header]
    body: bytes


class ReadCache:
    """Caches 200 answers to GETs of jobs while any `cache…` fault is on, across users as nginx does.

    The key is path and query. Directives are obeyed as RFC 9111 sections 5.2.1 and 5.2.2 have it (a request's
    no-cache replaces the stored copy), unless `cache-ignore-no-store` is on; its time to live is its own.
    """

    def __init__(
        self, app: ASGIApp, plan: FaultPlan, counters: Counters, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._plan = plan
        self._counters = counters
        self._clock = clock
        self._copies: OrderedDict[bytes, _Copy] = OrderedDict()

    def clear(self) -> None:
        """Forget everything."""
        self._copies.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or pass on and remember."""
        if not self._applies(scope):
            await self._app(scope, receive, send)
            return
        asked = set() if self._plan.get("cache-ignore-no-store") else _directives(scope["headers"])
        key = self._key(scope)
        copy = self._fresh(key)
        if copy is not None and not asked & {"no-store", "no-cache"}:
            self._counters.cache["hit"] += 1
            await send_start(send, 200, self._hit_headers(copy))
            await send_body(send, copy.body)
            return
        self._counters.cache["pass" if asked & {"no-store", "no-cache"} else "miss"] += 1

        def keep(headers: list[Header], body: bytes) -> None:
            if "no-store" not in asked and not self._forbidden(headers):
                self._store(key, _Copy(self._clock(), headers, body))

        extra = [(b"x-cache", b"MISS")] if self._plan.get("cache-honest") else []
        await self._app(scope, receive, _Recorder(send, keep, extra).send)

    def _applies(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] != "GET":
            return False
        return any(self._plan.get(name) for name in _CACHE_FAULTS) and find_target(scope).action in READS

    def _key(self, scope: Scope) -> bytes:
        query = b"" if self._plan.get("cache-drop-query") else b"?" + scope["query_string"]
        path: bytes = scope["raw_path"]
        return path + query

    def _fresh(self, key: bytes) -> _Copy | None:
        copy = self._copies.get(key)
        # The sub-faults switch the cache on with its default time to live.
        cache = self._plan.get("cache")
        default = FAULTS["cache"].default
        ttl = cache.number if cache else float(default or 0)
        return copy if copy is not None and self._clock() - copy.stored_at < ttl else None

    def _forbidden(self, headers: list[Header]) -> bool:
        if self._plan.get("cache-ignore-no-store"):
            return False
        return bool(_directives(headers) & {"no-store", "no-cache", "private"})

    def _store(self, key: bytes, copy: _Copy) -> None:
        self._copies[key] = copy
        self._copies.move_to_end(key)
        if len(self._copies) > _MAX_ENTRIES:
            self._copies.popitem(last=False)

    def _hit_headers(self, copy: _Copy) -> list[Header]:
        if self._plan.get("cache-honest"):
            age = str(int(self._clock() - copy.stored_at)).encode()
            return [*copy.headers, (b"age", age), (b"x-cache", b"HIT")]
        # A silent cache leaves no trace in Date either.
        now = formatdate(usegmt=True).encode()
        return [(name, now if name.lower() == b"date" else value) for name, value in copy.headers]


class _Recorder:
    """Passes an answer on; gives a complete, small 200 to `keep` before its last byte goes out."""

    def __init__(self, send: Send, keep: Callable[[list[Header], bytes], None], extra: list[Header]) -> None:
        self._send = send
        self._keep = keep
        self._extra = extra
        self._status = 0
        self._headers: list[Header] = []
        self._body = b""

    async def send(self, message: Message) -> None:
        """Take one message of the answer."""
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message["headers"])
            message = {**message, "headers": [*self._headers, *self._extra]}
        elif len(self._body) <= _MAX_BODY:
            self._body += message.get("body", b"")
            whole = not message.get("more_body", False) and len(self._body) <= _MAX_BODY
            if whole and self._status == HTTPStatus.OK:
                self._keep(self._headers, self._body)
        await self._send(message)


def _directives(headers: list[Header]) -> set[str]:
    """Cache directives, names only, lower case; `Pragma: no-cache` counts (RFC 9111 section 5.4)."""
    found = set()
    for name, value in headers:
        if name.lower() in {b"cache-control", b"pragma"}:
            words = value.decode("latin-1").lower().split(",")
            found |= {word.partition("=")[0].strip() for word in words}
    return found

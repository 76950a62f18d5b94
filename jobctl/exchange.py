"""One request and its answer, neutral of httpx, mitmproxy and HAR: what the caching rules judge."""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from jobctl.model import Observation

Headers = tuple[tuple[str, str], ...]


class Path(StrEnum):
    """Which way a request went, and what it was for. The letters are those of the experiment."""

    DIRECT = "direct"
    """D: to the origin, past every proxy under suspicion."""
    PLAIN = "plain"
    """P: through the proxy, as an ordinary poll: no cache-buster, no Cache-Control."""
    BUSTED = "busted"
    """B: through the proxy with a fresh unique query argument."""
    VALIDATOR = "validator"
    """V: through the proxy with an `If-None-Match` of a superseded ETag, or a HEAD."""
    VALIDATOR_BUSTED = "validator-busted"
    """The same question about a unique URL, on the same connection: its other control."""
    VALIDATOR_DIRECT = "validator-direct"
    """The same question put to the origin: a control of V."""
    CONFESSION = "confession"
    """C: through the proxy, asking the cache to say what it has."""
    ANONYMOUS = "anonymous"
    """P without credentials (`--auth-isolation`)."""
    ANONYMOUS_DIRECT = "anonymous-direct"
    """D without credentials: its control."""
    WRITE = "write"
    """A submit or cancel seen in a recording; its answer may carry a record."""
    EVENT = "event"
    """A WebSocket or SSE message about a job: the body is the message, there are no headers."""
    SENT = "sent"
    """A message the client sent on a stream: the body is the message. It proves nothing of the server."""


MESSAGES = frozenset({Path.EVENT, Path.SENT})
"""What came by a stream that an earlier exchange opened."""


class Exchange(NamedTuple):
    """One request and what came back.

    `number` counts from 1 within an experiment or recording. `sent` and `received` are seconds on one
    clock that never steps back: A completed before B was sent when `A.received <= B.sent`. `at` is when it
    was sent, in seconds since the epoch. `status` 0 means that no answer came; `problem` then says why, and
    for an answer that is no job record it says what it is instead. Headers are in order, with duplicates.
    """

    number: int
    path: Path
    method: str
    url: str
    request_headers: Headers
    status: int
    headers: Headers
    body: bytes
    sent: float
    received: float
    at: float = 0.0
    nonce: str = ""
    """The `X-Request-Id` sent, unique to this request; empty where the client sent none."""
    seen: Observation | None = None
    """What the body says about the job; None when it is no record of it."""
    problem: Problem | None = None
    peer: str = ""
    """Address the connection went to, `host:port`; empty where that is not known."""
    connection: int = 0
    """Which connection carried it; equal numbers are one connection, 0 is not known."""
    request_body: bytes = b""
    """What the request carried, where it was recorded; no longer than an answer's body may be."""
    remembered: bool = False
    """The client answered itself, from its own cache: no proxy had a part in it."""
    handshake: int = 0
    """Number of the exchange that opened the stream this message came by; 0 is not known."""

    @property
    def completed(self) -> bool:
        """An answer came, in full."""
        return self.status != 0

    def header(self, name: str) -> str | None:
        """Return the first response header of that name, any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def values(self, name: str) -> list[str]:
        """Return all values of a response header in order, any case."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def asked(self, name: str) -> str | None:
        """Return the first request header of that name, any case."""
        wanted = name.lower()
        return next((value for key, value in self.request_headers if key.lower() == wanted), None)

    @property
    def body_hash(self) -> str:
        """A short hash of the body, to compare two answers by."""
        return blake2b(self.body, digest_size=8).hexdigest()


class Problem(NamedTuple):
    """Why an exchange is no read of the job. `kind` is one of `PROBLEM_KINDS`."""

    kind: str
    message: str
    hint: str | None = None
    retry_after: float | None = None


PROBLEM_KINDS = frozenset(
    {
        "unreachable",  # refused, unresolvable, TLS, cut, truncated
        "timeout",
        "tunnel-page",
        "not-json",
        "redirect",
        "auth",  # 401, 403
        "not-found",  # 404, 410
        "rate-limited",  # 429, 503 with Retry-After
        "server-error",
        "refused",  # any other 4xx
        "not-the-job",  # JSON, but no record of this job
    }
)
"""Closed: each has a next step of its own."""


def before(first: Exchange, second: Exchange) -> bool:
    """Tell whether the first was over when the second was sent: only such pairs can be ordered."""
    return first.completed and first.received <= second.sent


def json_leaves(payload: Any, limit: int = 200) -> dict[str, str]:
    """Return path → text of the scalar leaves of JSON, the first `limit` of them, breadth first."""
    leaves: dict[str, str] = {}
    queue: list[tuple[str, Any]] = [("$", payload)]
    while queue and len(leaves) < limit:
        path, node = queue.pop(0)
        if isinstance(node, dict):
            queue.extend((f"{path}.{key}", value) for key, value in list(node.items())[:limit])
        elif isinstance(node, list):
            queue.extend((f"{path}[{index}]", value) for index, value in enumerate(node[:limit]))
        elif isinstance(node, str | int | float) and not isinstance(node, bool):
            leaves[path] = str(node)[:200]
    return leaves

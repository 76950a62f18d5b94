"""`NoStoreMiddleware`: keeps the job routes of an ASGI app out of every cache. Standard library only.

The fix that `jobctl diagnose` recommends for an origin on Starlette, FastAPI or another ASGI framework.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_POLICY: Final[Headers] = [
    (b"cache-control", b"no-store"),
    # Caches that know one of these read it instead of Cache-Control (RFC 9213 §2.2, Edge Architecture).
    (b"cdn-cache-control", b"no-store"),
    (b"surrogate-control", b"no-store"),
    # Still obeyed by an nginx told to ignore Cache-Control and Expires; nginx does not pass it on.
    (b"x-accel-expires", b"0"),
]
_DROPPED: Final = frozenset(
    {
        b"surrogate-control",
        b"edge-control",  # Akamai
        b"x-accel-expires",
        # Without a validator no cache can ask "still the same?", and HAProxy stores only what has one.
        b"etag",
        b"last-modified",
        b"expires",
        b"age",
        b"pragma",
    }
)
_DROPPED_ENDING: Final = b"cache-control"
"""Cloudflare-CDN-Cache-Control, Vercel-CDN-Cache-Control, X-LiteSpeed-Cache-Control outrank the plain one."""
_CONDITIONS: Final = frozenset({b"if-none-match", b"if-modified-since", b"if-range"})


class NoStoreMiddleware:
    """Marks every HTTP answer on job routes, errors included, as not to be stored (RFC 9111 §5.2.2.5).

    `paths` says which routes: path prefixes, which match whole segments (`/jobs` matches `/jobs` and
    `/jobs/1`, not `/jobs-old`), or compiled regular expressions, which are searched for in the path. Without
    any, every path is a job route. A path may be written with `root_path` before it or without.

    Everything else passes through untouched: other paths, WebSockets, lifespan, bodies (streamed ones are
    never held back) and exceptions. Starlette and FastAPI answer an exception that nobody handled outside
    the middleware that `add_middleware` adds; to mark that 500 as well, serve `NoStoreMiddleware(app)`.

    For example `app.add_middleware(NoStoreMiddleware, paths=["/api/v1/generation-jobs"])`.

    Raises:
        TypeError: `paths` is one string, or holds what is neither text nor a pattern for text.
        ValueError: a prefix does not begin with `/`.
    """

    def __init__(self, app: ASGIApp, paths: Iterable[str | re.Pattern[str]] = ()) -> None:
        if isinstance(paths, str):
            raise TypeError(f"paths: expected a list of prefixes, got the text {paths!r}: write [{paths!r}]")
        self._app = app
        self._patterns = [_pattern(path) for path in paths]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not self._is_job_route(scope):
            await self._app(scope, receive, send)
            return

        async def send_marked(message: Message) -> None:
            await send(_marked(message))

        await self._app(_unconditional(scope), receive, send_marked)

    def _is_job_route(self, scope: Scope) -> bool:
        if not self._patterns:
            return True
        paths = _spellings(scope["path"], scope.get("root_path") or "")
        return any(pattern.search(path) for pattern in self._patterns for path in paths)


def _pattern(path: str | re.Pattern[str]) -> re.Pattern[str]:
    if isinstance(path, re.Pattern) and isinstance(path.pattern, str):
        return path
    if not isinstance(path, str):
        raise TypeError(f"paths: expected path prefixes or compiled regular expressions, got {path!r}")
    if not path.startswith("/"):
        raise ValueError(f"paths: expected a prefix that begins with '/', got {path!r}")
    return re.compile(rf"\A{re.escape(path.rstrip('/'))}(?:/|\Z)")


def _spellings(path: str, root: str) -> set[str]:
    """Return the path in all forms: servers and frameworks disagree whether it includes `root_path`."""
    root = root.rstrip("/")
    below = path[len(root) :] if path == root or path.startswith(f"{root}/") else path
    return {path, below or "/", root + below}


def _unconditional(scope: Scope) -> Scope:
    """Return the scope of a GET or HEAD without its conditions.

    A 304 says "use what you have", and what a client or cache has is just what must not be used. Other
    methods keep theirs: there a failed condition is a 412 that protects a write (RFC 9110 §13.1.2).
    """
    if scope["method"] not in {"GET", "HEAD"}:
        return scope
    headers: Headers = list(scope["headers"])
    names = {name.lower() for name, _ in headers}
    dropped = _CONDITIONS & names
    if b"if-range" in dropped:
        # A Range that has lost its condition would append bytes of one version to those of another.
        dropped |= {b"range"}
    if not dropped:
        return scope
    return {**scope, "headers": [(name, value) for name, value in headers if name.lower() not in dropped]}


def _marked(message: Message) -> Message:
    kind = message["type"]
    if kind == "http.response.start":
        return {**message, "headers": [*_kept(message), *_POLICY]}
    if kind == "http.response.trailers":  # an ETag may come late (RFC 9110 §8.8.3)
        return {**message, "headers": _kept(message)}
    return message


def _kept(message: Message) -> Headers:
    return [(name, value) for name, value in message.get("headers", ()) if not _is_dropped(name.lower())]


def _is_dropped(name: bytes) -> bool:
    return name in _DROPPED or name.endswith(_DROPPED_ENDING)

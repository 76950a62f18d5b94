"""The `stream` of a profile as TOML gives it: a path, a URL, false, or a table of how it is spoken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from jobctl.durations import parse_duration
from jobctl.errors import ConfigError
from jobctl.profile.call_shape import json_problem
from jobctl.profile.fields import compile_path
from jobctl.profile.problems import Problems, show
from jobctl.profile.stream_shape import DEFAULT_STREAM, StreamKind, StreamShape
from jobctl.profile.urls import check_template, split_base_url

_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SCHEMES: Final = {StreamKind.WEBSOCKET: "wss?", StreamKind.SSE: "https?"}
_EXAMPLES: Final = {
    StreamKind.WEBSOCKET: "a path such as '/ws/jobs/{id}', a ws:// or wss:// URL, or false",
    StreamKind.SSE: "a path such as '/jobs/{id}/events', or an http:// or https:// URL",
}


def parse_stream(path: str, value: Any, problems: Problems) -> tuple[str | None, StreamShape]:
    """Return the address (None: no stream) and the shape; what is wrong goes to `problems`."""
    if not isinstance(value, Mapping):
        try:
            return None if value is False else address(value), DEFAULT_STREAM
        except ConfigError as error:
            problems.error(path, error)
            return None, DEFAULT_STREAM
    problems.unknown_keys(path, value, ("url", "kind", *_PARSERS))
    found: dict[str, Any] = {}
    kind = _kind(path, value.get("kind", StreamKind.WEBSOCKET.value), problems)
    for key, parse in _PARSERS.items():
        if key in value:
            try:
                found[key] = parse(value[key])
            except (ConfigError, ValueError) as error:
                problems.add(f"{path}.{key}", str(error))
            if kind is StreamKind.SSE and key != "only":
                problems.add(f"{path}.{key}", "server-sent events go one way: nothing can be sent")
    try:
        url = address(value.get("url"), kind)
    except ConfigError as error:
        problems.error(f"{path}.url", error)
        return None, DEFAULT_STREAM
    return url, StreamShape(kind=kind, **found)


def address(value: Any, kind: StreamKind = StreamKind.WEBSOCKET) -> str:
    """Check a path or a URL of the kind's scheme.

    Raises:
        ConfigError: it is neither.
    """
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"expected {_EXAMPLES[kind]}, got {show(value)}")
    stream = value.strip()
    check_template(stream)
    scheme = _SCHEMES[kind]
    spoken = scheme.replace("s?", "://") + " or " + scheme.replace("?", "://")
    if not re.match(rf"/|{scheme}://[^/{{}}]", stream):
        raise ConfigError(f"expected a path that starts with '/' or a {spoken} URL, got {stream!r}")
    authority = re.split(r"[/?]", stream.partition("://")[2], maxsplit=1)[0]
    if "{" in authority:
        # An id is whatever somebody types: it must not choose who gets the credentials.
        raise ConfigError(f"expected '{{id}}' behind the host, got {stream!r}")
    if "@" in authority:
        raise ConfigError("credentials do not belong in the stream's URL; the profile's auth goes there too")
    if "://" in stream:
        try:
            split_base_url(re.sub(r"^ws", "http", stream))
        except ConfigError:
            raise ConfigError(
                f"expected a {spoken} URL with a host and a usable port, got {stream!r}"
            ) from None
    return stream


def _kind(path: str, value: Any, problems: Problems) -> StreamKind:
    try:
        return StreamKind(value)
    except ValueError:
        problems.expected(f"{path}.kind", "'websocket' or 'sse'", value)
        return StreamKind.WEBSOCKET


def _message(value: Any) -> str:
    """A text is sent as it is, a table as JSON."""
    if isinstance(value, str) and value:
        return value
    if isinstance(value, Mapping) and value:
        if problem := json_problem(value):
            raise ConfigError(problem)
        return json.dumps(value, separators=(",", ":"))
    raise ConfigError(f"expected a text or a table, got {show(value)}")


def _subprotocol(value: Any) -> str:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ConfigError(f"expected the name of a subprotocol such as 'jobs.v1', got {show(value)}")
    return value


def _seconds(value: Any) -> float:
    seconds = parse_duration(value)
    if seconds < 1:
        raise ConfigError(f"expected a second at least, got {show(value)}")
    return seconds


def _expression(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"expected a JMESPath expression, got {show(value)}")
    try:
        compile_path(value)
    except ValueError as error:
        said = (str(error).splitlines() or [""])[0]
        raise ConfigError(f"expected a JMESPath expression, got {show(value)}: {said}") from None
    return value


_PARSERS: Final[dict[str, Callable[[Any], Any]]] = {
    "subprotocol": _subprotocol,
    "hello": _message,
    "ping": _message,
    "ping_every": _seconds,
    "only": _expression,
}

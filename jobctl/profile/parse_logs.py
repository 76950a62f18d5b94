"""The `logs` of a profile as TOML gives it: "GET /path/{id}", or a table of read, text and tail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jobctl.errors import ConfigError
from jobctl.profile.fields import compile_path
from jobctl.profile.logs_shape import LogsShape
from jobctl.profile.parse_stream import parse_stream
from jobctl.profile.problems import show
from jobctl.profile.stream_shape import DEFAULT_STREAM, StreamKind
from jobctl.profile.urls import Operation

if TYPE_CHECKING:
    from jobctl.profile.problems import Problems

_KEYS = ("read", "text", "tail")


def parse_logs(path: str, value: Any, problems: Problems, _warnings: list[str]) -> LogsShape | None:
    """Return the shape; what is wrong goes to `problems`."""
    table: Mapping[str, Any] = value if isinstance(value, Mapping) else {"read": value}
    problems.unknown_keys(path, table, _KEYS)
    where = f"{path}.read" if isinstance(value, Mapping) else path
    try:
        read = _read(table.get("read"))
    except ConfigError as error:
        problems.error(where, error)
        return None
    text = table.get("text")
    if text is not None and not _is_expression(text):
        problems.expected(f"{path}.text", "a JMESPath expression such as 'logs'", text)
    tail, shape = None, DEFAULT_STREAM
    if "tail" in table:
        tail, shape = parse_stream(f"{path}.tail", table["tail"], problems)
        if shape.kind is StreamKind.SSE:
            problems.add(f"{path}.tail.kind", "a tail is a WebSocket")
        if shape.only is not None:
            problems.add(f"{path}.tail.only", "every message of a tail is a piece of the log")
    return LogsShape(read, text, tail, shape)


def _read(value: Any) -> Operation:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"expected 'GET /path/{{id}}', got {show(value)}")
    return Operation.parse(value, needs_id=True)


def _is_expression(text: Any) -> bool:
    if not isinstance(text, str) or not text.strip():
        return False
    try:
        compile_path(text)
    except ValueError:
        return False
    return True

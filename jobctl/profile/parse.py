"""A table as TOML gives it → `Profile`. Every problem names file, key path and what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from jobctl.errors import ConfigError
from jobctl.model import JobStatus
from jobctl.profile.auth import header_value
from jobctl.profile.call_shape import json_problem
from jobctl.profile.fields import compile_path
from jobctl.profile.model import DEFAULT_FIELDS, DEFAULT_WORDS, Profile, both_spellings, spell
from jobctl.profile.parse_auth import parse_auth, parse_tls
from jobctl.profile.parse_logs import parse_logs
from jobctl.profile.parse_stream import parse_stream
from jobctl.profile.problems import Problems, show
from jobctl.profile.urls import Operation, split_base_url

HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_MERGED_TABLES: Final = ("fields", "status", "routes", "headers")
_STATUS_CODES: Final = range(300, 600)


def parse_profile(name: str, table: Mapping[str, Any], origin: str = "built-in") -> Profile:
    """Build a profile from its table (`extends` already merged in).

    Raises:
        ConfigError: With all problems of the table, one a line.
    """
    problems = Problems(origin)
    profile = collect_profile(name, table, problems)
    problems.raise_any()
    if profile is None:
        raise ConfigError(f"{origin}: profiles.{name}: not a profile")
    return profile


def collect_profile(name: str, table: Mapping[str, Any] | Any, problems: Problems) -> Profile | None:
    """Like `parse_profile`, but collect the problems; None when there were any."""
    path = f"profiles.{name}"
    if not isinstance(table, Mapping):
        problems.expected(path, "a table", table)
        return None
    before = len(problems.lines)
    problems.unknown_keys(path, table, (*_PARSERS, *_TABLES, "stream"))
    values: dict[str, Any] = {}
    warnings: list[str] = []
    for key, value in ((str(key), value) for key, value in table.items()):
        where = f"{path}.{key}"
        try:
            if key in _PARSERS:
                values[_ATTRIBUTES.get(key, key)] = _PARSERS[key](value)
            elif key == "stream":
                values["stream"], values["stream_shape"] = parse_stream(where, value, problems)
            elif key in _TABLES:
                values[_ATTRIBUTES.get(key, key)] = _TABLES[key](where, value, problems, warnings)
        except ConfigError as error:
            problems.error(where, error)
    if "read" not in table:
        problems.add(
            f"{path}.read",
            "missing; expected 'METHOD /path/{id}'",
            f'to change a known profile, say which: extends = "{name}"',
        )
    _refuse_two_credentials(path, values, problems)
    if len(problems.lines) > before:
        return None
    return Profile(name=name, origin=problems.file, warnings=tuple(warnings), **values)


def _refuse_two_credentials(path: str, values: Mapping[str, Any], problems: Problems) -> None:
    auth = values.get("auth")
    taken = {header.lower() for header in auth.headers} if auth is not None else set()
    for name in values.get("headers", {}):
        if name.lower() in taken:
            problems.add(
                f"{path}.headers.{name}", "the auth table sets this header too", "remove one of the two"
            )


def merge_tables(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Merge a table over the one it extends: fields, status, routes, headers by key, the rest whole."""
    merged = {**base, **own}
    for key in _MERGED_TABLES:
        if isinstance(base.get(key), Mapping) and isinstance(own.get(key), Mapping):
            merged[key] = {**base[key], **own[key]}
    if isinstance(base.get("status"), Mapping) and isinstance(own.get("status"), Mapping):
        merged["status"] = _merge_words(base["status"], own["status"])
    merged.pop("extends", None)
    return merged


def _merge_words(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    taken = {spell(word) for words in own.values() for word in _as_words(words) if isinstance(word, str)}
    merged = dict(own)
    for status, words in base.items():
        kept = [word for word in _as_words(words) if not (isinstance(word, str) and spell(word) in taken)]
        merged[status] = [*kept, *_as_words(own.get(status, []))]
    return merged


def _as_words(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any, what: str = "a text") -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"expected {what}, got {show(value)}")
    return value.strip()


def _operation(*, needs_id: bool, takes_fields: bool = False) -> Callable[[Any], Operation]:
    what = "'METHOD /path/{id}'" if needs_id else "'METHOD /path'"
    return lambda value: Operation.parse(_text(value, what), needs_id=needs_id, takes_fields=takes_fields)


def _base_url(value: Any) -> str:
    url = _text(value, "a URL such as 'http://localhost:8001'")
    split_base_url(url)
    return url


def _expression(value: Any) -> str:
    expression = _text(value, "a JMESPath expression such as 'job.status || status'")
    try:
        compile_path(expression)
    except ValueError as error:
        raise ConfigError(
            f"expected a JMESPath expression, got {show(expression)}: {_first_line(error)}"
        ) from None
    return expression


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]


def _progress_max(value: Any) -> float:
    # Below the least, 100 divided by it is no number any more.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1e-6 <= value <= 1e15:
        raise ConfigError(
            f"expected a number above 0 (100, or 1 for progress from 0 to 1), got {show(value)}"
        )
    return float(value)


def _most(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 2 <= value <= 10_000:
        raise ConfigError(f"expected how many ids fit into one request (2 to 10000), got {show(value)}")
    return value


def _keepalives(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ConfigError("expected a list of frame types such as ['ping', 'pong']")
    return both_spellings(value)


def _words(value: Any) -> frozenset[str]:
    words = _as_words(value)
    if not words or not all(isinstance(word, str) and word.strip() for word in words):
        raise ConfigError(f"expected a word or a list of words such as 'PENDING', got {show(value)}")
    return frozenset(spell(word) for word in words)


def _template(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ConfigError(f"expected a table such as {{ input = '{{*}}' }}, got {show(value)}")
    return _as_json(value)


def _form(example: str) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        if not isinstance(value, Mapping | list):
            raise ConfigError(f"expected a table such as {example}, got {show(value)}")
        return _as_json(value)

    return parse


def _as_json(value: Any) -> Any:
    if problem := json_problem(value):
        raise ConfigError(f"expected what JSON can say: {problem}")
    return value


def _codes(value: Any) -> frozenset[int]:
    if not isinstance(value, list) or not all(type(code) is int and code in _STATUS_CODES for code in value):
        raise ConfigError("expected a list of HTTP status codes such as [409, 422]")
    return frozenset(value)


def _header_name(value: Any) -> str:
    name = _text(value, "a header name")
    if not HEADER_NAME.fullmatch(name):
        raise ConfigError(f"expected a header name, got {name!r}")
    return name


def _fields(path: str, value: Any, problems: Problems, _warnings: list[str]) -> dict[str, str]:
    fields = dict(DEFAULT_FIELDS)
    for key, expression in _entries(path, value, problems).items():
        if key not in DEFAULT_FIELDS:
            continue
        try:
            # An empty text: this API has no such field.
            fields[key] = "" if expression == "" else _expression(expression)
        except ConfigError as error:
            problems.error(f"{path}.{key}", error)
    if isinstance(value, Mapping):
        problems.unknown_keys(path, value, DEFAULT_FIELDS)
    return {key: expression for key, expression in fields.items() if expression}


def _entries(path: str, value: Any, problems: Problems) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    problems.expected(path, "a table", value)
    return {}


def _status_words(path: str, value: Any, problems: Problems, _warnings: list[str]) -> dict[str, JobStatus]:
    own: dict[str, JobStatus] = {}
    table = _entries(path, value, problems)
    problems.unknown_keys(path, table, [status.value for status in JobStatus])
    for key in JobStatus:
        for word in _as_words(table.get(key.value, [])):
            if not isinstance(word, str) or not word.strip():
                problems.expected(f"{path}.{key}", "a list of words", word)
            elif own.setdefault(spell(word), key) is not key:
                problems.add(f"{path}.{key}", f"the word {word!r} is already {own[spell(word)].value!r}")
    return {**DEFAULT_WORDS, **own}


def _routes(path: str, value: Any, problems: Problems, _warnings: list[str]) -> dict[str, str]:
    routes = {}
    for name, url in _entries(path, value, problems).items():
        try:
            routes[name] = _base_url(url)
        except ConfigError as error:
            problems.error(f"{path}.{name}", error)
    return routes


def _headers(path: str, value: Any, problems: Problems, warnings: list[str]) -> dict[str, str]:
    from jobctl.secret_scan import is_secret_name  # noqa: PLC0415 -- few profiles have headers

    headers = {}
    for name, text in _entries(path, value, problems).items():
        try:
            headers[_header_name(name)] = header_value(_text(text), "the header's value")
        except ConfigError as error:
            problems.error(f"{path}.{name}", error)
        if is_secret_name(name):
            warnings.append(
                f"{problems.file}: {path}.{name}: a secret in a file; use auth.header_env instead"
            )
    return headers


_PARSERS: Final[dict[str, Callable[[Any], Any]]] = {
    "base_url": _base_url,
    "read": _operation(needs_id=True),
    "read_many": _operation(needs_id=True),
    "read_many_most": _most,
    "cancel": _operation(needs_id=True),
    "submit": _operation(needs_id=False, takes_fields=True),
    "submit_body": _template,
    "cancel_body": _form("{ status = 'cancelled' }"),
    "list_body": _form("{ limit = '{limit}' }"),
    "read_also": _operation(needs_id=True),
    "unknown_looks_like": _words,
    "list": _operation(needs_id=False),
    "progress_max": _progress_max,
    "keepalive_types": _keepalives,
    "frame_type": _expression,
    "list_items": _expression,
    "cancel_refused": _codes,
    "cancel_accepted": _codes,
    "idempotency_header": _header_name,
}
_TABLES: Final[dict[str, Callable[[str, Any, Problems, list[str]], Any]]] = {
    "fields": _fields,
    "status": _status_words,
    "routes": _routes,
    "headers": _headers,
    "auth": parse_auth,
    "tls": parse_tls,
    "logs": parse_logs,
}
_ATTRIBUTES: Final = {"status": "words"}

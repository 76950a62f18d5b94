"""URLs from a base URL, a path template and a job id. The id is always exactly one path segment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from jobctl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")
_FIELD: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\]")


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of an API: a method and a path template such as `/v1/jobs/{id}` (a query is allowed)."""

    method: str
    path: str

    @classmethod
    def parse(cls, text: str, *, needs_id: bool = False, takes_fields: bool = False) -> Operation:
        """Parse "METHOD /path/{id}"; `needs_id` tells whether `{id}` must or must not be there.

        `takes_fields`: other placeholders are fields of what is submitted.

        Raises:
            ConfigError: It is spelled differently.
        """
        expected = "'METHOD /path/{id}'" if needs_id else "'METHOD /path'"
        method, _, path = text.strip().partition(" ")
        path = path.strip()
        if method.upper() not in METHODS:
            raise ConfigError(f"expected {expected} with a method of {', '.join(METHODS)}, got {text!r}")
        if not path.startswith("/"):
            raise ConfigError(f"expected {expected} with a path that starts with '/', got {text!r}")
        check_template(_FIELD.sub(_only_id, path) if takes_fields else path)
        if needs_id != ("{id}" in path):
            raise ConfigError(
                f"expected {expected} {'with' if needs_id else 'without'} '{{id}}', got {text!r}"
            )
        return cls(method.upper(), path)

    def url_path(self, job_id: str = "") -> str:
        """Return the path with the id in it, percent-encoded.

        Raises:
            ConfigError: No URL can carry this id (empty, `.`, `..`, a lone surrogate).
        """
        return fill(self.path, job_id)

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the placeholders other than `{id}`."""
        return tuple(name for name in _FIELD.findall(self.path) if name != "id")

    def with_fields(self, values: Mapping[str, str]) -> Operation:
        """Return the operation with its other placeholders filled, each one path segment.

        Raises:
            ConfigError: No URL can carry a value (empty, `.`, `..`, a lone surrogate).
        """
        path = self.path
        for name, value in values.items():
            path = fill(path, value, name)
        return Operation(self.method, path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def check_template(template: str) -> None:
    """Raise ConfigError when a template has another placeholder than `{id}`, a blank or a fragment."""
    for placeholder in _PLACEHOLDER.findall(template):
        if placeholder != "{id}":
            raise ConfigError(f"the only placeholder is '{{id}}', got {placeholder!r} in {template!r}")
    if re.search(r"[{}]", template.replace("{id}", "")):
        raise ConfigError(f"expected balanced braces around 'id', got {template!r}")
    if _UNPRINTABLE.search(template) or "#" in template:
        raise ConfigError(f"expected a path without blanks, backslashes or '#', got {template!r}")


def _only_id(field: re.Match[str]) -> str:
    return field[0] if field[1] == "id" else "x"


def fill(template: str, value: str, name: str = "id") -> str:
    """Put a value, percent-encoded, in place of `{name}`; raise ConfigError when no URL can carry it."""
    mark = f"{{{name}}}"
    if mark not in template:
        return template
    what = "the job id" if name == "id" else f"the field {name}"
    if not value:
        hint = "give the id that `submit` printed" if name == "id" else "the profile puts it into the path"
        raise ConfigError(f"{what} is empty", hint=hint)
    try:
        encoded = quote(value, safe="")
    except UnicodeEncodeError:
        raise ConfigError(
            f"{what} {value!a} is not valid Unicode",
            hint="give it in the terminal's own encoding, UTF-8 as a rule",
        ) from None
    filled = template.replace(mark, encoded)
    # Escaping dots does not help: servers and proxies resolve `%2e%2e` like `..`.
    if any(segment in {".", ".."} for segment in filled.partition("?")[0].split("/")):
        raise ConfigError(
            f"{what} {value!r} would name another path on the server",
            hint="a URL cannot carry '.' or '..' as an id",
        )
    return filled


def split_base_url(url: str) -> SplitResult:
    """Split and check a base URL: http(s), a host, no credentials, no fragment.

    Raises:
        ConfigError: It is no such URL. The message never repeats credentials.
    """
    if _UNPRINTABLE.search(url.strip()):
        raise ConfigError("a base URL has no blanks, backslashes or control characters")
    try:
        parts = urlsplit(url.strip())
        port, host = parts.port, parts.hostname
    except ValueError as error:
        # What stands before an "@" may be a password with a slash in it, and the error repeats its start.
        if "@" in url:
            raise _credentials_in_url() from None
        raise ConfigError(f"expected a URL such as http://localhost:8001: {error}") from None
    if "@" in parts.netloc or (not parts.netloc and "@" in url):
        raise _credentials_in_url()
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ConfigError(
            f"expected a URL that starts with http:// or https://, got {_shown(url)}", hint=_scheme_hint(url)
        )
    if not host or port == 0:
        raise ConfigError(f"expected a URL with a host and a usable port, got {_shown(url)}")
    if parts.fragment:
        raise ConfigError(f"a base URL has no '#' part, got {_shown(url)}")
    return parts


def _credentials_in_url() -> ConfigError:
    return ConfigError(
        "credentials do not belong in the base URL",
        hint='set the profile\'s auth: auth = { basic_env = "VARIABLE" }, with user:password in VARIABLE',
    )


def _shown(url: str) -> str:
    from jobctl.secret_scan import redact_text  # noqa: PLC0415 -- errors only

    return repr(redact_text(url[:500]))


def _scheme_hint(url: str) -> str | None:
    bare = url.strip().lstrip("/")
    if not re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?(/.*)?", bare) or not bare[0].isalnum():
        return None
    local = bare.startswith(("localhost", "127."))
    return f"did you mean {'http' if local else 'https'}://{bare}?"


def join(base_url: str, path: str, *, websocket: bool = False) -> str:
    """Append a path to a base URL. The base's path prefix and query are kept, its trailing slash is not."""
    base = split_base_url(base_url)
    tail, _, query = path.partition("?")
    scheme = base.scheme.replace("http", "ws", 1) if websocket else base.scheme
    merged = "&".join(part for part in (base.query, query) if part)
    return urlunsplit((scheme, base.netloc, base.path.rstrip("/") + tail, merged, ""))


def with_query(url: str, argument: str) -> str:
    """Append one argument, encoded already, to the query of a URL."""
    return f"{url}{'&' if '?' in url else '?'}{argument}"

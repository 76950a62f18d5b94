"""The `auth` and `tls` tables of a profile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jobctl.profile.auth import AUTHORIZATION, Auth, AuthKind
from jobctl.profile.model import Tls

if TYPE_CHECKING:
    from jobctl.profile.problems import Problems

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_WAYS: Final = tuple(kind.value for kind in AuthKind if kind is not AuthKind.NONE)
_TLS_KEYS: Final = ("ca", "cert", "key")


def parse_auth(path: str, value: Any, problems: Problems, warnings: list[str]) -> Auth:
    """Build `Auth` from "none" or a table with exactly one way and, for variables, `optional`."""
    if value == "none":
        return Auth()
    if not isinstance(value, Mapping):
        # What stands there is not shown: it may be the secret itself.
        problems.add(path, f'expected "none" or a table with one of {", ".join(_WAYS)}')
        return Auth()
    problems.unknown_keys(path, value, (*_WAYS, "optional"))
    ways = [way for way in _WAYS if way in value]
    if len(ways) != 1:
        problems.add(path, f"expected exactly one of {', '.join(_WAYS)}, got {' and '.join(ways) or 'none'}")
        return Auth()
    optional = value.get("optional", False)
    if not isinstance(optional, bool):
        problems.expected(f"{path}.optional", "true or false", optional)
    kind, where = AuthKind(ways[0]), f"{path}.{ways[0]}"
    setting = value[ways[0]]
    if kind is AuthKind.COMMAND:
        return Auth(kind, command=_command(where, setting, problems))
    if kind is AuthKind.BEARER:
        return _literal(where, setting, problems, warnings)
    return Auth(kind, _variables(kind, where, setting, problems), optional=optional is True)


def _literal(path: str, value: Any, problems: Problems, warnings: list[str]) -> Auth:
    if not isinstance(value, str) or not value.strip():
        problems.add(path, "expected a token")
        return Auth()
    warnings.append(
        f"{problems.file}: {path}: a secret in a file; use auth.bearer_env or auth.command instead"
    )
    return Auth(AuthKind.BEARER, literal=value.strip())


def _command(path: str, value: Any, problems: Problems) -> tuple[str, ...]:
    import shlex  # noqa: PLC0415 -- few profiles use it

    if isinstance(value, list) and value and all(isinstance(part, str) and part for part in value):
        return tuple(value)
    try:
        argv = tuple(shlex.split(value)) if isinstance(value, str) else ()
    except ValueError as error:
        problems.add(path, f"expected a command line: {error}")
        return ()
    if not argv:
        problems.expected(path, "a command line, or a list of arguments", value)
    return argv


def _variables(kind: AuthKind, path: str, value: Any, problems: Problems) -> tuple[tuple[str, str], ...]:
    if kind is AuthKind.HEADER_ENV:
        what, table = "a table of header = 'VARIABLE'", value if isinstance(value, Mapping) else {}
        pairs = tuple(table.items())
    elif isinstance(value, Mapping) and kind is AuthKind.BASIC_ENV:
        what = "'VARIABLE' (with user:password in it) or { user = 'VARIABLE', password = 'VARIABLE' }"
        pairs = tuple((AUTHORIZATION, value.get(key)) for key in ("user", "password"))
        problems.unknown_keys(path, value, ("user", "password"))
    else:
        what = "the name of an environment variable"
        pairs = ((AUTHORIZATION, value),)
    good = pairs and all(
        isinstance(name, str) and _VARIABLE.fullmatch(name) and _HEADER.fullmatch(header)
        for header, name in pairs
    )
    if not good:
        # Not what stands there: people paste the secret itself where its variable's name belongs.
        problems.add(path, f"expected {what}")
        return ()
    return pairs


def parse_tls(path: str, value: Any, problems: Problems, _warnings: list[str]) -> Tls | None:
    """Build `Tls` from a table of PEM files; relative paths start at the profile's file, `~` is home."""
    if not isinstance(value, Mapping):
        problems.expected(path, "a table with ca, cert, key", value)
        return None
    problems.unknown_keys(path, value, _TLS_KEYS)
    files: dict[str, str] = {}
    for key in _TLS_KEYS:
        if key not in value:
            continue
        if not isinstance(value[key], str) or not value[key] or "\0" in value[key]:
            problems.expected(f"{path}.{key}", "the path of a PEM file", value[key])
            continue
        try:
            files[key] = str(Path(problems.file).parent / Path(value[key]).expanduser())
        except RuntimeError:
            problems.add(f"{path}.{key}", "'~' means nothing here: no home directory is known")
    if "key" in files and "cert" not in files:
        problems.add(path, "a key needs its cert")
    return Tls(**files)

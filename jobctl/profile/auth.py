"""Credentials: where they come from, resolved late, never shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from jobctl.errors import ConfigError
from jobctl.text import visible

COMMAND_TIMEOUT: Final = 30.0
"""Seconds an `auth.command` may take: it may have to ask a remote identity provider."""
AUTHORIZATION: Final = "Authorization"


class AuthKind(StrEnum):
    """The ways of a profile's `auth` table. `BEARER` is a literal secret, which parsing warns about."""

    NONE = "none"
    BEARER_ENV = "bearer_env"
    HEADER_ENV = "header_env"
    BASIC_ENV = "basic_env"
    COMMAND = "command"
    BEARER = "bearer"


class CommandResult(NamedTuple):
    """What an `auth.command` left behind."""

    code: int
    stdout: str
    stderr: str


Runner = Callable[[Sequence[str]], CommandResult]


@dataclass(frozen=True, slots=True)
class Auth:
    """How to authenticate.

    `variables` are (header, environment variable) pairs; two pairs under `basic_env` are user and password.
    `optional`: an unset variable means no auth. `command` is an argument list, never given to a shell.
    """

    kind: AuthKind = AuthKind.NONE
    variables: tuple[tuple[str, str], ...] = ()
    command: tuple[str, ...] = ()
    literal: str = field(default="", repr=False)
    optional: bool = False

    @property
    def headers(self) -> tuple[str, ...]:
        """The names of the request headers that will be set."""
        if self.kind in {AuthKind.COMMAND, AuthKind.BEARER}:
            return (AUTHORIZATION,)
        return tuple(header for header, _ in self.variables)

    def resolve(self, environ: Mapping[str, str], run: Runner | None = None) -> dict[str, str]:
        """Return the request headers that authenticate; call again after a 401 to refresh a `command`.

        Raises:
            ConfigError: A variable is unset, the command failed, or a value cannot stand in a header.
        """
        match self.kind:
            case AuthKind.NONE:
                return {}
            case AuthKind.BEARER:
                return {AUTHORIZATION: f"Bearer {header_value(self.literal, 'the literal bearer')}"}
            case AuthKind.COMMAND:
                return {AUTHORIZATION: f"Bearer {_token_of(self.command, run or run_command)}"}
        values = [_variable(environ, name) for _, name in self.variables]
        missing = [name for (_, name), value in zip(self.variables, values, strict=True) if not value]
        if missing and self.optional:
            return {}
        if missing:
            raise ConfigError(
                f"the environment variable {missing[0]} is not set, and the profile's auth needs it",
                hint=f"set it for this shell: export {missing[0]}=… (PowerShell: $env:{missing[0]} = '…')",
            )
        if self.kind is AuthKind.BASIC_ENV:
            return {AUTHORIZATION: _basic([name for _, name in self.variables], values)}
        prefix = "Bearer " if self.kind is AuthKind.BEARER_ENV else ""
        return {header: prefix + value for (header, _), value in zip(self.variables, values, strict=True)}


def header_value(value: str, origin: str) -> str:
    """Return a value that can stand in a header; raise ConfigError, which never shows it, otherwise."""
    value = value.strip()
    if not value:
        raise ConfigError(f"{origin} is empty")
    # RFC 9110 section 5.5: new field values are US-ASCII.
    if re.search(r"[^\x20-\x7e\t]", value):
        raise ConfigError(
            f"{origin} holds a line break, control or non-ASCII character, which no HTTP header can carry",
            hint="was more than the token copied? it is not shown here",
        )
    return value


def _variable(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    return header_value(value, f"the environment variable {name}") if value else ""


def _basic(names: list[str], values: list[str]) -> str:
    import base64  # noqa: PLC0415 -- few profiles use it

    if len(values) == 1 and ":" not in values[0]:
        raise ConfigError(f"expected user:password in the environment variable {names[0]}")
    if len(values) > 1 and ":" in values[0]:
        raise ConfigError(f"a user name cannot hold ':' (environment variable {names[0]})")
    return "Basic " + base64.b64encode(":".join(values).encode()).decode()


def _token_of(command: tuple[str, ...], run: Runner) -> str:
    result = run(command)
    program = visible(command[0], 80)
    if result.code != 0:
        from jobctl.secret_scan import redact_text  # noqa: PLC0415 -- errors only

        said = visible(redact_text(result.stderr.strip()), 300)
        raise ConfigError(
            f"the auth command {program} ended with exit code {result.code}" + (f": {said}" if said else ""),
            hint="run it by hand: its standard output must be the token and nothing else",
        )
    return header_value(result.stdout, f"the output of the auth command {program}")


def run_command(argv: Sequence[str], timeout: float = COMMAND_TIMEOUT) -> CommandResult:
    """Run a program without a shell and without standard input, for at most `timeout` seconds.

    Raises:
        ConfigError: It cannot be started or takes too long.
    """
    import subprocess  # noqa: PLC0415 -- 10 ms that only `auth.command` pays

    program = visible(argv[0], 80)
    try:
        done = subprocess.run(  # noqa: S603 -- the user's own command, and no shell
            list(argv), stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise ConfigError(f"the auth command {program} took longer than {timeout:g} s") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(
            f"the auth command {program} cannot be started: {reason}",
            hint="is it installed and on PATH? give a full path, or a list of arguments",
        ) from None
    return CommandResult(
        done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    )

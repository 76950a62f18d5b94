"""The credentials of one profile while a command runs: resolved once, refreshed when the API refuses them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

from jobctl.errors import ConfigError
from jobctl.profile.auth import COMMAND_TIMEOUT, Auth, AuthKind, CommandResult


class Credentials:
    """Request headers that authenticate. Resolving is put off until the first request."""

    def __init__(self, auth: Auth, environ: Mapping[str, str]) -> None:
        self._auth, self._environ = auth, environ
        self._headers: dict[str, str] | None = None

    def headers(self) -> dict[str, str]:
        """Return the headers.

        Raises:
            ConfigError: they cannot be had.
        """
        if self._headers is None:
            self._headers = self._auth.resolve(self._environ, run_command)
        return self._headers

    def refresh(self) -> bool:
        """Get new credentials after a 401; False when asking again gives the same ones."""
        if self._auth.kind is not AuthKind.COMMAND:
            return False
        self._headers = self._auth.resolve(self._environ, run_command)
        return True


def run_command(arguments: Sequence[str]) -> CommandResult:
    """Run a profile's `auth.command`, without a shell and with a time limit."""
    try:
        done = subprocess.run(  # noqa: S603 -- the user's own command, from the user's own profile
            list(arguments), capture_output=True, text=True, timeout=COMMAND_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        raise ConfigError(
            f"auth.command could not be run: {error}", hint="run it by hand; its output must be the token"
        ) from error
    return CommandResult(done.returncode, done.stdout, done.stderr)

"""The credentials of one profile while a command runs: resolved once, refreshed when the API refuses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.profile.auth import Auth, AuthKind, run_command

if TYPE_CHECKING:
    from collections.abc import Mapping


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

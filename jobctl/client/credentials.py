"""The credentials of one profile while a command runs: resolved once, refreshed when the API refuses them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from jobctl.errors import ConfigError
from jobctl.profile.auth import Auth, AuthKind, run_command

if TYPE_CHECKING:
    from collections.abc import Mapping


class Credentials:
    """Request headers that authenticate. Resolving is put off until the first request."""

    def __init__(self, auth: Auth, environ: Mapping[str, str]) -> None:
        self._auth, self._environ = auth, environ
        self._headers: dict[str, str] | None = None
        self._failures, self._failure = 0, None  # type: int, ConfigError | None
        self._lock = threading.Lock()

    @property
    def is_slow(self) -> bool:
        """A program has yet to be run for them: nothing to do on an event loop."""
        return self._headers is None and self._auth.kind is AuthKind.COMMAND

    def headers(self) -> dict[str, str]:
        """Return the headers.

        Raises:
            ConfigError: they cannot be had.
        """
        # Without the lock: a refresh holds it while its program runs, and no event loop must wait for that.
        if self._headers is not None:
            return self._headers
        with self._lock:
            if self._headers is None:
                self._headers = self._auth.resolve(self._environ, run_command)
            return self._headers

    def refresh(self, refused: dict[str, str]) -> bool:
        """Replace headers that got a 401; False when asking again would give the same ones.

        Many jobs may be refused at once: the program runs for the first of them, the others take its token,
        or its failure.

        Raises:
            ConfigError: there are no new ones.
        """
        if self._auth.kind is not AuthKind.COMMAND:
            return False
        failures = self._failures
        with self._lock:
            if self._failure is not None and self._failures != failures:
                raise self._failure
            if self._headers is None or self._headers == refused:
                try:
                    self._headers = self._auth.resolve(self._environ, run_command)
                except ConfigError as error:
                    self._failures, self._failure = self._failures + 1, error
                    raise
            return True

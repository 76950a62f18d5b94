"""What the flows of `calls` exchange with whoever carries them. Data only."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, TypeVar

Headers = tuple[tuple[str, str], ...]


class Request(NamedTuple):
    """One request to send; `body` is JSON already encoded."""

    method: str
    url: str
    headers: Headers
    body: bytes | None = None


class Response(NamedTuple):
    """One answer, its body read within bounds and decoded from any content coding."""

    status: int
    headers: Headers
    body: bytes
    url: str

    def header(self, name: str) -> str | None:
        """Return the first header of that name (lower case)."""
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return None


class Pause(NamedTuple):
    """Wait so many seconds before going on; `why` is for the person who waits too."""

    seconds: float
    why: str = ""


class RefreshAuth(NamedTuple):
    """These credentials were refused: get new ones, if they come from a command."""

    refused: dict[str, str]


Step = Request | Pause | RefreshAuth
T = TypeVar("T")
Flow = Generator[Step, Any, T]
"""Yields steps; is sent the `Response` of a `Request` (or has the carrier's error thrown in)."""

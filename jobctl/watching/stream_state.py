"""The stream as the watch machine sees it: sessions, what they were worth, and when to give up on them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from jobctl.watching.pacing import backoff

if TYPE_CHECKING:
    from jobctl.watching.options import WatchOptions

_SILENT_MOVES = 2
_SHORT = 5.0
"""A session of fewer seconds slows the next one down."""
_SHORT_CAP = 3
_SETTLING = 3.0
"""Seconds a frame may lag behind the read that shows the same change."""


class Socket(StrEnum):
    """State of the stream, as shown to a person."""

    NONE = "none"
    CONNECTING = "connecting"
    OPEN = "open"
    WAITING = "waiting"
    GIVEN_UP = "given-up"


class StreamState:
    """Counts sessions that brought nothing; tells when to reconnect and when a stream is silent."""

    def __init__(self, options: WatchOptions, *, available: bool) -> None:
        self._limit = options.max_stream_sessions
        self.socket = Socket.NONE if available and options.use_stream else Socket.GIVEN_UP
        self.session = 0
        self.fruitless = 0
        """Sessions in a row that delivered no accepted data."""
        self.retry_at: float | None = None
        self._session_had_data = False
        self._trusted = False
        self._heard_at = self._opened_at = 0.0
        self._short_sessions = 0
        self._moves_without_it = 0

    @property
    def trusted(self) -> bool:
        """Open, and this session has said something we used: reads may slow down."""
        return self.socket is Socket.OPEN and self._trusted

    @property
    def wanted(self) -> bool:
        """True until the stream was given up (or was never there)."""
        return self.socket is not Socket.GIVEN_UP

    def due(self, now: float) -> bool:
        """Is it time to open a session?"""
        if self.socket is Socket.NONE:
            return True
        return self.socket is Socket.WAITING and self.retry_at is not None and now >= self.retry_at

    def connecting(self) -> int:
        """Begin a session and return its number."""
        self.session += 1
        self.socket, self.retry_at = Socket.CONNECTING, None
        self._session_had_data = self._trusted = False
        return self.session

    def opened(self, now: float) -> None:
        """The handshake succeeded; that is not data."""
        self.socket = Socket.OPEN
        self._heard_at = self._opened_at = now
        self._moves_without_it = 0

    def heard(self, now: float, *, accepted: bool) -> None:
        """A status frame came. Only one that was accepted makes the session worth something."""
        self._heard_at, self._moves_without_it = now, 0
        if accepted:
            self._session_had_data = self._trusted = True
            self.fruitless = 0

    def read_moved(self, now: float) -> bool:
        """A read brought a change. True when the open stream should have said so by now."""
        if self.socket is not Socket.OPEN:
            return False
        self._moves_without_it += 1
        self._trusted = False
        return self._moves_without_it >= _SILENT_MOVES and now - self._heard_at >= _SETTLING

    def ended(self, now: float, random: float) -> bool:
        """A session is over. Return True when that was one too many, and polling is all that is left."""
        if not self._session_had_data:
            self.fruitless += 1
        self._session_had_data = self._trusted = False
        if self.fruitless >= self._limit:
            self.socket, self.retry_at = Socket.GIVEN_UP, None
            return True
        lasted = now - self._opened_at if self.socket is Socket.OPEN else 0.0
        self._short_sessions = self._short_sessions + 1 if lasted < _SHORT else 0
        self.socket = Socket.WAITING
        # A server that says one word and hangs up again and again deserves fewer calls, not more.
        self.retry_at = now + backoff(max(self.fruitless, min(self._short_sessions, _SHORT_CAP)), random)
        return False

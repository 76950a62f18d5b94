"""Server-sent events out of bytes, as WHATWG HTML section 9.2.6 has it, within bounds. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

MAX_EVENT: Final = 1024 * 1024
"""Bytes of one event: a job's record is far smaller, and an endless line is no event."""
_BOM: Final = b"\xef\xbb\xbf"


class ServerEvent(NamedTuple):
    """One dispatched event; `name` is `message` where the server gives none."""

    name: str
    data: str
    id: str


class EventTooLargeError(Exception):
    """A line or an event beyond `MAX_EVENT` bytes: the stream cannot be read on."""


class EventParser:
    """Feed it what arrives; comments and events without data are passed over, as the standard says."""

    def __init__(self, last_id: str = "") -> None:
        """`last_id`: what an earlier session of the same stream had seen."""
        self.last_id = last_id
        self._id = last_id
        self._name = ""
        self._data: list[str] = []
        self._rest = bytearray()
        self._size = 0
        self._is_begun = self._ends_in_cr = False

    def feed(self, piece: bytes) -> list[ServerEvent]:
        """Return the events that are complete now.

        Raises:
            EventTooLargeError: one of them is too large.
        """
        if piece:
            begin = 1 if self._ends_in_cr and piece[:1] == b"\n" else 0  # the second half of a line end
            self._ends_in_cr = piece[-1:] == b"\r"
            piece = piece[begin:]
        self._rest += piece
        if not self._is_begun and len(self._rest) >= len(_BOM):
            self._is_begun = True
            self._rest = self._rest.removeprefix(_BOM)
        if b"\n" not in piece and b"\r" not in piece:
            # A line that comes byte by byte is not looked through again with each of them.
            if len(self._rest) + self._size > MAX_EVENT:
                raise EventTooLargeError
            return []
        self._is_begun = True
        *lines, rest = self._rest.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = bytearray(rest)
        events = [event for line in lines if (event := self._line(line)) is not None]
        if len(self._rest) + self._size > MAX_EVENT:
            raise EventTooLargeError
        return events

    def _line(self, line: bytes | bytearray) -> ServerEvent | None:
        if not line:
            return self._dispatch()
        if line.startswith(b":"):
            return None
        self._size += len(line)
        if self._size > MAX_EVENT:
            raise EventTooLargeError
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._name = value
        elif name == "id" and "\0" not in value:
            self._id = value
        return None

    def _dispatch(self) -> ServerEvent | None:
        self.last_id, data, name = self._id, self._data, self._name
        self._data, self._name, self._size = [], "", 0
        return ServerEvent(name or "message", "\n".join(data), self.last_id) if data else None

"""One HAR entry, as Chrome, Firefox, mitmproxy and others write it, as exchanges. Pure; nothing raises.

HAR 1.2: http://www.softwareishard.com/blog/har-12-spec/
"""

from __future__ import annotations

import base64
import binascii
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from jobctl.captures.tally import MAX_BODY, UNKNOWN_LENGTH, Tally, path_of
from jobctl.exchange import MESSAGES, Exchange, Headers, Path, Problem
from jobctl.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

_PORTS: Final = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_REMEMBERED: Final = ("Memory Cache", "Disk Cache")
_YEAR_10000: Final = 253_402_300_800.0
_TIMED_OUT: Final = re.compile(r"timed?[ _-]?out", re.IGNORECASE)
_FRAMES: Final = frozenset({1, 2})
"""Opcodes of RFC 6455 section 5.2 that carry a message: text, binary."""
_BINARY: Final = 2
_ODD: Final = frozenset({"", ":"})
_OURS: Final = {path.value: path for path in Path}
_DIRECTIONS: Final = {"receive": Path.EVENT, "send": Path.SENT}
_SWITCHED: Final = 101


class _Span(NamedTuple):
    start: float
    end: float


class EntryReader:
    """Reads the entries of one file in order. What had to be guessed or left out goes to the tally."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._number = 0
        self._last = 0.0

    def exchanges(self, entry: Any) -> Iterator[Exchange]:
        """Yield the exchange of an entry; if it was a WebSocket, then its messages in their order."""
        request = _dict(_dict(entry).get("request"))
        url = _text(request.get("url"))
        if not url:
            self._tally.skip("an entry without a URL: skipped")
            return
        fetched = _text(_dict(entry.get("response")).get("_fetchType"))  # Safari's word for it
        remembered = bool(entry.get("_fromCache")) or fetched in _REMEMBERED
        if remembered and not self._tally.keeps_remembered:
            self._tally.skip("an answer from the browser's own cache, which says nothing of a proxy: skipped")
            return
        span = self._span(entry)
        ours = _dict(entry.get("_jobctl")).get("path")
        handshake = 0
        if ours not in MESSAGES:
            opened = self._exchange(entry, request, url, span, ours)._replace(remembered=remembered)
            handshake = opened.number
            yield opened
            if opened.status == _SWITCHED and "_webSocketMessages" not in entry:
                self._tally.note("a WebSocket whose messages are not in the recording: Firefox exports none")
        for message in _list(entry.get("_webSocketMessages")):
            yield from self._message(_dict(message), url, span, handshake)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _exchange(
        self, entry: dict[str, Any], request: dict[str, Any], url: str, span: _Span, ours: Any
    ) -> Exchange:
        """`ours`: the path that an experiment of our own wrote into the entry."""
        response = _dict(entry.get("response"))
        method = _text(request.get("method")) or "GET"
        asked = _headers(request.get("headers"))
        status = _status(response.get("status"))
        path = _OURS.get(ours) if isinstance(ours, str) else None
        self._tally.is_experiment |= path is not None
        return Exchange(
            self._next(),
            path or path_of(method),
            method,
            url,
            asked,
            status,
            _headers(response.get("headers")),
            self._body(_dict(response.get("content")), status),
            span.start,
            span.end,
            span.start,
            nonce=next((value for name, value in asked if name.lower() == "x-request-id"), ""),
            problem=None if status else _problem(response),
            connection=_connection(entry, url),
            request_body=_sent_body(_dict(request.get("postData"))),
        )

    def _message(self, message: dict[str, Any], url: str, span: _Span, handshake: int) -> Iterator[Exchange]:
        opcode, path = _number(message.get("opcode")), _DIRECTIONS.get(_text(message.get("type")))
        if path is None or (opcode is not None and opcode not in _FRAMES):
            return
        encoding = "base64" if opcode == _BINARY else ""
        body = _bytes(_text(message.get("data")), encoding)
        at = _seconds(message.get("time"))
        if at is None:
            self._tally.note("a message without a readable time, which proves no order")
            start, end = span.start, span.start + UNKNOWN_LENGTH
        else:
            start = end = at
        one = Exchange(self._next(), path, "GET", url, (), _SWITCHED, (), body, start, end, start)
        yield one._replace(handshake=handshake)

    def _span(self, entry: dict[str, Any]) -> _Span:
        start, length = _seconds(entry.get("startedDateTime")), _length(entry)
        if start is None:
            self._tally.note("an entry without a readable startedDateTime, which proves no order")
            return _Span(self._last, self._last + UNKNOWN_LENGTH)
        self._last = start
        if length is None:
            self._tally.note("an entry without its time, which is over before no other")
        return _Span(start, start + (UNKNOWN_LENGTH if length is None else length))

    def _body(self, content: dict[str, Any], status: int) -> bytes:
        text = content.get("text")
        if not isinstance(text, str) or not text:
            if status and (_number(content.get("size")) or 0) > 0:
                self._tally.note("an answer whose body is not in the recording: export it with content")
            return b""
        return _bytes(text, _text(content.get("encoding")))


def _sent_body(data: dict[str, Any]) -> bytes:
    """Return `postData` as bytes. HAR 1.2 has no `encoding` there; some write one all the same."""
    return _bytes(_text(data.get("text")), _text(data.get("encoding")))


def _bytes(text: str, encoding: str) -> bytes:
    """Return a body; empty where it is too long, or no base64 although it says so."""
    if encoding.lower() != "base64":
        body = text.encode(errors="replace")
    else:
        try:
            body = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            return b""
    return body if len(body) <= MAX_BODY else b""


def _headers(value: Any) -> Headers:
    """Read `{name, value}` records or pairs. HTTP/2 pseudo-headers (RFC 9113 section 8.3) are no fields."""
    fields: list[tuple[str, str]] = []
    for item in _list(value):
        if item.__class__ is dict:
            # As nearly every recorder writes it: told apart cheaply, as there are very many.
            name, content = item.get("name"), item.get("value")
            if isinstance(name, str) and isinstance(content, str) and _is_plain(name, content):
                fields.append((name, content))
                continue
        name, content = _field(item)
        if name and not name.startswith(":"):
            # Chrome writes repeated Set-Cookie lines as one value; a field value has no line end in it.
            fields += ((name, line) for line in content.split("\n"))
    return tuple(fields)


def _is_plain(name: str, content: str) -> bool:
    return name[:1] not in _ODD and "\n" not in content


def _field(item: Any) -> tuple[str, str]:
    if isinstance(item, list):
        return (_text(item[0]), _text(item[1])) if len(item) == len(("name", "value")) else ("", "")
    record = _dict(item)
    return _text(record.get("name")), _text(record.get("value"))


def _connection(entry: dict[str, Any], url: str) -> int:
    """The number that the recorder gave it. Firefox writes the server's port, which tells nothing apart."""
    name = _text(entry.get("connection"))
    if not re.fullmatch(r"\d{1,18}", name, re.ASCII):
        return 0
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        port = 0
    return 0 if int(name) == port else int(name)


def _problem(response: dict[str, Any]) -> Problem:
    said = _text(response.get("_error")) or _text(response.get("statusText")) or "no answer was recorded"
    return Problem("timeout" if _TIMED_OUT.search(said) else "unreachable", said)


def _status(value: Any) -> int:
    number = _number(value)
    return int(number) if number is not None and 100 <= number <= 999 else 0


def _length(entry: dict[str, Any]) -> float | None:
    """Return the duration in seconds: `time`, or else the phases that are known."""
    milliseconds = _number(entry.get("time"))
    if milliseconds is None or milliseconds < 0:
        phases = [_number(_dict(entry.get("timings")).get(name)) for name in ("wait", "receive")]
        if any(phase is None or phase < 0 for phase in phases):
            return None
        others = [
            _number(_dict(entry.get("timings")).get(name)) for name in ("blocked", "dns", "connect", "send")
        ]
        milliseconds = sum(max(0.0, phase) for phase in (*phases, *others) if phase is not None)
    return min(milliseconds / 1000, UNKNOWN_LENGTH)


def _seconds(value: Any) -> float | None:
    """Return epoch seconds of ISO text (without a zone: UTC) or of a number, of the years 1970 to 9999."""
    moment = parse_timestamp(float(value) if isinstance(value, Decimal) else value)
    seconds = -1.0 if moment is None else moment.ns / 1e9
    return seconds if 0 <= seconds < _YEAR_10000 else None


def _number(value: Any) -> float | None:
    """Return a finite number, also one written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

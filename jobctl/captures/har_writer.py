"""Exchanges as a HAR 1.2 file that browsers and mitmproxy open. Nothing secret gets in."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from jobctl._version import __version__
from jobctl.exchange import MESSAGES, Exchange, Path
from jobctl.redact import redact, redact_headers, redact_text, redact_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TextIO

    from jobctl.exchange import Headers

_HTTP_VERSION: Final = "unknown"  # an exchange does not say; HAR wants some text
_TEXT_FRAME, _BINARY_FRAME = 1, 2
"""Opcodes of RFC 6455 section 5.2, as `_webSocketMessages` has them."""
_BEYOND: Final = 2.0**33
"""Seconds that are neither a moment nor a duration: JSON has no infinity."""


def write_har(exchanges: Iterable[Exchange], out: TextIO, *, notes: Mapping[int, Sequence[str]]) -> None:
    """Write exchanges to `out` as one HAR document, an entry per line, as they come.

    `notes` has what was found about an exchange by its number; each note begins with the id of its rule. They
    become the entry's `comment`, and the ids `_jobctl.rules`. Headers, URLs, bodies and notes are redacted.

    Raises:
        OSError: `out` cannot be written.
    """
    log = {"version": "1.2", "creator": {"name": "jobctl", "version": __version__}}
    out.write('{"log": ' + json.dumps(log).removesuffix("}") + ', "entries": [')
    separator = "\n"
    for exchange in exchanges:
        entry = _entry(exchange, [redact_text(note) for note in notes.get(exchange.number, ())])
        out.write(separator + json.dumps(entry))
        separator = ",\n"
    out.write("\n]}}\n")


def _entry(exchange: Exchange, notes: Sequence[str]) -> dict[str, Any]:
    milliseconds = _milliseconds(exchange)
    known = max(0.0, milliseconds)
    entry: dict[str, Any] = {
        "startedDateTime": _iso(exchange.at),
        "time": milliseconds,
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        # When the first byte came is not known, so all of it is waiting.
        "timings": {"send": 0, "wait": known, "receive": 0},
        "connection": str(exchange.connection or ""),
        "_jobctl": {
            "number": exchange.number,
            "path": exchange.path.value,
            "nonce": redact_text(exchange.nonce),
            "rules": list(dict.fromkeys(note.split(" ", 1)[0] for note in notes)),
        },
    }
    if exchange.peer:
        entry["serverIPAddress"] = exchange.peer.rpartition(":")[0].strip("[]")
    if notes:
        entry["comment"] = "\n".join(notes)
    if exchange.path in MESSAGES:
        entry |= {"_resourceType": "websocket", "_webSocketMessages": [_message(exchange)]}
    return entry


def _request(exchange: Exchange) -> dict[str, Any]:
    url = redact_url(exchange.url)
    return {
        "method": exchange.method,
        "url": url,
        "httpVersion": _HTTP_VERSION,
        "cookies": [],
        "headers": _named(exchange.request_headers),
        "queryString": [{"name": name, "value": value} for name, value in _query(url)],
        "headersSize": -1,
        "bodySize": -1 if exchange.path is Path.WRITE else 0,
    }


def _response(exchange: Exchange) -> dict[str, Any]:
    body = b"" if exchange.path in MESSAGES else exchange.body
    content = {"size": len(body), "mimeType": redact_text(exchange.header("content-type") or "")}
    return {
        "status": exchange.status,
        "statusText": _reason(exchange),
        "httpVersion": _HTTP_VERSION,
        "cookies": [],
        "headers": _named(exchange.headers),
        "content": content | (_content(body) if body else {}),
        "redirectURL": redact_url(exchange.header("location") or ""),
        "headersSize": -1,
        "bodySize": -1,
    }


def _message(exchange: Exchange) -> dict[str, Any]:
    content = _content(exchange.body)
    return {
        "type": "send" if exchange.path is Path.SENT else "receive",
        "time": exchange.at if 0 <= exchange.at < _BEYOND else 0,
        "opcode": _BINARY_FRAME if "encoding" in content else _TEXT_FRAME,
        "data": content["text"],
    }


def _content(body: bytes) -> dict[str, str]:
    """Return the redacted body as `text`, with its `encoding` where it is no text."""
    try:
        return {"text": _without_secrets(body.decode())}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(redact(body)).decode(), "encoding": "base64"}


def _without_secrets(text: str) -> str:
    # A name may be spelled with escapes (`pass\u0077ord`), so JSON is looked into as JSON first.
    try:
        payload = json.loads(text)
        clean = redact(payload)
        if clean is not payload:
            text = json.dumps(clean, ensure_ascii=False)
    except (ValueError, RecursionError):
        pass
    return redact_text(text)


def _named(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in redact_headers(headers)]


def _query(url: str) -> list[tuple[str, str]]:
    try:
        # Not `urlsplit`: redacted user information is no address it would take.
        query = url.partition("#")[0].partition("?")[2]
        return list(redact_headers(parse_qsl(query, keep_blank_values=True)))
    except ValueError:
        return []  # more arguments than it counts: the URL itself stands beside it


def _milliseconds(exchange: Exchange) -> float:
    """How long it took; -1, which HAR has for "not known", where no clock says so."""
    seconds = exchange.received - exchange.sent
    return round(seconds * 1000, 3) if 0 <= seconds < _BEYOND else -1.0


def _reason(exchange: Exchange) -> str:
    if not exchange.completed:
        return redact_text(exchange.problem.message) if exchange.problem else "no answer"
    try:
        return HTTPStatus(exchange.status).phrase
    except ValueError:
        return ""


def _iso(at: float) -> str:
    try:
        moment = datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")

"""From a response to JSON, or to the error that says what it was instead. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from jobctl.errors import ApiError, ProtocolError, detail_of
from jobctl.evidence import retry_after, served_from_store
from jobctl.model import Http
from jobctl.secret_scan import redact_text
from jobctl.text import visible
from jobctl.tunnel_pages import recognise

if TYPE_CHECKING:
    from jobctl.client.messages import Response

MAX_DEPTH: Final = 200
_DETAIL_LIMIT: Final = 500
# NaN and Infinity are no JSON (RFC 8259 section 6), yet Python reads them; as None they are an absent field.
_DECODER: Final = json.JSONDecoder(parse_constant=lambda _name: None)
_HINTS: Final = {
    400: "the API does not understand the request: check the profile's paths and fields",
    401: "set the token the profile names (`jobctl profiles` shows which), or check that it has not expired",
    403: "the credentials are known but may not do this: check the account behind the token",
    404: "check the id, --profile and --base-url",
    405: "the API does not allow this method here: check the profile's operations",
    429: "the API asks for fewer requests: a longer --interval, or fewer jobs at once",
}


def decode(text: str | bytes) -> Any:
    """Parse JSON from the network: NaN becomes None, and no nesting is deep enough to hurt.

    Raises:
        ValueError: not JSON, or nested deeper than 200 levels.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
        return _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels") from error


def _depth(text: str) -> int:
    """Return the deepest nesting of brackets, those inside strings left out."""
    depth = deepest = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def payload_of(response: Response, what: str, now: float) -> Any:
    """Return the JSON of a successful answer; `what` names the request, `now` is epoch seconds.

    Raises:
        ApiError: the API itself said no.
        ProtocolError: something other than the API's JSON came back.
    """
    host = urlsplit(response.url).hostname or ""
    page = recognise(response.status, response.headers, response.body[:65536], host=host)
    if page is not None:
        message = f"{what}: HTTP {response.status}, {page.vendor} answered instead of the API: {page.meaning}"
        raise ProtocolError(message, kind="tunnel-page", status=response.status, hint=page.advice)
    if response.status >= 400:
        raise refusal(response, what, now)
    if 300 <= response.status < 400:
        target = visible(redact_text(response.header("location") or "nowhere"), 120)
        raise ProtocolError(
            f"{what}: redirected (HTTP {response.status}) to {target}",
            kind="redirect",
            status=response.status,
            hint="set --base-url to the address it ends at",
        )
    if not response.body.strip():
        raise ProtocolError(
            f"{what}: HTTP {response.status} with an empty body", kind="empty", status=response.status
        )
    try:
        return decode(response.body)
    except ValueError as error:
        raise _not_json(response, what, error) from error


def _not_json(response: Response, what: str, error: ValueError) -> ProtocolError:
    start = response.body[:512].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<body")):
        kind = "an HTML page"
        hint = "a proxy, a login page or a tunnel answers in front of the API, or --base-url is a web site"
    else:
        content_type = visible(response.header("content-type") or "no content type", 60)
        kind = f"no JSON ({content_type}; {visible(str(error), 80)})"
        hint = "check --base-url and the profile's read path"
    message = f"{what}: HTTP {response.status} with {kind} where JSON belongs"
    return ProtocolError(message, kind="not-json", status=response.status, hint=hint)


def refusal(response: Response, what: str, now: float) -> ApiError:
    """The API's error answer as an `ApiError`, with the server's own words as its `detail`."""
    try:
        detail = detail_of(decode(response.body)) if response.body.strip() else None
    except ValueError:
        detail = response.body[:_DETAIL_LIMIT].decode("utf-8", "replace").strip() or None
    detail = redact_text(detail) if detail else None
    said = f": {visible(detail, _DETAIL_LIMIT)}" if detail else ""
    return ApiError(
        f"{what}: HTTP {response.status}{said}",
        status=response.status,
        detail=detail,
        retry_after=retry_after(response.headers, now),
        hint=_HINTS.get(response.status),
    )


def evidence_of(response: Response, route: str) -> Http:
    """The HTTP evidence of an observation."""
    return Http(response.status, response.headers, route, served_from_store(response.headers))

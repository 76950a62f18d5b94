"""From a response to JSON, or to the error that says what it was instead. Pure."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from jobctl.client.hints import hint_for
from jobctl.client.pages import html_page
from jobctl.client.patience import TRANSIENT_STATUS
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
_LONGEST_PAGE: Final = 16_384


def _finite(text: str) -> float | None:
    number = float(text)
    return number if -math.inf < number < math.inf else None


# NaN and Infinity are no JSON (RFC 8259 section 6), yet Python reads them, and makes an infinity of 1e999; as
# None they are an absent field. The call costs 0.1 µs a number: less than looking for long exponents first.
_DECODER: Final = json.JSONDecoder(parse_constant=lambda _name: None, parse_float=_finite)


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


def parse_frame(frame: str | bytes) -> Any:
    """Return a frame's JSON, or its text where it is no JSON; a binary frame that is no text is None."""
    if isinstance(frame, bytes):
        try:
            frame = frame.decode("utf-8")
        except UnicodeDecodeError:
            return None
    try:
        return decode(frame)
    except ValueError:
        return frame


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
    status, wait = response.status, retry_after(response.headers, now)
    raise_for_page(response, what, wait)
    if status >= 400:
        raise refusal(response, what, now)
    if 300 <= status < 400:
        target = visible(redact_text(response.header("location") or "nowhere"), 120)
        raise ProtocolError(
            f"{what}: redirected (HTTP {status}) to {target}",
            kind="redirect",
            status=status,
            hint="set --base-url to the address it ends at",
        )
    if not response.body.strip():
        raise ProtocolError(
            f"{what}: HTTP {status} with an empty body",
            kind="empty",
            status=status,
            hint="no record is in it: check --base-url and the profile's paths, or what stands in between",
        )
    try:
        return decode(response.body)
    except ValueError as error:
        raise _not_json(response, what, error) from error


def raise_for_page(response: Response, what: str, wait: float | None) -> None:
    """Raise ProtocolError for a page that somebody else than the API made."""
    status = response.status
    host = urlsplit(response.url).hostname or ""
    page = recognise(status, response.headers, response.body[:65536], host=host)
    if page is not None:
        raise ProtocolError(
            f"{what}: HTTP {status}, {page.vendor} answered instead of the API: {page.meaning}",
            kind="tunnel-page",
            status=status,
            hint=page.advice,
            retry_after=wait,
            transient=page.transient or status in TRANSIENT_STATUS,
        )
    if status in {404, 410} and (html := html_page(response.body)):
        raise ProtocolError(
            f"{what}: HTTP {status} with {html}, which is no word about the job",
            kind="not-json",
            status=status,
            hint="check the id and --base-url: a proxy, a tunnel or a web server has nothing there",
            retry_after=wait,
            transient=True,
        )


def _not_json(response: Response, what: str, error: ValueError) -> ProtocolError:
    html = html_page(response.body)
    if html:
        kind = html
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
        detail = response.body[:_LONGEST_PAGE].decode("utf-8", "replace").strip()
    if detail:
        detail = html_page(detail.encode("utf-8", "replace")) or redact_text(detail[:_DETAIL_LIMIT])
    detail = detail or None
    said = f": {visible(detail, _DETAIL_LIMIT)}" if detail else ""
    wait = retry_after(response.headers, now)
    return ApiError(
        f"{what}: HTTP {response.status}{said}",
        status=response.status,
        detail=detail,
        retry_after=wait,
        hint=hint_for(response.status, wait),
    )


def evidence_of(response: Response, route: str) -> Http:
    """The HTTP evidence of an observation."""
    return Http(response.status, response.headers, route, served_from_store(response.headers))

"""From an answer to the text of a job's log. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobctl.client.answers import payload_of, raise_for_page, refusal
from jobctl.client.pages import html_page
from jobctl.errors import ProtocolError
from jobctl.evidence import retry_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobctl.client.messages import Response


def log_of(response: Response, text: Callable[[Any], Any] | None, now: float) -> str:
    """Return the whole log; `text` finds it in a JSON answer, None: the body is the log.

    Raises:
        ApiError: the API itself said no.
        ProtocolError: something other than a log came back.
    """
    if text is None:
        return _of_body(response, now)
    found = text(payload_of(response, "logs", now))
    if found is None:
        return ""
    if isinstance(found, list) and all(isinstance(line, str) for line in found):
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in found)
    if not isinstance(found, str):
        raise _no_log(response, "no text where the profile looks for the log", "set logs.text of the profile")
    return found


def too_large(error: ProtocolError) -> ProtocolError:
    """Say of a log what was said of any answer that is larger than jobctl reads."""
    return ProtocolError(
        "logs: the log is larger than what is read at once",
        kind=error.kind,
        status=error.status,
        hint="give 'logs' of the profile an address that gives its end only, such as GET /…?lines=10000",
    )


def _of_body(response: Response, now: float) -> str:
    raise_for_page(response, "logs", retry_after(response.headers, now))
    if response.status >= 400:
        raise refusal(response, "logs", now)
    kind = (response.header("content-type") or "").lower()
    if response.status >= 300:
        raise _no_log(response, "a redirect", "set --base-url to the address it ends at")
    if "html" in kind and (page := html_page(response.body)):
        hint = "a proxy, a login page or a tunnel answers in front of the API, or --base-url is a web site"
        raise _no_log(response, page, hint)
    return response.body.decode("utf-8", "replace")


def _no_log(response: Response, what: str, hint: str) -> ProtocolError:
    message = f"logs: HTTP {response.status} with {what}"
    return ProtocolError(message, kind="not-json", status=response.status, hint=hint)

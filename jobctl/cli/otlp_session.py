"""The HTTP session that OTLP exporters send with, and what came of it: in words, with the next step."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import requests

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_ANSWER: Final = 65_536
"""Bytes of an answer that are read: it tells how many records were rejected, and why."""
_CHECK_ADDRESS: Final = "is OTEL_EXPORTER_OTLP_ENDPOINT the base URL of a collector that takes OTLP/HTTP?"
_HINTS: Final = (
    (frozenset({401, 403, 407}), "check OTEL_EXPORTER_OTLP_HEADERS"),
    (frozenset({413}), "set OTEL_BSP_MAX_EXPORT_BATCH_SIZE and OTEL_BLRP_MAX_EXPORT_BATCH_SIZE lower"),
    (frozenset({429, 500, 502, 503, 504}), "the collector's own log tells why it takes nothing"),
)
"""The next step by status; any other means that something else answers there."""


class CollectorError(Exception):
    """A failure that the exporter shall not repeat."""


@dataclass
class Fate:
    """What happened to what was sent. `deadline` (monotonic) is set when the command is about to end."""

    why: str = ""
    hint: str = ""
    rejected: int = 0
    """Records that the collector took and threw away, by its own word (`partial_success`)."""
    deadline: float | None = None

    def trouble(self, *, is_late: bool) -> tuple[str, str]:
        """Return why not all arrived, and what to do."""
        if self.why:
            return self.why, self.hint
        if is_late:
            return "no answer in time", "is the collector alive, and quick enough?"
        return (
            "more came than could be sent",
            "set OTEL_BSP_MAX_QUEUE_SIZE and OTEL_BLRP_MAX_QUEUE_SIZE higher",
        )


class Session(requests.Session):
    """Bounded in what it reads and, once there is a deadline, in time. A redirect or a page is a refusal."""

    def __init__(self, fate: Fate, rejected: Callable[[bytes], int], *, through_proxies: bool) -> None:
        """Take what reads the number of rejected records out of an answer."""
        super().__init__()
        self._fate, self._rejected = fate, rejected
        self.trust_env = through_proxies

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        """Send one request.

        Raises:
            requests.RequestException: it failed and may be repeated.
            CollectorError: it failed, and repeating is no use, or there is no time left for it.
        """
        fate = self._fate
        if fate.deadline is not None:
            left = fate.deadline - time.monotonic()
            options["timeout"] = max(0.01, min(options.get("timeout") or left, left))
        try:
            response = super().request(*arguments, **options | {"stream": True, "allow_redirects": False})
            with response:
                body = next(response.iter_content(_MOST_ANSWER), b"")
        except (requests.RequestException, OSError) as error:
            fate.why, fate.hint = _told(error)
            if fate.deadline is not None:
                raise CollectorError(fate.why) from error
            raise
        self._judge(response, body)
        return response

    def _judge(self, response: requests.Response, body: bytes) -> None:
        fate, status, kind = self._fate, response.status_code, response.headers.get("content-type", "")
        if status >= 300:
            fate.why, fate.hint = f"it answered {status}", _hint(status)
            if fate.deadline is not None or status < 400:
                raise CollectorError(fate.why)
        elif kind.startswith("text/html"):
            fate.why, fate.hint = "it answered with a page", _CHECK_ADDRESS
            raise CollectorError(fate.why)
        elif kind.startswith("application/x-protobuf") and (rejected := self._rejected(body)):
            fate.rejected += rejected
            fate.why, fate.hint = "the collector rejected them", "its own log tells why"


def _hint(status: int) -> str:
    return next((hint for statuses, hint in _HINTS if status in statuses), _CHECK_ADDRESS)


def _told(error: Exception) -> tuple[str, str]:
    """What is wrong, in our own words: the library's hold addresses of objects, and headers."""
    match error:
        case requests.exceptions.SSLError():
            return (
                "TLS failed",
                "check OTEL_EXPORTER_OTLP_CERTIFICATE, and the scheme of the endpoint",
            )
        case requests.exceptions.ProxyError():
            return "the proxy failed", "check HTTPS_PROXY and NO_PROXY"
        case requests.exceptions.Timeout():
            return "no answer in time", "is the collector alive, and quick enough?"
        case requests.exceptions.ConnectionError():
            return "nobody answers", "is the collector running, and OTEL_EXPORTER_OTLP_ENDPOINT right?"
        case OSError(filename=str(name)) if name:
            return f"{name!r} cannot be read", "check OTEL_EXPORTER_OTLP_CERTIFICATE and the client's key"
    return f"{type(error).__name__}", _CHECK_ADDRESS

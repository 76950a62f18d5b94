"""Commands that show the evidence by hand, without any secret in them. Pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from jobctl.exchange import Path
from jobctl.redact import redact_headers, redact_url
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobctl.caching.report import Report
    from jobctl.exchange import Exchange

_LEFT_OUT: Final = frozenset({"x-request-id", "user-agent", "accept-encoding"})


def job_path(report: Report) -> str:
    """Return the path under which jobs are read: the fix is for all of them."""
    url = report.exchanges[0].url if report.exchanges else report.proxied_url
    return urlsplit(url).path.rpartition("/")[0] or "/"


def commands(exchanges: Iterable[Exchange | None]) -> tuple[str, ...]:
    """Return a curl command for each exchange; credentials stand for themselves as shell variables."""
    return tuple(_command(one) for one in exchanges if one is not None)


def _command(exchange: Exchange) -> str:
    words = ["curl -sS -i"]
    clean = redact_headers(exchange.request_headers)
    for (name, value), (_, shown) in zip(exchange.request_headers, clean, strict=True):
        if name.lower() in _LEFT_OUT:
            continue
        if value == shown:
            words.append(f"-H {shlex.quote(f'{name}: {visible(value, 200)}')}")
        else:
            words.append(f'-H "{visible(name, 60)}: ${name.upper().replace("-", "_")}"')
    url = exchange.url if exchange.path is Path.BUSTED else exchange.url.partition("?_t=")[0]
    return " ".join([*words, shlex.quote(visible(redact_url(url), 500))])

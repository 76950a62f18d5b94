"""Commands that show the evidence by hand, without any secret in them. Pure."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from jobctl.exchange import Path
from jobctl.redact import redact_headers, redact_url
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobctl.caching.report import Report
    from jobctl.exchange import Exchange

_LEFT_OUT: Final = frozenset({"x-request-id", "user-agent", "accept-encoding"})


def job_path(report: Report) -> str:
    """Return the path under which jobs are read, up to the id: the fix is for all of them."""
    if not report.exchanges:
        return urlsplit(report.proxied_url).path or "/"
    path = urlsplit(report.exchanges[0].url).path
    segments = path.split("/")
    places = [place for place, segment in enumerate(segments) if unquote(segment) == report.job]
    # Not there: the id stands in the query, and one path is all there is.
    return "/".join(segments[: places[-1]]) or "/" if places else path


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
            # Inside double quotes, and a recording's names are anybody's: letters, digits and "-" only.
            bare = re.sub(r"[^\w-]", "_", name[:60], flags=re.ASCII)
            words.append(f'-H "{bare}: ${bare.upper().replace("-", "_")}"')
    url = exchange.url if exchange.path is Path.BUSTED else exchange.url.partition("?_t=")[0]
    return " ".join([*words, shlex.quote(visible(redact_url(url), 500))])

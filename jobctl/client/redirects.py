"""Where a redirect leads, and whether credentials may follow it there. Pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urljoin, urlsplit, urlunsplit

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_UNIQUE: Final = re.compile(r"(?:^|&)_t=")
_SIGNED: Final = re.compile(r"(?:^|[&-])sig(?:nature)?=", re.IGNORECASE)


def resolved(url: str, location: str) -> str | None:
    """Resolve a `Location`; None where it is no URL at all."""
    try:
        target = urljoin(url, location)
        urlsplit(target).port  # noqa: B018 -- raises for a port that is none
    except ValueError:
        return None
    return target


def is_same_server(home: str, target: str) -> bool:
    """May credentials for `home` go to `target`: the same origin, nothing else (RFC 9110 11.5, 15.4)."""
    one, other = urlsplit(home), urlsplit(target)
    return (one.scheme, one.hostname, _port(home)) == (other.scheme, other.hostname, _port(target))


def is_upgrade(home: str, target: str) -> bool:
    """From http to https: the base URL should say so, and no credentials go out in clear text before."""
    return (urlsplit(home).scheme, urlsplit(target).scheme) == ("http", "https")


def kept_unique(target: str, argument: str, current: str) -> str:
    """Put the unique `_t=…` of a read back where a `Location` dropped it: a cache may answer there too.

    Not into a signed URL, which it would break, nor where the server insists on the URL without it.
    """
    parts = urlsplit(target)
    if _UNIQUE.search(parts.query) or _SIGNED.search(parts.query):
        return target
    query = f"{parts.query}&{argument}" if parts.query else argument
    unique = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
    return target if unique == current else unique


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)

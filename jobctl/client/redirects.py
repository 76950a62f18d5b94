"""Where a redirect leads, and whether credentials may follow it there. Pure."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin, urlsplit

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


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


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)

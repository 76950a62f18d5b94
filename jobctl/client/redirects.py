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
    """May credentials for `home` go to `target`: same origin, or its upgrade from http to https."""
    one, other = urlsplit(home), urlsplit(target)
    if one.hostname != other.hostname:
        return False
    if one.scheme == other.scheme:
        return _port(one.scheme, one.port) == _port(other.scheme, other.port)
    return (
        (one.scheme, other.scheme) == ("http", "https")
        and one.port in {None, 80}
        and other.port in {None, 443}
    )


def _port(scheme: str, port: int | None) -> int:
    return port or (443 if scheme == "https" else 80)

"""Which proxy of the environment a request takes: reads and streams of one server go the same way."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from jobctl.client.hosts import is_loopback

_AS_HTTP: Final = {"ws": "http", "wss": "https"}


def proxy_for(url: str) -> str | None:
    """Return the proxy's URL, None for none; `HTTP_PROXY=host:port` means http, as httpx takes it."""
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 -- only errors and streams ask

    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = parts.hostname
    if not host or is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    proxy = proxies.get(_AS_HTTP.get(parts.scheme, parts.scheme)) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy

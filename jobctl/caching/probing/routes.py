"""What `--proxy` means: a route of the profile, a URL, a host, a tunnel's domain, or a forward proxy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from jobctl.client.hosts import is_loopback
from jobctl.errors import ConfigError
from jobctl.profile.urls import split_base_url
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.profile.model import Profile

TUNNEL_DOMAINS: Final = (
    "loca.lt",
    "localtunnel.me",
    "ngrok.io",
    "ngrok.app",
    "ngrok.dev",
    "ngrok-free.app",
    "ngrok-free.dev",
    "trycloudflare.com",
    "cfargotunnel.com",
    "devtunnels.ms",
    "github.dev",
    "zrok.io",
)
_UPSTREAM: Final = "upstream:"


class Route(NamedTuple):
    """The way under suspicion. `base_url` is the API's address on it, `via` a forward proxy, if it is one."""

    name: str
    base_url: str
    via: str | None = None


def resolve_route(text: str, profile: Profile) -> Route:
    """Read `--proxy TEXT`.

    Raises:
        ConfigError: it names no way to the API; the hint says what to give.
    """
    text = text.strip()
    if text in profile.routes:
        return Route(text, _checked(profile.routes[text]))
    if text.startswith(_UPSTREAM):
        via = text.removeprefix(_UPSTREAM)
        if urlsplit(_checked(via)).path not in {"", "/"}:
            raise ConfigError(
                "a forward proxy has no path", hint="for example upstream:http://127.0.0.1:3128"
            )
        return Route(text, profile.require_base_url(), via)
    if "://" in text:
        return Route(urlsplit(_checked(text)).netloc, text)
    if text.lower().rstrip(".") in TUNNEL_DOMAINS:
        return _under_domain(text.lower().rstrip("."), profile)
    if re.fullmatch(r"[\w.-]+(:\d+)?(/\S*)?", text) and ("." in text or ":" in text or text == "localhost"):
        host, _, path = text.partition("/")
        scheme = "http" if is_loopback(host.partition(":")[0]) else "https"
        prefix = f"/{path}" if path else urlsplit(profile.base_url or "").path.rstrip("/")
        return Route(host, _checked(f"{scheme}://{host}{prefix}"))
    raise _unknown(text, profile)


def _under_domain(domain: str, profile: Profile) -> Route:
    """A bare tunnel domain stands for the profile's route, else its base URL, under that domain."""
    for name, url in (*profile.routes.items(), (domain, profile.base_url or "")):
        host = (urlsplit(url).hostname or "").rstrip(".")
        if host == domain or host.endswith(f".{domain}"):
            return Route(name, _checked(url))
    raise ConfigError(
        f"profile {profile.name!r} has no route under {domain}",
        hint=f"give the full address, for example --proxy https://my-app.{domain}, or put "
        f'routes = {{ "{domain}" = "https://my-app.{domain}" }} into the profile ({profile.origin})',
    )


def _unknown(text: str, profile: Profile) -> ConfigError:
    known = ", ".join(profile.routes) or "none"
    return ConfigError(
        f"{visible(text, 80)!r} is no URL, no host, no route of profile {profile.name!r} (it has: {known})",
        hint="give a URL such as https://my-app.loca.lt, or upstream:http://host:3128 for a forward proxy",
    )


def _checked(url: str) -> str:
    split_base_url(url)
    return url


def require_safe_read(profile: Profile) -> None:
    """Refuse a profile that reads jobs by anything but GET: no cache keeps the rest, and it may change jobs.

    Raises:
        ConfigError: the read operation has another method.
    """
    if profile.read.method != "GET":
        raise ConfigError(
            f"profile {profile.name!r} reads jobs with {profile.read}: an experiment sends GET only",
            hint='give the profile a read operation such as read = "GET /v1/jobs/{id}"',
        )


def direct_origin(profile: Profile, route: Route, origin: str | None) -> str | None:
    """Return the API's address past the route: `--origin`, else the profile's; None where that is the route.

    Raises:
        ConfigError: `--origin` is no URL.
    """
    if origin is not None:
        split_base_url(origin)
    address = origin or profile.base_url
    if address is None or (route.via is None and _place(address) == _place(route.base_url)):
        return None
    return address


def _place(url: str) -> tuple[str, str, int | None, str]:
    parts = split_base_url(url)
    default = 443 if parts.scheme == "https" else 80
    return parts.scheme, (parts.hostname or "").lower(), parts.port or default, parts.path.rstrip("/")

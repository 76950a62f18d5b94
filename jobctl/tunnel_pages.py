"""Answers made by a tunnel or gateway instead of the job server: whose page, and what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class TunnelPage(NamedTuple):
    """Who answered, what it means, what to do. `transient`: trying again may help by itself."""

    vendor: str
    meaning: str
    advice: str
    transient: bool = False


class _Rule(NamedTuple):
    """All given conditions must hold: status, header pattern (`name: value`), body pattern, host pattern."""

    page: TunnelPage
    status: frozenset[int] | None = None
    header: str | None = None
    body: str | None = None
    host: str | None = None
    any_type: bool = False
    """Also for a body that calls itself JSON."""


_GATEWAY: Final = frozenset({502, 503, 504})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LOCALTUNNEL_HOST: Final = r"(^|\.)(loca\.lt|localtunnel\.me)$"
_RESTART: Final = "check that the server behind the tunnel is up, then start the tunnel again"
_NO_TUNNEL: Final = TunnelPage(
    "localtunnel",
    "no tunnel of this name is connected",
    "start the tunnel again and check its name; this is not 'job not found'",
)
_BARE_404: Final = r"\A\s*404\s*\Z"

_RULES: Final = (
    _Rule(
        TunnelPage(
            "localtunnel",
            "its warning page for browsers, not the job server's answer",
            "send the header Bypass-Tunnel-Reminder: 1, or a User-Agent that is no browser's",
        ),
        status=frozenset({200, 401, 403, 511}),
        body=r"bypass-tunnel-reminder|tunnel password|tunnel website ahead",
    ),
    # Any server may say no more than "404": it is localtunnel's word only where that stands in between.
    _Rule(_NO_TUNNEL, status=frozenset({404}), body=_BARE_404, host=_LOCALTUNNEL_HOST),
    _Rule(_NO_TUNNEL, status=frozenset({404}), body=_BARE_404, header=r"x-localtunnel[\w-]*: "),
    _Rule(
        TunnelPage(
            "localtunnel", "the tunnel is there but nothing answers behind it", _RESTART, transient=True
        ),
        status=frozenset({408, 502, 503, 504}),
        body=r"tunnel unavailable",
    ),
    _Rule(
        TunnelPage(
            "localtunnel", "the tunnel is there but nothing answers behind it", _RESTART, transient=True
        ),
        status=_GATEWAY,
        host=_LOCALTUNNEL_HOST,
    ),
    _Rule(
        TunnelPage(
            "ngrok",
            "its warning page for browsers (ERR_NGROK_6024), not the job server's answer",
            "send the header ngrok-skip-browser-warning: 1",
        ),
        header=r"ngrok-error-code: ERR_NGROK_6024",
        any_type=True,
    ),
    _Rule(
        TunnelPage(
            "ngrok",
            "its warning page for browsers (ERR_NGROK_6024), not the job server's answer",
            "send the header ngrok-skip-browser-warning: 1",
        ),
        body=r"ERR_NGROK_6024|ngrok-skip-browser-warning",
    ),
    _Rule(
        TunnelPage("ngrok", "the endpoint is offline (ERR_NGROK_3200)", "start the ngrok agent again"),
        header=r"ngrok-error-code: ERR_NGROK_3200",
        any_type=True,
    ),
    _Rule(
        TunnelPage("ngrok", "nothing answers behind the tunnel (ERR_NGROK_8012)", _RESTART, transient=True),
        header=r"ngrok-error-code: ERR_NGROK_8012",
        any_type=True,
    ),
    _Rule(
        TunnelPage("ngrok", "an error of the tunnel itself", "look the code up in ngrok's error index"),
        header=r"ngrok-error-code: ERR_NGROK_\d+",
        any_type=True,
    ),
    _Rule(
        TunnelPage("ngrok", "an error of the tunnel itself", "look the code up in ngrok's error index"),
        status=frozenset(range(400, 600)),
        body=r"ERR_NGROK_\d+",
    ),
    _Rule(
        TunnelPage(
            "Cloudflare Tunnel",
            "no cloudflared is connected for this name (error 1033)",
            "start cloudflared again and check its tunnel's health",
            transient=True,
        ),
        body=r"(error( code)?:? ?1033\b|cloudflare tunnel error|argo tunnel error)",
        status=frozenset({530, 502, 503, 403, 404}),
    ),
    _Rule(
        TunnelPage(
            "Cloudflare Tunnel",
            "Cloudflare could not reach the origin (530)",
            "start cloudflared again; check the host name's DNS record",
            transient=True,
        ),
        status=frozenset({530}),
    ),
    _Rule(
        TunnelPage(
            "trycloudflare",
            "a quick tunnel takes only 200 requests at a time",
            "watch fewer jobs at once, or use a named tunnel",
            transient=True,
        ),
        status=frozenset({429}),
        host=r"(^|\.)trycloudflare\.com$",
    ),
    _Rule(
        TunnelPage(
            "Cloudflare",
            "it asks for a browser check (challenge)",
            "exempt the API's paths or your address from the challenge",
        ),
        header=r"cf-mitigated: challenge",
    ),
    _Rule(
        TunnelPage(
            "VS Code tunnel or Codespaces",
            "it redirects to a sign-in page: the port is private",
            "make the port public, or send the header X-Tunnel-Authorization: tunnel TOKEN",
        ),
        status=_REDIRECTS,
        header=r"location: (https?://)?[^\s]*(tunnels\.api\.visualstudio\.com/auth|/pf-signin|devtunnels\.ms/auth"
        r"|github\.com/(login|codespaces/auth)|github\.dev/.{0,40}signin|login\.microsoftonline\.com)",
        any_type=True,
    ),
    _Rule(
        TunnelPage(
            "VS Code tunnel or Codespaces",
            "its anti-phishing page, not the job server's answer",
            "send the header X-Tunnel-Skip-AntiPhishing-Page: true",
        ),
        body=r"X-Tunnel-Skip-AntiPhishing-Page|connect to a developer tunnel|tunnels\.api\.visualstudio\.com",
    ),
    _Rule(
        TunnelPage(
            "zrok",
            "its warning page for browsers, not the job server's answer",
            "send the header skip_zrok_interstitial: 1",
        ),
        status=frozenset({200, 401, 403}),
        body=r"zrok.{0,400}interstitial|interstitial.{0,400}zrok",
    ),
    _Rule(
        TunnelPage("zrok", "the share is not there or nothing answers behind it", _RESTART, transient=True),
        status=frozenset({404, 502, 503}),
        body=r"<title>[^<]{0,60}zrok|zrok (share|frontend)",
    ),
    _Rule(
        TunnelPage(
            "frp",
            "nothing answers behind the tunnel (its 404 page stands for every failure; not 'job not found')",
            "check that frpc and the server behind it are up",
            transient=True,
        ),
        body=r"faithfully yours, frp",
    ),
)


def _gateway(
    vendor: str, body: str | None, header: str | None = None, *, status: frozenset[int] = _GATEWAY
) -> _Rule:
    page = TunnelPage(
        vendor,
        "the gateway could not get an answer from the job server",
        "usually passes; if not, check the server behind the gateway",
        transient=True,
    )
    return _Rule(page, status=status, body=body, header=header)


_GATEWAYS: Final = (
    _gateway("Varnish", r"guru meditation|varnish cache server"),
    _gateway("HAProxy", r"no server is available to handle this request|the server didn't respond in time"),
    _gateway("HAProxy", r"the server returned an invalid or incomplete response"),
    _gateway("AWS load balancer", r"<html", r"server: awselb/"),
    _gateway("openresty", r"<center>openresty"),
    _gateway("nginx", r"<center>nginx"),
    _gateway("Squid", None, r"x-squid-error: \S"),
    _gateway(
        "Envoy", r"upstream connect error or disconnect/reset|no healthy upstream|upstream request timeout"
    ),
    _gateway(
        "Apache httpd",
        r"<title>(502 proxy error|503 service unavailable|504 gateway timeout)</title>.{0,900}apache",
    ),
    _gateway("Traefik", r"\A(bad gateway|gateway timeout|no available server)\s*\Z"),
    _gateway(
        "Cloudflare", r"<html", r"server: cloudflare", status=frozenset({502, 503, 504, *range(520, 528)})
    ),
    _gateway("Cloudflare", r"error code: 5\d\d", status=frozenset({502, 503, 504, *range(520, 528)})),
    _gateway("a gateway", r"\A\s*(<!doctype html|<html)"),
)
_LONGEST_BODY: Final = 16_384


def recognise(
    status: int, headers: Sequence[tuple[str, str]], body_prefix: bytes, *, host: str = ""
) -> TunnelPage | None:
    """Tell whose page an answer is, from its status, headers and first bytes; None for the job server's own.

    `host` (of the request) settles the answers that carry no name.
    """
    lines = "\n".join(f"{name.lower()}: {value}" for name, value in headers)
    body = body_prefix[:_LONGEST_BODY].decode("latin-1")
    is_json = bool(re.search(r"^content-type: [^\n;]*\bjson\b", lines, re.IGNORECASE | re.MULTILINE))
    if is_json and status not in _REDIRECTS and "ngrok-error-code" not in lines:
        return None
    for rule in (*_RULES, *_GATEWAYS):
        if (
            (rule.status is None or status in rule.status)
            and (rule.any_type or not is_json)
            and (rule.host is None or _found(rule.host, _bare(host)))
            and (rule.header is None or _found(rf"^{rule.header}", lines))
            and (rule.body is None or _found(rule.body, body))
        ):
            return rule.page
    return None


def _found(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE | re.MULTILINE | re.DOTALL) is not None


_BYPASS: Final = (
    (("loca.lt", "localtunnel.me"), {"Bypass-Tunnel-Reminder": "1"}),
    (
        (
            "ngrok.io",
            "ngrok.app",
            "ngrok.dev",
            "ngrok.pizza",
            "ngrok-free.app",
            "ngrok-free.dev",
            "ngrok-free.pizza",
        ),
        {"ngrok-skip-browser-warning": "1"},
    ),
    (("zrok.io",), {"skip_zrok_interstitial": "1"}),
    (("devtunnels.ms", "github.dev"), {"X-Tunnel-Skip-AntiPhishing-Page": "true"}),
)


def bypass_headers(host: str) -> dict[str, str]:
    """Return the headers that make a known tunnel host (port allowed) skip its warning page, else none."""
    bare = _bare(host)
    for domains, headers in _BYPASS:
        if any(bare == domain or bare.endswith(f".{domain}") for domain in domains):
            return dict(headers)
    return {}


def _bare(host: str) -> str:
    return re.sub(r":\d+\Z", "", host.strip()).rstrip(".").lower()

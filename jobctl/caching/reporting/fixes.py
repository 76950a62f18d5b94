"""What makes it stop: lines for the origin, for whatever stands in between, and for the client. Data.

Who stands in between is a guess from identity fields only (`Via`, `Server`, vendors' own); it chooses the
order of advice, never a verdict.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from jobctl.caching.findings import Flag, Rule, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jobctl.caching.findings import Diagnosis
    from jobctl.exchange import Exchange


class Fix(NamedTuple):
    """Where to change what: `where` is `origin`, `proxy` or `client`; `lines` can be pasted."""

    where: str
    who: str
    lines: tuple[str, ...]


ORIGIN: Final = (
    Fix(
        "origin",
        "any server",
        ("Cache-Control: no-store", "CDN-Cache-Control: no-store", "Surrogate-Control: no-store"),
    ),
    Fix(
        "origin",
        "FastAPI, Starlette, any ASGI",
        ("from jobctl import NoStoreMiddleware", "app.add_middleware(NoStoreMiddleware, paths=[{path!r}])"),
    ),
    Fix(
        "origin",
        "Flask",
        (
            "@app.after_request",
            "def no_store(answer):",
            "    if request.path.startswith({path!r}):",
            '        answer.headers["Cache-Control"] = "no-store"',
            "    return answer",
        ),
    ),
    Fix(
        "origin", "Django", ("@cache_control(no_store=True)  # django.views.decorators.cache, on job views",)
    ),
    Fix(
        "origin",
        "Express",
        ('app.use({path!r}, (q, r, next) => { r.set("Cache-Control", "no-store"); next() })',),
    ),
)
PROXY: Final = {
    "nginx": ("location {path} {", "    proxy_cache off;", "}"),
    "Varnish": ("sub vcl_recv {", '    if (req.url ~ "^{path}") { return (pass); }', "}"),
    "HAProxy": ("http-request cache-use CACHE unless { path_beg {path} }",),
    "Cloudflare": ("Caching > Cache Rules: URI Path starts with {path} -> Bypass cache",),
    "CloudFront": ("behaviour {path}*: cache policy CachingDisabled",),
    "Fastly": ('if (req.url ~ "^{path}") { return(pass); }  # vcl_recv',),
    "Squid": ("acl jobs urlpath_regex ^{path}", "cache deny jobs"),
    "Apache httpd": ('CacheDisable "{path}"',),
    "localtunnel": (
        "no setting of yours: use unique URLs, or a tunnel that does not cache (ssh -R, Tailscale)",
    ),
}
CLIENT: Final = Fix(
    "client", "any", ("add a unique query argument to every read: ?_t=<a new value each time>",)
)
CLIENT_DROPPED: Final = Fix(
    "client", "any", ("a unique query does not help here: this cache leaves the query out of its key",)
)

_IDENTITY: Final = (
    ("Varnish", "x-varnish", r""),
    ("Varnish", "via", r"varnish"),
    ("Cloudflare", "cf-ray", r""),
    ("Cloudflare", "server", r"cloudflare"),
    ("CloudFront", "x-amz-cf-id", r""),
    ("CloudFront", "via", r"cloudfront"),
    ("Fastly", "x-served-by", r"^cache-"),
    ("Squid", "via", r"squid"),
    ("Squid", "x-squid-error", r""),
    ("HAProxy", "via", r"haproxy"),
    ("Apache httpd", "server", r"apache"),
    ("nginx", "server", r"nginx|openresty"),
)


def intermediary(proxied: Iterable[Exchange], direct: Iterable[Exchange] = ()) -> str | None:
    """Guess who stands in between, by fields that only the proxied answers carry; None without a sign."""
    known = {(name.lower(), value) for one in direct for name, value in one.headers}
    for one in proxied:
        fields = [(name.lower(), value) for name, value in one.headers if (name.lower(), value) not in known]
        for who, name, pattern in _IDENTITY:
            if any(key == name and re.search(pattern, value, re.IGNORECASE) for key, value in fields):
                return who
        if re.search(r"//[^/]*\b(loca\.lt|localtunnel\.me)[:/]", one.url):
            return "localtunnel"
    return None


def fixes(diagnosis: Diagnosis, path: str, who: str | None) -> Sequence[Fix]:
    """Return what to change, the most useful first; nothing where there is nothing to mend.

    `path` is the prefix of the job routes. Where a policy is overridden, headers will not help: only the
    proxy's own configuration does.
    """
    if diagnosis.verdict in {Verdict.NO_CACHE_SEEN, Verdict.INCONCLUSIVE}:
        return ()
    origin = [one._replace(lines=_filled(one.lines, path)) for one in ORIGIN]
    names = (who,) if who is not None and who in PROXY else ("nginx", "Varnish", "HAProxy")
    proxy = [Fix("proxy", name, _filled(PROXY[name], path)) for name in names]
    client = CLIENT_DROPPED if Flag.BUSTER_INEFFECTIVE in diagnosis.flags else CLIENT
    if Flag.CONTRADICTION in diagnosis.flags:
        return (*proxy, client)
    return (*origin, *proxy, client)


def _filled(lines: Sequence[str], path: str) -> tuple[str, ...]:
    return tuple(line.replace("{path!r}", repr(path)).replace("{path}", path) for line in lines)


def next_step(diagnosis: Diagnosis, who: str | None) -> str:
    """Say in one line what to do now."""
    if diagnosis.reason is not None:
        return diagnosis.reason.next_step
    if diagnosis.verdict is Verdict.NO_CACHE_SEEN:
        return "look elsewhere: this path gave every answer anew"
    if Flag.CONTRADICTION in diagnosis.flags:
        return f"switch caching off for job routes in {who or 'the proxy'}: it overrides no-store"
    if diagnosis.verdict is Verdict.SUSPECT_STALE:
        return "repeat it with --rounds 8; let the origin send `Cache-Control: no-store` in any case"
    if Rule.C2 in {one.rule for one in diagnosis.findings}:
        return "the store sits at the origin as well: give --origin past it, and mend the origin's cache"
    if diagnosis.verdict is Verdict.CACHEABLE:
        return "let the origin send `Cache-Control: no-store` on job routes, before a cache stores them"
    return "let the origin send `Cache-Control: no-store` on job routes; until then read by unique URLs"

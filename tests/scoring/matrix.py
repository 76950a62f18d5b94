"""What is tried: origins, what they say about caching, and the ways to them. Data."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from support.behaviour import Behaviour, Memo, Replica

TOKEN = "word-of-the-matrix"

ORIGINS = {
    "plain": Behaviour(),
    "fast": Behaviour(period=0.1),
    "slow": Behaviour(period=3.0),
    "coarse": Behaviour(stamps="seconds", period=1.0),
    "unversioned": Behaviour(stamps="none"),
    "echo": Behaviour(echo=True),
    "trace-id": Behaviour(request_id=True),
    "body-nonce": Behaviour(body_nonce=True),
    "etag-weak": Behaviour(etag="weak"),
    "etag-per-request": Behaviour(etag="per-request"),
    "last-modified": Behaviour(last_modified=True),
    "frozen": Behaviour(frozen=True),
    "finished": Behaviour(finished=True),
    "frozen-echo": Behaviour(frozen=True, echo=True),
    "finished-trace-id": Behaviour(finished=True, request_id=True),
    "frozen-body-nonce": Behaviour(frozen=True, body_nonce=True),
    "replica": Behaviour(replica=Replica(0.3, 1.0)),
    "replica-random": Behaviour(replica=Replica(0.3, 2.0, "random")),
    "replica-stalled": Behaviour(replica=Replica(0.5, 2.0, "stalled")),
    "replica-rare": Behaviour(replica=Replica(0.05, 3.0)),
    "replica-echo": Behaviour(replica=Replica(0.3, 1.0), echo=True),
    "replica-connection": Behaviour(replica=Replica(0.3, 1.0, by_connection=True)),
    "replica-connection-stalled": Behaviour(replica=Replica(0.5, 3.0, "stalled", by_connection=True)),
    "replica-connection-echo": Behaviour(replica=Replica(0.5, 3.0, "stalled", by_connection=True), echo=True),
    "memo-path": Behaviour(memo=Memo(3.0, "path")),
    "memo-url": Behaviour(memo=Memo(3.0, "url")),
    "memo-age": Behaviour(memo=Memo(3.0, "path", own_age=True)),
    "memo-url-age": Behaviour(memo=Memo(3.0, "url", own_age=True), echo=True),
    "age-constant": Behaviour(own_age="constant"),
    "age-ticking": Behaviour(own_age="ticking", replica=Replica(0.2, 1.0)),
    "vendor-word": Behaviour(vendor_word=True),
    "clock-ahead": Behaviour(clock_skew=2 * 86400.0),
    "clock-behind": Behaviour(clock_skew=-2 * 86400.0, etag="strong"),
    "flapping": Behaviour(flapping=True),
    "flapping-unversioned": Behaviour(flapping=True, stamps="none"),
    "rate-limited": Behaviour(rate_limit=12),
    "auth": Behaviour(auth=TOKEN),
}
"""The first is the ordinary one."""

POLICIES = {
    "bare": {},
    "no-store": {"cache_control": "no-store"},
    "etag": {"etag": "strong"},
    "max-age": {"cache_control": "max-age=5", "etag": "strong"},
    "no-store-etag": {"cache_control": "no-store, private", "etag": "strong"},
}

SANDBOX_PATHS = {
    "sandbox-pass": (),
    "sandbox-cache": ("cache",),
    "sandbox-cache-2s": ("cache=2s",),
    "sandbox-cache-500ms": ("cache=500ms", "cache-ignore-no-store"),
    "sandbox-ignore": ("cache", "cache-ignore-no-store"),
    "sandbox-drop-query": ("cache", "cache-drop-query"),
    "sandbox-honest": ("cache", "cache-honest"),
    "sandbox-worst": ("cache", "cache-ignore-no-store", "cache-drop-query"),
}
"""Tunnel faults of the sandbox."""


class Cell(NamedTuple):
    """One experiment: an origin under a policy, behind a path, for the how-manieth time."""

    origin: str
    policy: str
    path: str
    run: int = 0

    @property
    def job_id(self):
        return "-".join((self.origin, self.policy, self.path, str(self.run)))

    def behaviour(self):
        """Return what the job does. What the origin has of its own stands against the policy."""
        own = ORIGINS[self.origin]
        options = dict(POLICIES[self.policy])
        if own.etag != "none":
            options.pop("etag", None)
        return replace(own, **options)


def full(paths, origins, runs=1):
    """Every origin on every path, the policies in turn, and every policy of the ordinary origin."""
    cells = {}
    words = list(POLICIES)
    for run in range(runs):
        for row, origin in enumerate(origins):
            for column, path in enumerate(paths):
                policy = words[(row + column + run) % len(words)]
                cells[Cell(origin, policy, path, run)] = None
        if next(iter(ORIGINS)) in origins:
            cells |= {
                Cell(next(iter(ORIGINS)), policy, path, run): None for policy in words for path in paths
            }
    return list(cells)


QUICK = [
    Cell("plain", "bare", "nginx-pass"),
    Cell("plain", "no-store", "nginx-forced"),
    Cell("plain", "bare", "varnish-stock"),
    Cell("plain", "max-age", "nginx-background"),
    Cell("plain", "etag", "haproxy-cache"),
    Cell("plain", "no-store-etag", "sandbox-worst"),
    Cell("plain", "no-store", "sandbox-pass"),
    Cell("echo", "bare", "sandbox-cache"),
    Cell("frozen-echo", "bare", "nginx-cache-valid"),
    Cell("finished-trace-id", "no-store", "sandbox-ignore"),
    Cell("body-nonce", "bare", "nginx-forced-path"),
    Cell("unversioned", "bare", "sandbox-cache"),
    Cell("replica", "bare", "nginx-pass"),
    Cell("replica-rare", "no-store", "sandbox-pass"),
    Cell("replica-echo", "bare", "haproxy-pass"),
    Cell("memo-age", "bare", "sandbox-pass"),
    Cell("memo-url", "bare", "nginx-pass"),
    Cell("age-ticking", "bare", "sandbox-pass"),
    Cell("vendor-word", "bare", "sandbox-pass"),
    Cell("flapping", "no-store", "nginx-pass"),
    Cell("clock-ahead", "bare", "sandbox-honest"),
    Cell("clock-behind", "etag", "nginx-gzip"),
    Cell("auth", "bare", "nginx-forced"),
    Cell("plain", "max-age", "nginx-rewrites"),
]
"""The few that a test runs: those whose outcome is not left to chance, as that of a random replica is."""

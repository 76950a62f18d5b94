"""Intermediaries worth having in front of a job API, as data: how each is configured, and what it stores.

`tests/caching/test_real_caches.py` holds the table to what the programs really do.
"""

from __future__ import annotations

from typing import NamedTuple

POLICIES = {
    "bare": {},
    "etag": {"etag": "strong"},
    "last-modified": {"last_modified": True},
    "no-store": {"cache_control": "no-store"},
    "no-cache": {"cache_control": "no-cache"},
    "private": {"cache_control": "private"},
    "max-age": {"cache_control": "max-age=5"},
}
"""What an origin may say about caching: a name, and the options of `adversarial.Behaviour` for it."""

_FRESH = frozenset({"max-age"})
_UNFORBIDDEN = frozenset({"bare", "etag", "last-modified", "max-age"})
_VALIDATED = frozenset({"etag", "last-modified", "max-age"})
_ALL = frozenset(POLICIES)
_NONE = frozenset[str]()


class Intermediary(NamedTuple):
    """One way to run one program. `stores` holds the policies under which it keeps an answer."""

    name: str
    program: str
    config: str
    caches: str
    stores: frozenset[str] = _NONE
    query_in_key: bool = True
    upgrades: bool = True
    """A WebSocket handshake passes."""
    rewrites: bool = False
    """It changes cache fields on the way."""


_NGINX = """
worker_processes 1;
pid @FOLDER@/nginx.pid;
@USER@
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path @FOLDER@/body;
  proxy_temp_path @FOLDER@/proxy;
  fastcgi_temp_path @FOLDER@/fastcgi;
  uwsgi_temp_path @FOLDER@/uwsgi;
  scgi_temp_path @FOLDER@/scgi;
  proxy_cache_path @FOLDER@/cache keys_zone=jobs:1m max_size=16m inactive=10m use_temp_path=off;
  server {
    listen 127.0.0.1:@PORT@;
    location / {
      proxy_pass @UPSTREAM@;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      @MORE@
    }
  }
}
"""
_UPGRADE = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
_STORE = "proxy_cache jobs; "
_FORCED = (
    _STORE + "proxy_ignore_headers Cache-Control Expires Set-Cookie Vary X-Accel-Expires; "
    "proxy_cache_valid 200 10s; "
)
_WITHOUT_QUERY = "proxy_cache_key $scheme$proxy_host$uri; "

_HAPROXY = """
global
  maxconn 200
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
cache jobs
  total-max-size 4
  max-object-size 100000
  max-age 10
frontend outside
  bind 127.0.0.1:@PORT@
  default_backend inside
backend inside
  @MORE@
  server origin @HOST@:@UPSTREAM_PORT@
"""
_USE_AND_STORE = "http-request cache-use jobs\n  "

_VARNISH = """
vcl 4.1;
backend default { .host = "@HOST@"; .port = "@UPSTREAM_PORT@"; }
@MORE@
"""
_FORCED_VCL = """
sub vcl_recv { if (req.method == "GET" || req.method == "HEAD") { return (hash); } }
sub vcl_backend_response {
  set beresp.ttl = 10s; set beresp.grace = 0s; set beresp.uncacheable = false; return (deliver);
}
"""
_PATH_KEY_VCL = """
sub vcl_hash { hash_data(regsub(req.url, "\\?.*$", "")); return (lookup); }
"""
_STRIP_VCL = """
sub vcl_recv { return (pass); }
sub vcl_backend_response { unset beresp.http.ETag; unset beresp.http.Last-Modified; }
"""


def _nginx(name, caches, more, stores=_NONE, **facts):
    facts.setdefault("upgrades", False)
    return Intermediary(name, "nginx", _NGINX.replace("@MORE@", more), caches, stores, **facts)


def _haproxy(name, caches, more="", stores=_NONE):
    return Intermediary(name, "haproxy", _HAPROXY.replace("@MORE@", more), caches, stores)


def _varnish(name, caches, more="", stores=_NONE, **facts):
    vcl = _VARNISH.replace("@MORE@", more)
    return Intermediary(name, "varnishd", vcl, caches, stores, upgrades=False, **facts)


INTERMEDIARIES = {
    row.name: row
    for row in (
        _nginx("nginx-pass", "nothing; WebSocket passes", _UPGRADE, upgrades=True),
        _nginx("nginx-pass-plain", "nothing; the WebSocket handshake is lost", ""),
        _nginx("nginx-gzip", "nothing; weakens the ETag", "gzip on; gzip_types *; gzip_min_length 1;"),
        _nginx("nginx-cache", "what is declared fresh", _STORE, _FRESH),
        _nginx(
            "nginx-cache-valid",
            "200s that do not forbid it, for 10 s",
            _STORE + "proxy_cache_valid 200 10s;",
            _UNFORBIDDEN,
        ),
        _nginx("nginx-forced", "everything, for 10 s, and says nothing", _FORCED, _ALL),
        _nginx(
            "nginx-forced-path",
            "everything, for 10 s, whatever the query, and says so",
            _FORCED + _WITHOUT_QUERY + "add_header X-Cache-Status $upstream_cache_status;",
            _ALL,
            query_in_key=False,
        ),
        _nginx(
            "nginx-background",
            "200s that do not forbid it, for 1 s; then an old one once more while it fetches",
            _STORE + "proxy_cache_use_stale updating; proxy_cache_background_update on; "
            "proxy_cache_valid 200 1s;",
            _UNFORBIDDEN,
        ),
        _nginx(
            "nginx-micro",
            "200s that do not forbid it, for 1 s",
            _STORE + "proxy_cache_valid 200 1s;",
            _UNFORBIDDEN,
        ),
        _nginx(
            "nginx-rewrites",
            "nothing; replaces Cache-Control, drops the validators",
            "proxy_hide_header ETag; proxy_hide_header Last-Modified; proxy_hide_header Cache-Control; "
            'add_header Cache-Control "private, max-age=60";',
            rewrites=True,
        ),
        _haproxy("haproxy-pass", "nothing"),
        _haproxy(
            "haproxy-cache",
            "what has a validator or is declared fresh, for at most 10 s",
            _USE_AND_STORE + "http-response cache-store jobs",
            _VALIDATED,
        ),
        _haproxy(
            "haproxy-forced",
            "everything, for 10 s",
            _USE_AND_STORE + 'http-response set-header Cache-Control "public, max-age=10"\n  '
            "http-response cache-store jobs",
            _ALL,
        ),
        _varnish("varnish-stock", "what does not forbid it, for 120 s unless told", "", _UNFORBIDDEN),
        _varnish("varnish-forced", "everything, for 10 s", _FORCED_VCL, _ALL),
        _varnish(
            "varnish-path",
            "what does not forbid it, whatever the query, for 120 s unless told",
            _PATH_KEY_VCL,
            _UNFORBIDDEN,
            query_in_key=False,
        ),
        _varnish("varnish-strips", "nothing; drops the validators", _STRIP_VCL, rewrites=True),
    )
}

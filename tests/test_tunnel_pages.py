from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobctl.tunnel_pages import bypass_headers, recognise

HTML = [("Content-Type", "text/html; charset=utf-8")]
JSON = [("Content-Type", "application/json")]
NGINX = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<hr><center>nginx/1.22.1</center>"


def ngrok(code):
    return [*HTML, ("Ngrok-Error-Code", f"ERR_NGROK_{code}")]


@pytest.mark.parametrize(
    ("status", "headers", "body", "host", "expected"),
    [
        (401, HTML, b"<h1>Tunnel website ahead!</h1> ... your Tunnel Password", "", ("localtunnel", False)),
        (511, HTML, b"set the Bypass-Tunnel-Reminder header", "", ("localtunnel", False)),
        (200, HTML, b"<p>bypass-tunnel-reminder</p>", "", ("localtunnel", False)),
        (404, [], b"404", "x.loca.lt", ("localtunnel", False)),
        (404, [("Content-Type", "text/plain")], b"404\n", "x.localtunnel.me", ("localtunnel", False)),
        (404, [("X-Localtunnel-Agent-Ips", "[]")], b"404", "tunnel.test", ("localtunnel", False)),
        (503, HTML, b"<h1>503 - Tunnel Unavailable</h1>", "", ("localtunnel", True)),
        (504, HTML, b"<html>", "my-app.loca.lt:443", ("localtunnel", True)),
        (200, ngrok(6024), b"<!DOCTYPE html>", "", ("ngrok", False)),
        (200, HTML, b"... ngrok-skip-browser-warning ...", "", ("ngrok", False)),
        (404, ngrok(3200), b"", "", ("ngrok", False)),
        (502, ngrok(8012), b"", "", ("ngrok", True)),
        (502, [*JSON, ("ngrok-error-code", "ERR_NGROK_727")], b"{}", "", ("ngrok", False)),
        (404, [], b"Tunnel x not found ERR_NGROK_3200", "", ("ngrok", False)),
        (530, [("server", "cloudflare")], b"error code: 1033", "", ("Cloudflare Tunnel", True)),
        (530, HTML, b"<title>x</title>", "", ("Cloudflare Tunnel", True)),
        (429, HTML, b"", "a-b.trycloudflare.com", ("trycloudflare", True)),
        (403, [*HTML, ("cf-mitigated", "challenge")], b"Just a moment", "", ("Cloudflare", False)),
        (
            302,
            [("Location", "https://global.rel.tunnels.api.visualstudio.com/auth/github?x")],
            b"",
            "",
            ("VS Code tunnel or Codespaces", False),
        ),
        (
            302,
            [("location", "https://x-8000.app.github.dev/pf-signin?id=1")],
            b"",
            "",
            ("VS Code tunnel or Codespaces", False),
        ),
        (
            200,
            HTML,
            b"You are about to connect to a developer tunnel",
            "",
            ("VS Code tunnel or Codespaces", False),
        ),
        (200, HTML, b"<title>zrok</title> ... interstitial", "", ("zrok", False)),
        (404, HTML, b"<title>zrok: not found</title>", "", ("zrok", True)),
        (
            404,
            HTML,
            b"<h1>The page you requested was not found.</h1><em>Faithfully yours, frp.</em>",
            "",
            ("frp", True),
        ),
        (502, HTML, NGINX, "", ("nginx", True)),
        (502, HTML, NGINX.replace(b"nginx/1.22.1", b"openresty"), "", ("openresty", True)),
        (
            503,
            HTML,
            b"<h1>Error 503 Backend fetch failed</h1><h3>Guru Meditation:</h3>",
            "",
            ("Varnish", True),
        ),
        (
            503,
            HTML,
            b"<html><body><h1>503</h1>\nNo server is available to handle this request.",
            "",
            ("HAProxy", True),
        ),
        (502, [*HTML, ("Server", "awselb/2.0")], b"<html>", "", ("AWS load balancer", True)),
        (503, [*HTML, ("X-Squid-Error", "ERR_CONNECT_FAIL 111")], b"", "", ("Squid", True)),
        (
            503,
            [("content-type", "text/plain")],
            b"upstream connect error or disconnect/reset before headers",
            "",
            ("Envoy", True),
        ),
        (504, [("content-type", "text/plain")], b"Gateway Timeout", "", ("Traefik", True)),
        (522, [*HTML, ("Server", "cloudflare")], b"<!DOCTYPE html><html>", "", ("Cloudflare", True)),
        (502, HTML, b"\n<!doctype html><p>oops", "", ("a gateway", True)),
    ],
)
def test_recognised(status, headers, body, host, expected):
    page = recognise(status, headers, body, host=host)
    assert page is not None
    assert (page.vendor, page.transient) == expected
    assert page.meaning
    assert page.advice


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, JSON, b'{"status": "completed"}'),
        (
            200,
            [*JSON, ("Server", "cloudflare")],
            b'{"status": "failed", "error": "ERR_NGROK_6024 tunnel password"}',
        ),
        (404, JSON, b'{"detail":"Job not found"}'),
        (404, JSON, b"404"),
        (404, [], b"404"),
        (404, [("Content-Type", "text/plain")], b"404\n"),
        (404, HTML, b"<html>nginx 404</html>"),
        (502, JSON, b'{"detail":"worker died"}'),
        (503, [("content-type", "application/problem+json")], b'{"title": "Guru Meditation"}'),
        (500, HTML, b"<html>Traceback</html>"),
        (302, [("Location", "/v1/jobs/1/")], b""),
        (302, [*JSON, ("Location", "https://h/login")], b""),
        (302, [*JSON, ("Location", "/v1/jobs/1/")], b"ERR_NGROK_6024"),
        (429, [], b"slow down"),
        (200, HTML, b"<html>our own single-page app</html>"),
        (502, [], b""),
    ],
)
def test_the_job_servers_own_answer_is_left_alone(status, headers, body):
    assert recognise(status, headers, body) is None


@given(st.integers(0, 999), st.lists(st.tuples(st.text(), st.text())), st.binary(), st.text())
def test_nothing_raises(status, headers, body, host):
    page = recognise(status, headers, body, host=host)
    assert page is None or page.vendor
    assert isinstance(bypass_headers(host), dict)


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        ("my-app.loca.lt", {"Bypass-Tunnel-Reminder": "1"}),
        ("MY-APP.LOCA.LT.:443", {"Bypass-Tunnel-Reminder": "1"}),
        ("x.ngrok-free.app", {"ngrok-skip-browser-warning": "1"}),
        ("x.eu.ngrok.io", {"ngrok-skip-browser-warning": "1"}),
        ("abc.share.zrok.io", {"skip_zrok_interstitial": "1"}),
        ("x-8000.euw.devtunnels.ms", {"X-Tunnel-Skip-AntiPhishing-Page": "true"}),
        ("x-8000.app.github.dev", {"X-Tunnel-Skip-AntiPhishing-Page": "true"}),
        ("notloca.lt", {}),
        ("loca.lt.evil.com", {}),
        ("localhost:8001", {}),
        ("", {}),
    ],
)
def test_bypass_headers(host, headers):
    assert bypass_headers(host) == headers

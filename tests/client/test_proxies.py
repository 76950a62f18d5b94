"""Reads and streams of one server take the same proxy, and traffic to this machine takes none."""

from __future__ import annotations

import pytest

from jobctl.client.proxies import proxy_for


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("http", "https", "ws", "wss", "socks", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)
    return monkeypatch.setenv


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://api.test/x", "http://plain.test:1"),
        ("ws://api.test/x", "http://plain.test:1"),
        ("https://api.test/x", "http://secure.test:2"),
        ("wss://api.test:8443/x", "http://secure.test:2"),
        ("http://inside.test/x", None),
        ("wss://inside.test/x", None),
        ("http://127.0.0.1:8000/x", None),
        ("ws://[::1]:8000/x", None),
        ("http:///x", None),
        ("http://[::1/x", None),
    ],
)
def test_by_scheme_host_and_exceptions(environment, url, proxy):
    environment("http_proxy", "plain.test:1")
    environment("https_proxy", "http://secure.test:2")
    environment("socks_proxy", "socks5://never.test:3")  # httpx takes none: then the stream does not either
    environment("no_proxy", "inside.test")
    assert proxy_for(url) == proxy


def test_one_for_all(environment):
    assert proxy_for("http://api.test/x") is None
    environment("ALL_PROXY", "socks5://all.test:4")
    assert proxy_for("ws://api.test/x") == proxy_for("https://api.test/x") == "socks5://all.test:4"

from __future__ import annotations

from dataclasses import replace

import pytest

from jobctl.caching.probing.routes import Route, direct_origin, resolve_route
from jobctl.errors import ConfigError
from jobctl.profile.load import Profiles

PROFILE = replace(
    Profiles(()).get("generation"),
    base_url="http://localhost:8001/svc",
    routes={"cdn": "https://cdn.example.test/svc", "lt": "https://my-app.loca.lt"},
)


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("cdn", Route("cdn", "https://cdn.example.test/svc")),
        ("http://127.0.0.1:9/x", Route("127.0.0.1:9", "http://127.0.0.1:9/x")),
        ("other.loca.lt", Route("other.loca.lt", "https://other.loca.lt/svc")),
        ("localhost:9000", Route("localhost:9000", "http://localhost:9000/svc")),
        ("cdn.example.test/api", Route("cdn.example.test", "https://cdn.example.test/api")),
        ("loca.lt", Route("lt", "https://my-app.loca.lt")),
        ("LOCA.LT.", Route("lt", "https://my-app.loca.lt")),
        (
            "upstream:http://127.0.0.1:3128",
            Route("upstream:http://127.0.0.1:3128", "http://localhost:8001/svc", "http://127.0.0.1:3128"),
        ),
    ],
)
def test_what_a_proxy_may_be_called(text, route):
    assert resolve_route(text, PROFILE) == route


def test_a_tunnel_domain_may_be_that_of_the_base_url():
    moved = replace(PROFILE, base_url="https://abc.ngrok-free.app", routes={})
    assert resolve_route("ngrok-free.app", moved).base_url == "https://abc.ngrok-free.app"


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("trycloudflare.com", "no route under trycloudflare.com", "routes = {"),
        ("nonsense", "it has: cdn, lt", "give a URL"),
        ("ftp://x", "starts with http", ""),
        ("upstream:127.0.0.1:3128", "starts with http", ""),
        ("upstream:http://h:1/path", "no path", "upstream:"),
        ("http://user:secret@host", "credentials do not belong", ""),
    ],
)
def test_one_line_says_what_to_give(text, said, hint):
    with pytest.raises(ConfigError) as caught:
        resolve_route(text, PROFILE)
    assert said in caught.value.message
    assert hint in (caught.value.hint or "")
    assert "secret" not in f"{caught.value.message}{caught.value.hint}"


def test_what_direct_is():
    route = resolve_route("cdn", PROFILE)
    assert direct_origin(PROFILE, route, None) == "http://localhost:8001/svc"
    assert direct_origin(PROFILE, route, "http://10.0.0.1") == "http://10.0.0.1"
    same = Route("x", "http://LOCALHOST:8001/svc/")
    assert direct_origin(PROFILE, same, None) is None
    forward = resolve_route("upstream:http://127.0.0.1:3128", PROFILE)
    assert direct_origin(PROFILE, forward, None) == "http://localhost:8001/svc"

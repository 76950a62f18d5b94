"""NoStoreMiddleware on uvicorn under Starlette and FastAPI, around the sandbox, and behind nginx."""

from __future__ import annotations

import asyncio
import threading

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from support.caches import running
from support.components import require_module, require_program
from support.intermediaries import Intermediary
from support.no_store import LOOSE, answering, client, is_marked, raw, served
from websockets.sync.client import connect

from jobctl import NoStoreMiddleware
from jobctl.sandbox import Sandbox

JOBS = "/api/v1/generation-jobs"


def loose(_request):
    return JSONResponse({"id": "1", "status": "running"}, headers=dict(LOOSE[2:]))


def conditional(request):
    if request.headers.get("if-none-match") == '"1"':
        return Response(status_code=304, headers={"ETag": '"1"'})
    return JSONResponse({"status": "running"}, headers={"ETag": '"1"', "Cache-Control": "max-age=60"})


def broken(_request):
    raise RuntimeError("broken")


async def echo(socket):
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


def starlette_app():
    routes = [
        Route(f"{JOBS}/loose", loose),
        Route(f"{JOBS}/broken", broken),
        Route(f"{JOBS}/1", conditional),
        Route("/models", conditional),
        WebSocketRoute(f"{JOBS}/ws", echo),
    ]
    app = Starlette(routes=routes)
    app.add_middleware(NoStoreMiddleware, paths=[JOBS])
    return app


@pytest.fixture(scope="module")
def starlette():
    with served(starlette_app()) as url, client(url) as http:
        yield http


def test_starlette_answers_errors_and_404s_are_marked(starlette):
    for method, path, status in (
        ("GET", "loose", 200),
        ("HEAD", "loose", 200),
        ("GET", "nothing", 404),
        ("POST", "1", 405),
    ):
        answer = starlette.request(method, f"{JOBS}/{path}")
        assert (answer.status_code, is_marked(answer.headers.multi_items())) == (status, True), path


def test_starlette_never_says_304_on_job_routes(starlette):
    first, other = starlette.get(f"{JOBS}/1"), starlette.get("/models")
    assert ("etag" in first.headers, other.headers["etag"]) == (False, '"1"')
    again = {path: starlette.get(path, headers={"If-None-Match": '"1"'}) for path in (f"{JOBS}/1", "/models")}
    assert [one.status_code for one in again.values()] == [200, 304]
    assert again["/models"].headers["etag"] == '"1"'


def test_starlette_serves_a_websocket_on_a_job_route(starlette):
    url = str(starlette.base_url).replace("http", "ws", 1).rstrip("/")
    with connect(f"{url}{JOBS}/ws", proxy=None) as socket:
        assert socket.recv(5) == "hello"


def test_the_500_of_an_unhandled_exception_needs_the_middleware_outside(starlette):
    assert "cache-control" not in starlette.get(f"{JOBS}/broken").headers
    with served(NoStoreMiddleware(starlette_app(), [JOBS])) as url, client(url) as http:
        answer = http.get(f"{JOBS}/broken")
    assert (answer.status_code, is_marked(answer.headers.multi_items())) == (500, True)


def test_a_streamed_body_is_not_held_back():
    """The second part is made only after the client has read the first."""
    read_first = threading.Event()

    async def parts():
        yield b"first"
        assert await asyncio.to_thread(read_first.wait, 10)
        yield b"second"

    app = Starlette(routes=[Route("/", lambda _request: StreamingResponse(parts()))])
    app.add_middleware(NoStoreMiddleware)
    with served(app) as url, client(url) as http, http.stream("GET", "/") as answer:
        assert is_marked(answer.headers.multi_items())
        chunks = answer.iter_raw()
        assert next(chunks) == b"first"
        read_first.set()
        assert b"".join(chunks) == b"second"


@pytest.mark.parametrize("mounted", [False, True], ids=["inside-the-mount", "outside-the-mount"])
def test_below_a_mount(mounted):
    inner = Starlette(routes=[Route("/jobs/1", conditional), Route("/models", conditional)])
    app = Starlette(routes=[Mount("/deep", app=inner)])
    if mounted:
        app.add_middleware(NoStoreMiddleware, paths=["/deep/jobs"])
    else:
        inner.add_middleware(NoStoreMiddleware, paths=["/jobs"])
    with served(app) as url, client(url) as http:
        got = [is_marked(http.get(f"/deep/{path}").headers.multi_items()) for path in ("jobs/1", "models")]
    assert got == [True, False]


def test_below_a_servers_root_path():
    with served(starlette_app(), root_path="/behind") as url, client(url) as http:
        assert is_marked(http.get(f"{JOBS}/1").headers.multi_items())


def test_fastapi():
    fastapi = require_module("fastapi")
    app = fastapi.FastAPI()
    app.add_middleware(NoStoreMiddleware, paths=["/api/v1/generation-jobs"])

    @app.get(JOBS + "/{job}")
    def read(job: int) -> dict[str, str]:
        if job == 2:
            raise fastapi.HTTPException(410, "gone", headers={"Cache-Control": "max-age=60"})
        return {"id": str(job), "status": "running"}

    @app.get("/models")
    def models():
        return JSONResponse(["a"], headers={"Cache-Control": "public, max-age=60"})

    with served(app) as url, client(url) as http:
        answers = {
            path: http.get(path) for path in (f"{JOBS}/1", f"{JOBS}/2", f"{JOBS}/x", f"{JOBS}/1/2", "/models")
        }
    assert [one.status_code for one in answers.values()] == [200, 410, 422, 404, 200]
    assert [is_marked(one.headers.multi_items()) for one in answers.values()] == [True] * 4 + [False]
    assert answers["/models"].headers["cache-control"] == "public, max-age=60"


def test_around_the_sandbox_its_tunnel_forgets():
    """The tunnel's cache obeys the server: with the middleware every read reaches it."""
    reads = {}
    for middleware in ((), (NoStoreMiddleware,)):
        with (
            Sandbox(tunnel_faults=["cache"], extra_middleware=middleware) as box,
            client(box.tunnel_url) as http,
        ):
            job = box.submit(duration=60, pending=0)
            answers = [http.get(f"{JOBS}/{job}") for _ in range(3)]
            reads[bool(middleware)] = box.requests()["jobs"][job]["read"]
    assert reads == {False: 1, True: 3}
    assert all(is_marked(answer.headers.multi_items()) for answer in answers)


NGINX = """
pid nginx.pid; @USER@
events {}
http {
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy;
    fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    proxy_cache_path cache keys_zone=api:1m;
    server {
        listen 127.0.0.1:@PORT@;
        location / {
            proxy_pass @UPSTREAM@;
            proxy_cache api;
            proxy_cache_valid any 60s;
            proxy_ignore_headers Cache-Control Expires;
        }
    }
}
"""


@pytest.mark.parametrize("wrapped", [False, True], ids=["bare", "middleware"])
def test_an_nginx_told_to_ignore_cache_control_obeys_all_the_same(wrapped):
    counts = []

    async def counting(scope, receive, send):
        counts.append(scope["path"])
        await answering(raw([("Cache-Control", "no-store")]))(scope, receive, send)

    require_program("nginx")
    row = Intermediary("nginx-ignoring", "nginx", NGINX, "all")
    app = NoStoreMiddleware(counting) if wrapped else counting
    with served(app, lifespan="off") as url, running(row, url) as proxied, client(proxied) as http:
        answers = [http.get(f"{JOBS}/1") for _ in range(3)]
    assert counts.count(f"{JOBS}/1") == (3 if wrapped else 1)
    assert all("x-accel-expires" not in answer.headers for answer in answers), "nginx keeps it to itself"

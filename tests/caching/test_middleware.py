"""NoStoreMiddleware: on bare ASGI, on uvicorn under Starlette and FastAPI, in the sandbox, behind nginx."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import threading

import httpx
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from support.components import require_module
from support.fronts import front
from websockets.sync.client import connect

from jobctl import NoStoreMiddleware
from jobctl.sandbox import Sandbox

JOBS = "/api/v1/generation-jobs"
POLICY = {
    "cache-control": "no-store",
    "cdn-cache-control": "no-store",
    "surrogate-control": "no-store",
    "x-accel-expires": "0",
}
GONE = ("etag", "last-modified", "expires", "age", "pragma", "edge-control")
LOOSE = [
    ("Cache-Control", "public, max-age=60"),
    ("cache-control", "s-maxage=60"),
    ("CDN-Cache-Control", "max-age=60"),
    ("Cloudflare-CDN-Cache-Control", "max-age=60"),
    ("Vercel-CDN-Cache-Control", "max-age=60"),
    ("X-LiteSpeed-Cache-Control", "public, max-age=60"),
    ("Surrogate-Control", "max-age=60"),
    ("Edge-Control", "!no-store, max-age=60"),
    ("X-Accel-Expires", "60"),
    ("ETag", '"1"'),
    ("Last-Modified", "Thu, 09 Oct 2025 22:13:10 GMT"),
    ("Expires", "Thu, 09 Oct 2035 22:13:10 GMT"),
    ("Age", "5"),
    ("Pragma", "public"),
]


def http_scope(path="/jobs/1", method="GET", headers=(), **more):
    return {"type": "http", "method": method, "path": path, "headers": list(headers), **more}


def play(middleware, scope):
    """Drive one request without a server; the messages that came out."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(middleware(scope, receive, send))
    return sent


def answering(headers=(), status=200, seen=None):
    async def app(scope, receive, send):
        if seen is not None:
            seen.append(scope)
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": b"{}", "more_body": False})

    return app


def raw(pairs):
    return [(name.encode(), value.encode()) for name, value in pairs]


def is_marked(headers):
    headers = httpx.Headers(headers)
    return all(headers.get_list(name) == [value] for name, value in POLICY.items()) and not any(
        name in headers for name in GONE
    )


@contextlib.contextmanager
def served(app, **options):
    """Serve an ASGI app with uvicorn on a free port; yields its URL."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, ws="websockets-sansio", **options))
    listener = server.config.bind_socket()
    ready = threading.Event()
    starting = server.startup

    async def startup(*arguments, **named):
        await starting(*arguments, **named)
        ready.set()

    server.startup = startup
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        assert ready.wait(10)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def client(url):
    return httpx.Client(base_url=url, timeout=5, trust_env=False)


# Headers


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 301, 404, 410, 422, 500, 501])
def test_every_status_is_marked_and_the_rest_kept(status):
    kept = [
        ("Content-Type", "application/json"),
        ("Vary", "Accept"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    ]
    start, body = play(
        NoStoreMiddleware(answering(raw([*kept[:2], *LOOSE, *kept[2:]]), status)), http_scope()
    )
    assert (start["status"], body["body"]) == (status, b"{}")
    assert start["headers"] == [*raw(kept), *raw(POLICY.items())]


def test_an_answer_without_headers_is_marked():
    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 204})

    (start,) = play(NoStoreMiddleware(app), http_scope())
    assert start["headers"] == raw(POLICY.items())


def test_what_the_app_sent_is_not_changed_in_its_hands():
    message = {"type": "http.response.start", "status": 200, "headers": [(b"etag", b'"1"')]}

    async def app(_scope, _receive, send):
        await send(message)

    play(NoStoreMiddleware(app), http_scope())
    assert message["headers"] == [(b"etag", b'"1"')]


def test_a_validator_in_the_trailers_goes_too():
    trailers = {"type": "http.response.trailers", "headers": [(b"ETag", b'"1"'), (b"digest", b"x")]}
    hint = {"type": "http.response.early_hint", "links": [b"</a>"]}

    async def app(_scope, _receive, send):
        await send(hint)
        await send(trailers)

    got = play(NoStoreMiddleware(app), http_scope())
    assert got[0] is hint
    assert got[1]["headers"] == [(b"digest", b"x")]


names = st.sampled_from([name for name, _ in LOOSE]) | st.from_regex(r"\A[A-Za-z][A-Za-z-]{0,12}\Z")
pairs = st.lists(st.tuples(names, st.sampled_from(["max-age=60", "no-store", '"1"', ""])), max_size=12)


@given(pairs)
def test_any_headers_end_with_one_policy_and_the_others_in_order(given_pairs):
    (start, _) = play(NoStoreMiddleware(answering(raw(given_pairs))), http_scope())
    assert is_marked(start["headers"])
    ours = {name.lower() for name, _ in LOOSE}
    others = [pair for pair in given_pairs if pair[0].lower() not in ours]
    others = [(name, value) for name, value in others if not name.lower().endswith("cache-control")]
    assert start["headers"][: -len(POLICY)] == raw(others)


# Requests


CONDITIONS = [(b"If-None-Match", b'"1"'), (b"if-modified-since", b"Thu, 09 Oct 2025 22:13:10 GMT")]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_reaches_the_app_without_its_conditions(method):
    seen, kept = [], [(b"authorization", b"Bearer x"), (b"range", b"bytes=0-1"), (b"if-match", b'"1"')]
    scope = http_scope(method=method, headers=[*kept, *CONDITIONS])
    play(NoStoreMiddleware(answering(seen=seen)), scope)
    assert seen[0]["headers"] == kept
    assert scope["headers"] == [*kept, *CONDITIONS], "the server's own scope stays as it was"


def test_a_range_goes_with_its_condition():
    seen = []
    headers = [(b"If-Range", b'"1"'), (b"Range", b"bytes=5-"), (b"accept", b"*/*")]
    play(NoStoreMiddleware(answering(seen=seen)), http_scope(headers=headers))
    assert seen[0]["headers"] == [(b"accept", b"*/*")]


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_a_write_keeps_the_condition_that_protects_it(method):
    seen, scope = [], http_scope(method=method, headers=[(b"if-none-match", b"*")])
    play(NoStoreMiddleware(answering(seen=seen)), scope)
    assert seen[0] is scope


# Paths


@pytest.mark.parametrize(
    ("paths", "path", "expected"),
    [
        ((), "/anything", True),
        (["/jobs"], "/jobs", True),
        (["/jobs"], "/jobs/", True),
        (["/jobs"], "/jobs/1/cancel", True),
        (["/jobs"], "/jobs-old/1", False),
        (["/jobs"], "/v1/jobs/1", False),
        (["/jobs"], "/Jobs/1", False),
        (["/jobs/"], "/jobs", True),
        (["/jobs/"], "/jobs/1", True),
        (["/j.bs"], "/jobs", False),
        (["/"], "/anything", True),
        (["/a", "/b"], "/b/1", True),
        (["/jobs"], "/jobs\n", False),
        ([re.compile(r"^/v\d+/jobs/")], "/v2/jobs/1", True),
        ([re.compile(r"^/v\d+/jobs/")], "/vx/jobs/1", False),
        ([re.compile(r"/jobs/")], "/deep/jobs/1", True),
        ([re.compile(r"^/JOBS", re.IGNORECASE), "/tasks"], "/jobs/1", True),
    ],
)
def test_paths(paths, path, expected):
    start, _ = play(NoStoreMiddleware(answering(), paths), http_scope(path))
    assert is_marked(start["headers"]) is expected


@pytest.mark.parametrize(
    ("prefix", "path", "root", "expected"),
    [
        ("/jobs", "/api/jobs/1", "/api", True),  # the path holds the root: uvicorn, Starlette's Mount
        ("/api/jobs", "/api/jobs/1", "/api", True),
        ("/jobs", "/jobs/1", "/api", True),  # the path begins below the root: older servers
        ("/api/jobs", "/jobs/1", "/api", True),
        ("/jobs", "/api/jobs/1", "/api/", True),
        ("/", "/api", "/api", True),
        ("/jobs", "/apijobs/1", "/api", False),
        ("/jobs", "/apix/jobs/1", "/api", False),
        ("/jobs", "/api/other", "/api", False),
        ("/jobs", "/jobs/1", None, True),
    ],
)
def test_root_path(prefix, path, root, expected):
    start, _ = play(NoStoreMiddleware(answering(), [prefix]), http_scope(path, root_path=root))
    assert is_marked(start["headers"]) is expected


def test_paths_may_come_from_a_generator():
    middleware = NoStoreMiddleware(answering(), (path for path in ("/jobs",)))
    assert [
        is_marked(play(middleware, http_scope(path))[0]["headers"]) for path in ("/jobs", "/x", "/jobs")
    ] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("paths", "error", "message"),
    [
        ("/jobs", TypeError, r"write \['/jobs'\]"),
        (["jobs"], ValueError, "begins with '/', got 'jobs'"),
        ([""], ValueError, "begins with '/'"),
        ([b"/jobs"], TypeError, "got b'/jobs'"),
        ([re.compile(b"/jobs")], TypeError, "compiled regular expressions"),
    ],
)
def test_paths_that_cannot_be_meant(paths, error, message):
    with pytest.raises(error, match=message):
        NoStoreMiddleware(answering(), paths)


# What passes through


@pytest.mark.parametrize(
    ("scope", "paths"),
    [
        ({"type": "websocket", "path": "/jobs/1", "headers": []}, ()),
        ({"type": "lifespan"}, ()),
        (http_scope("/other", headers=CONDITIONS), ["/jobs"]),
    ],
    ids=["websocket", "lifespan", "another-route"],
)
def test_passes_the_very_same_objects(scope, paths):
    async def receive():
        raise AssertionError

    async def send(_message):
        raise AssertionError

    got = []

    async def app(*arguments):
        got.extend(arguments)

    asyncio.run(NoStoreMiddleware(app, paths)(scope, receive, send))
    assert [one is other for one, other in zip(got, (scope, receive, send), strict=True)] == [True] * 3


def test_a_request_body_and_disconnect_come_straight_from_the_server():
    got = []

    async def app(_scope, receive, _send):
        got.append(receive)

    async def receive():
        raise AssertionError

    asyncio.run(NoStoreMiddleware(app)(http_scope(), receive, receive))
    assert got == [receive]


@pytest.mark.parametrize("error", [RuntimeError("broken"), asyncio.CancelledError(), KeyError("x")], ids=repr)
def test_an_exception_propagates_unchanged(error):
    async def app(_scope, _receive, _send):
        raise error

    async def main():
        with pytest.raises(type(error)) as caught:
            await NoStoreMiddleware(app)(http_scope(), None, None)
        return caught.value

    assert asyncio.run(main()) is error


# Under real frameworks and servers


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
pid nginx.pid;
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
def test_an_nginx_told_to_ignore_cache_control_obeys_all_the_same(wrapped, tmp_path):
    counts = []

    async def counting(scope, receive, send):
        counts.append(scope["path"])
        await answering(raw([("Cache-Control", "no-store")]))(scope, receive, send)

    app = NoStoreMiddleware(counting) if wrapped else counting
    with served(app, lifespan="off") as url:
        config = NGINX.replace("@UPSTREAM@", url)
        with (
            front("nginx", lambda port: config.replace("@PORT@", str(port)), tmp_path) as proxied,
            client(proxied) as http,
        ):
            answers = [http.get(f"{JOBS}/1") for _ in range(3)]
    assert len(counts) == (3 if wrapped else 1)
    assert all("x-accel-expires" not in answer.headers for answer in answers), "nginx keeps it to itself"


def test_it_is_imported_without_any_framework():
    code = (
        "import sys, json, jobctl.caching.middleware; heavy = ('starlette', 'httpx', 'asyncio', 'uvicorn'); "
        "print(json.dumps([name for name in heavy if name in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert json.loads(done.stdout) == []

"""What the tests of NoStoreMiddleware share: the policy, a loose answer, an app and a server for it."""

from __future__ import annotations

import contextlib
import threading

import httpx
import uvicorn

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

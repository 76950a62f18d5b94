"""NoStoreMiddleware on bare ASGI: headers, requests, paths, and what passes through."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.no_store import LOOSE, POLICY, answering, is_marked, raw

from jobctl import NoStoreMiddleware


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


def test_it_is_imported_without_any_framework():
    code = (
        "import sys, json, jobctl.caching.middleware; heavy = ('starlette', 'httpx', 'asyncio', 'uvicorn'); "
        "print(json.dumps([name for name in heavy if name in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert json.loads(done.stdout) == []

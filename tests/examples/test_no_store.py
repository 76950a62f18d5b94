"""examples/no_store: each file is run as it stands, and does what its header says."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from support.caches import free_port, running
from support.components import require_module, require_program
from support.counting import counting_origin
from support.intermediaries import Intermediary
from websockets.sync.client import connect

from jobctl.sandbox import Sandbox

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "no_store"
FRONTS = {"nginx": "nginx.conf", "varnishd": "varnish.vcl", "haproxy": "haproxy.cfg"}
APPS = {"fastapi": "fastapi_app.py", "django": "django_app.py", "flask": "flask_app.py"}
POLICY = ("cache-control", "cdn-cache-control", "surrogate-control")
GONE = ("etag", "last-modified", "expires", "age", "pragma")
JOB_ROUTES = (
    "/v1/jobs/7",
    "/v1/jobs",
    "/v1/jobs?ids=7",
    "/api/v1/generation-jobs/7",
    "/api/v1/generation-jobs",
)
OTHER_ROUTES = ("/v1/models", "/", "/v1/jobs-old/7", "/deep/v1/jobs/7")
LOOSE = (
    ("ETag", '"1"'),
    ("Cache-Control", "public, max-age=60"),
    ("CDN-Cache-Control", "max-age=60"),
    ("Surrogate-Control", "max-age=60"),
    ("Last-Modified", "Thu, 09 Oct 2025 22:13:10 GMT"),
    ("Expires", "Thu, 09 Oct 2035 22:13:10 GMT"),
    ("Pragma", "public"),
)


def is_marked(answer):
    one_each = all(answer.headers.get_list(name) == ["no-store"] for name in POLICY)
    return one_each and not any(name in answer.headers for name in GONE)


def client(url):
    return httpx.Client(base_url=url, timeout=10, trust_env=False)


# Proxies


@contextlib.contextmanager
def example_front(program, origin):
    """The example before `origin`, its two ports replaced by free ones."""
    require_program(program)
    text = (FOLDER / FRONTS[program]).read_text("utf-8")
    for mine, given in (("8001", "@UPSTREAM_PORT@"), ("8080", "@PORT@"), ("events {}", "@USER@ events {}")):
        text = text.replace(mine, given)
    row = Intermediary(f"no-store-{program}", program, text, "all but job routes")
    with running(row, origin) as url, client(url) as http:
        yield http


@pytest.fixture(scope="module", params=FRONTS)
def proxied(request):
    """A proxy before the origin that says nothing but an ETag: (client, counter of what arrived)."""
    with counting_origin() as (url, seen), example_front(request.param, url) as http:
        yield http, seen


@pytest.mark.parametrize("path", JOB_ROUTES)
def test_a_job_route_reaches_the_origin_each_time(proxied, path):
    http, seen = proxied
    before = seen[path]
    answers = [http.get(path) for _ in range(3)]
    assert seen[path] - before == 3
    assert [one.json()["answer"] for one in answers] == [before + 1, before + 2, before + 3]
    assert all(is_marked(one) for one in answers)


@pytest.mark.parametrize("path", OTHER_ROUTES)
def test_another_route_is_answered_from_the_cache(proxied, path):
    http, seen = proxied
    answers = [http.get(path) for _ in range(3)]
    assert seen[path] == 1
    assert [one.json()["answer"] for one in answers] == [1, 1, 1]
    assert not any("cache-control" in one.headers for one in answers)


@pytest.mark.parametrize(
    "field", [("If-None-Match", '"1"'), ("If-Modified-Since", "Fri, 10 Oct 2025 22:13:10 GMT")]
)
def test_a_conditional_read_of_a_job_gets_the_job(proxied, field):
    http, _ = proxied
    answer = http.get("/v1/jobs/8", headers=dict([field]))
    assert (answer.status_code, is_marked(answer)) == (200, True)


def test_a_conditional_write_keeps_its_condition(proxied):
    http, _ = proxied
    statuses = [
        http.put("/v1/jobs/9", headers=headers).status_code for headers in ({}, {"If-None-Match": "*"})
    ]
    assert statuses == [204, 412]


@pytest.mark.parametrize("program", FRONTS)
def test_what_the_origin_allows_is_taken_back(program):
    with counting_origin(LOOSE) as (url, seen), example_front(program, url) as http:
        assert all(is_marked(http.get("/v1/jobs/7")) for _ in range(2))
        loose = [http.get("/v1/models") for _ in range(2)]
    assert (seen["/v1/jobs/7"], seen["/v1/models"]) == (2, 1)
    assert [one.headers["cache-control"] for one in loose] == ["public, max-age=60"] * 2


@pytest.mark.parametrize("program", FRONTS)
def test_the_proxys_own_error_is_marked_as_well(program):
    with example_front(program, f"http://127.0.0.1:{free_port()}") as http:
        answer = http.get("/v1/jobs/7")
    assert answer.status_code in {502, 503}
    assert is_marked(answer)


@pytest.mark.parametrize("program", FRONTS)
def test_the_websocket_passes(program):
    with Sandbox() as box, example_front(program, box.url) as http:
        job = box.submit(duration=60, pending=0)
        url = str(http.base_url).replace("http", "ws", 1).rstrip("/")
        with connect(f"{url}/ws/jobs/{job}", proxy=None) as socket:
            assert json.loads(socket.recv(10))["status"] in {"pending", "running", "started", "processing"}


# Frameworks


@contextlib.contextmanager
def running_app(name):
    """The example as its header says, on a free port."""
    require_module(name)
    process = subprocess.Popen(
        [sys.executable, FOLDER / APPS[name], "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        text=True,
    )
    try:
        with client(_address(process)) as http:
            yield http
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def _address(process):
    said = []
    for line in process.stdout:
        said.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            # It goes on logging; a full pipe would stop it.
            threading.Thread(target=_drain, args=(process.stdout,), daemon=True).start()
            return found[0]
    raise AssertionError("".join(said))


def _drain(stream):
    with contextlib.suppress(ValueError, OSError):  # closed at the end
        for _ in stream:
            pass


@pytest.fixture(scope="module", params=APPS)
def app(request):
    with running_app(request.param) as http:
        yield request.param, http


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("GET", "/v1/jobs/7", {200}),
        ("GET", "/v1/jobs/8", {404}),
        ("GET", "/v1/jobs/7/nothing", {404}),
        ("GET", "/v1/jobs", {404}),
        ("HEAD", "/v1/jobs/7", {200, 405}),
        ("DELETE", "/v1/jobs/7", {200, 405}),
    ],
)
def test_an_apps_job_routes_are_marked(app, method, path, statuses):
    _, http = app
    answer = http.request(method, path)
    assert answer.status_code in statuses
    assert is_marked(answer)


def test_an_apps_other_routes_may_be_stored(app):
    name, http = app
    answers = [http.get("/v1/models") for _ in range(2)]
    for answer in answers:
        assert {"public", "max-age=60"} <= set(answer.headers["cache-control"].split(", "))
    # Django alone has a cache of its own, which answers the second time.
    assert (answers[0].json() == answers[1].json()) is (name == "django")
    assert http.get("/v1/jobs-old/7").headers.get("cache-control") is None


def test_an_apps_job_is_read_anew_each_time(app):
    _, http = app
    progress = [http.get("/v1/jobs/7").json()["progress"] for _ in range(3)]
    assert len(set(progress)) == 3


def test_an_app_never_says_304_about_a_job(app):
    name, http = app
    models = http.get("/v1/models")
    for tag in ("*", '"1"', models.headers.get("etag", '"x"')):
        answer = http.get("/v1/jobs/7", headers={"If-None-Match": tag})
        assert (answer.status_code, is_marked(answer)) == (200, True)
    if name != "fastapi":  # which makes no validators by itself
        again = http.get("/v1/models", headers={"If-None-Match": models.headers["etag"]})
        assert again.status_code == 304


def test_every_example_has_a_header_and_a_test():
    assert sorted(path.name for path in FOLDER.iterdir() if path.is_file()) == sorted(
        [*FRONTS.values(), *APPS.values()]
    )
    for path in (FOLDER / name for name in FRONTS.values()):
        head = path.read_text("utf-8").splitlines()[:4]
        assert 2 <= sum(line.startswith("#") for line in head) <= 3, path

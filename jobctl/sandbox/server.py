"""The practice server as one ASGI app: both APIs, the socket, its own description and the control routes."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute

from jobctl.sandbox.events import JobEvents
from jobctl.sandbox.frames import FrameWeather
from jobctl.sandbox.log import JobLog
from jobctl.sandbox.openapi import document
from jobctl.sandbox.routes import PATHS, JobRoutes
from jobctl.sandbox.stream import JobStream
from jobctl.sandbox.targets import CountingMiddleware
from jobctl.sandbox.weather import Weather

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from jobctl.sandbox.site import Site

CONTROL: Final = "/_sandbox"


def make_app(site: Site, extra_middleware: Sequence[Callable[[ASGIApp], ASGIApp]] = ()) -> ASGIApp:
    """Build the app; `extra_middleware` wraps the routes inside the faults, the first one outermost."""
    routes = [route for api in PATHS for route in JobRoutes(api, site).routes()]
    app: ASGIApp = Starlette(
        routes=[
            *routes,
            WebSocketRoute("/ws/jobs/{job_id:path}", JobStream(site).serve),
            Route("/events/jobs/{job_id:path}", JobEvents(site).serve),
            Route("/logs/jobs/{job_id:path}", JobLog(site).read),
            WebSocketRoute("/ws/logs/{job_id:path}", JobLog(site).tail),
            Route("/openapi.json", _openapi),
            *_control_routes(site),
        ],
        exception_handlers={404: _plain_error, 405: _plain_error, sqlite3.Error: _storage_error},
    )
    for wrap in reversed(extra_middleware):
        app = wrap(app)
    app = FrameWeather(Weather(app, site.plan, site.wires), site.plan, site.wires)
    return CountingMiddleware(app, site.counters)


async def _openapi(_request: Request) -> Response:
    return JSONResponse(document())


async def _plain_error(_request: Request, error: Exception) -> Response:
    http_error: HTTPException = error  # type: ignore[assignment]  # registered for statuses only
    return JSONResponse({"detail": http_error.detail}, http_error.status_code, http_error.headers)


async def _storage_error(_request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": f"The job database cannot be used: {error}"}, 500)


def _control_routes(site: Site) -> list[Route]:
    async def history(request: Request) -> Response:
        try:
            return JSONResponse(site.store.history(request.path_params["job_id"]))
        except KeyError:
            return JSONResponse({"detail": "Job not found"}, 404)

    async def requests(_request: Request) -> Response:
        return JSONResponse(site.counters.snapshot())

    async def faults(_request: Request) -> Response:
        return JSONResponse([str(fault) for fault in site.plan.faults()])

    return [
        Route(CONTROL + "/history/{job_id:path}", history),
        Route(CONTROL + "/requests", requests),
        Route(CONTROL + "/faults", faults),
    ]

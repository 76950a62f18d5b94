#!/usr/bin/env python3
"""Django: job routes are never stored, by caches on the way or by Django's own; the rest is.

Run it: `python django_app.py [PORT]` (needs django), then `curl -i 127.0.0.1:8001/v1/jobs/7`.
"""

import sys
from collections.abc import Callable
from itertools import count
from wsgiref.simple_server import make_server

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.cache import cache_control, never_cache

asked = count(1)


def no_store(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware. Put it first: it must see what the others add, such as ConditionalGetMiddleware's ETag."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not f"{request.path_info}/".startswith("/v1/jobs/"):
            return get_response(request)
        if request.method in {"GET", "HEAD"}:
            # A 304 would tell the client to go on using what it has. (A write keeps its conditions.)
            for name in ("IF_NONE_MATCH", "IF_MODIFIED_SINCE"):
                request.META.pop(f"HTTP_{name}", None)
        response = get_response(request)
        # A CDN that knows one of the other two fields does not read the first.
        for name in ("Cache-Control", "CDN-Cache-Control", "Surrogate-Control"):
            response[name] = "no-store"
        for name in ("ETag", "Last-Modified", "Expires", "Age", "Pragma"):
            response.headers.pop(name, None)
        return response

    return middleware


@never_cache  # for Django's own cache, which obeys `private` and `max-age=0` but not `no-store`
def read_job(_request: HttpRequest, job: str) -> HttpResponse:
    if job != "7":
        raise Http404
    return JsonResponse({"id": job, "status": "running", "progress": next(asked)})


@cache_control(public=True, max_age=60)
def list_models(_request: HttpRequest) -> HttpResponse:
    return JsonResponse({"models": ["lighthouse-1"], "asked": next(asked)})


urlpatterns = [path("v1/jobs/<str:job>", read_job), path("v1/models", list_models)]

if __name__ == "__main__":
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        ROOT_URLCONF=__name__,
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        MIDDLEWARE=[
            f"{__name__}.no_store",
            "django.middleware.cache.UpdateCacheMiddleware",
            "django.middleware.http.ConditionalGetMiddleware",
            "django.middleware.cache.FetchFromCacheMiddleware",
        ],
    )
    with make_server(
        "127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8001, get_wsgi_application()
    ) as httpd:
        print(f"Running on http://127.0.0.1:{httpd.server_port}", flush=True)
        httpd.serve_forever()

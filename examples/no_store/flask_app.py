#!/usr/bin/env python3
"""Flask: job routes are never stored by a cache, errors and 404s included; the rest may be.

Run it: `python flask_app.py [PORT]` (needs flask), then `curl -i 127.0.0.1:8001/v1/jobs/7`.
"""

import sys
from itertools import count

from flask import Flask, Response, abort, jsonify, request

app = Flask(__name__)
asked = count(1)


def is_job_route() -> bool:
    # By path, not with a blueprint's hooks: those do not run for the 404 of a path that has no route.
    return f"{request.path}/".startswith("/v1/jobs/")


@app.before_request
def forget_conditions() -> None:
    """A 304 would tell the client to go on using what it has; a write keeps its conditions, as protection."""
    if is_job_route() and request.method in {"GET", "HEAD"}:
        for name in ("IF_NONE_MATCH", "IF_MODIFIED_SINCE"):
            request.environ.pop(f"HTTP_{name}", None)


@app.after_request
def keep_out_of_caches(response: Response) -> Response:
    """Runs for error answers too. A CDN that knows one of the other two fields does not read the first."""
    if is_job_route():
        for name in ("Cache-Control", "CDN-Cache-Control", "Surrogate-Control"):
            response.headers[name] = "no-store"
        for name in ("ETag", "Last-Modified", "Expires", "Age", "Pragma"):
            response.headers.pop(name, None)
    return response


@app.get("/v1/jobs/<job>")
def read_job(job: str) -> Response:
    if job != "7":
        abort(404)
    response = jsonify(id=job, status="running", progress=next(asked))
    response.add_etag()
    return response.make_conditional(request)


@app.get("/v1/models")
def list_models() -> Response:
    response = jsonify(models=["lighthouse-1"], asked=next(asked))
    response.cache_control.public = True
    response.cache_control.max_age = 60
    response.set_etag("models-1")
    return response.make_conditional(request)


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]) if len(sys.argv) > 1 else 8001)

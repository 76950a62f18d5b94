#!/usr/bin/env python3
"""FastAPI: job routes are never stored by a cache, errors and 404s included; the rest may be.

Run it: `python fastapi_app.py [PORT]` (needs fastapi and uvicorn), then `curl -i 127.0.0.1:8001/v1/jobs/7`.
"""

import sys
from itertools import count

import uvicorn
from fastapi import FastAPI, HTTPException, Response

from jobctl import NoStoreMiddleware

app = FastAPI()
# FastAPI makes the 500 of an exception nobody handled outside this. To mark it too, serve the app wrapped:
# uvicorn.run(NoStoreMiddleware(app, paths=["/v1/jobs"])).
app.add_middleware(NoStoreMiddleware, paths=["/v1/jobs"])
asked = count(1)


@app.get("/v1/jobs/{job}")
def read_job(job: str) -> dict[str, str | int]:
    if job != "7":
        raise HTTPException(404, "Job not found")
    return {"id": job, "status": "running", "progress": next(asked)}


@app.get("/v1/models")
def list_models(response: Response) -> dict[str, list[str] | int]:
    response.headers["Cache-Control"] = "public, max-age=60"
    return {"models": ["lighthouse-1"], "asked": next(asked)}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]) if len(sys.argv) > 1 else 8001)

"""The HTTP routes of both APIs: one set of handlers, two ways of spelling."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jobctl.sandbox.answers import error_body
from jobctl.sandbox.jobs import AlreadyFinished, Filters, KeyReused
from jobctl.sandbox.shapes import WORDS, statuses_called
from jobctl.sandbox.wires import wait_gone

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from jobctl.sandbox.database import Job
    from jobctl.sandbox.lives import Script
    from jobctl.sandbox.site import Site
    from jobctl.sandbox.wires import Wires

PATHS: Final = {"generation": "/api/v1/generation-jobs", "v1": "/v1/jobs"}
CANNOT_CANCEL: Final = {
    "generation": "Cannot cancel job with status '{}'. "
    "Only pending, processing, running, started jobs can be cancelled.",
    "v1": "Job is already {}",
}
SUBMITTED: Final = {"generation": 201, "v1": 202}
KEY_REUSED: Final = {"generation": 422, "v1": 409}
INVALID: Final = {"generation": 422, "v1": 400}
TOO_LATE: Final = {"generation": 422, "v1": 409}
_LIST_NAME: Final = {"generation": "items", "v1": "jobs"}
_MAX_LIMIT: Final = 1000
_MAX_OFFSET: Final = 10**9


class _Refused(Exception):  # noqa: N818
    """An error answer: status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class NoAnswer(Response):
    """Cuts the connection instead of answering."""

    def __init__(self, wires: Wires) -> None:
        super().__init__()
        self._wires = wires

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Cut, and wait until the server has noticed."""
        self._wires.cut(scope)
        await wait_gone(receive)


class JobRoutes:
    """Submit, list, read and cancel as one API spells them."""

    def __init__(self, api: str, site: Site) -> None:
        self._api = api
        self._site = site

    def routes(self) -> list[Route]:
        """The routes; ids may hold slashes, so `cancel` is tried first."""
        base = PATHS[self._api]
        table = (
            ("POST", base, self._submit),
            ("GET", base, self._list),
            ("POST", base + "/{job_id:path}/cancel", self._cancel),
            ("GET", base + "/{job_id:path}", self._read),
        )
        return [Route(path, self._guarded(handler), methods=[method]) for method, path, handler in table]

    def _guarded(self, handler: Any) -> Any:
        async def answer(request: Request) -> Response:
            try:
                response: Response = await handler(request)
            except _Refused as refused:
                body = error_body(self._api, self._site.shaper.text(str(refused)))
                response = Response(body, refused.status, media_type="application/json")
            given = request.headers.get("x-request-id")
            # An answer that bears another request's id was made for that one: it came from a store.
            if given is not None and self._site.plan.get("echo-request-id"):
                response.headers["x-request-id"] = given
            return response

        return answer

    async def _submit(self, request: Request) -> Response:
        body, script = await self._body(request)
        key = request.headers.get("idempotency-key")
        wish = body.get("id") if self._api == "v1" else None
        if wish is not None and not isinstance(wish, str):
            raise _Refused(INVALID[self._api], "id: expected text")
        try:
            job = self._site.store.submit(self._api, body, script, key=key, job_id=wish)
        except KeyReused:
            message = "This Idempotency-Key was used with a different body"
            raise _Refused(KEY_REUSED[self._api], message) from None
        except ValueError as error:
            raise _Refused(INVALID[self._api], str(error)) from None
        if self._site.plan.strikes("submit-lost", "submit:"):
            return NoAnswer(self._site.wires)
        return self._answer(job, SUBMITTED[self._api])

    async def _list(self, request: Request) -> Response:
        filters = self._filters(request.query_params)
        lag = self._site.plan.strikes("replica-lag", "list:")
        jobs, total = self._site.store.page(filters, lag.number if lag else 0.0)
        if self._site.plan.get("forget"):
            left = [job for job in jobs if not job.finished]
            jobs, total = left, total - len(jobs) + len(left)
        shaper = self._site.shaper
        records = [shaper.record(self._api, job) for job in jobs]
        return JSONResponse({_LIST_NAME[self._api]: records, "total": total})

    async def _read(self, request: Request) -> Response:
        job_id = request.path_params["job_id"]
        lag = self._site.plan.strikes("replica-lag", f"read:{job_id}")
        return self._answer(self._find(job_id, lag.number if lag else 0.0))

    async def _cancel(self, request: Request) -> Response:
        job = self._find(request.path_params["job_id"])
        plan, store = self._site.plan, self._site.store
        try:
            if plan.strikes("cancel-race", f"cancel:{job.id}"):
                job = store.outrun_cancel(job.id)
            else:
                delay = plan.strikes("cancel-delay", f"cancel:{job.id}")
                job = store.cancel(job.id, delay=delay.number if delay else 0.0)
        except AlreadyFinished as late:
            status = WORDS[self._api][late.job.status]
            raise _Refused(TOO_LATE[self._api], CANNOT_CANCEL[self._api].format(status)) from None
        return self._answer(job)

    def _answer(self, job: Job, status: int = 200) -> Response:
        record = self._site.shaper.record(self._api, job)
        return JSONResponse(record if self._api == "generation" else {"job": record}, status)

    def _find(self, job_id: str, ago: float = 0.0) -> Job:
        job = self._site.store.get(job_id, ago)
        hidden = job is not None and self._api == "generation" and job.number is None
        if job is None or hidden or (job.finished and self._site.plan.get("forget")):
            raise _Refused(404, "Job not found")
        return job

    async def _body(self, request: Request) -> tuple[dict[str, Any], Script]:
        try:
            body = json.loads(await request.body() or b"{}", parse_constant=_no_constant)
            json.dumps(body, ensure_ascii=False).encode()  # lone surrogates could never be answered again
        except (ValueError, RecursionError):
            raise _Refused(INVALID[self._api], "The body is not JSON") from None
        if not isinstance(body, dict):
            raise _Refused(INVALID[self._api], "The body is not a JSON object")
        try:
            return body, self._site.defaults.with_options(body.get("sandbox", {}))
        except (ValueError, OverflowError) as error:
            raise _Refused(INVALID[self._api], str(error)) from None

    def _filters(self, query: QueryParams) -> Filters:
        words = _split(query.getlist("status"))
        return Filters(
            statuses=None
            if words is None
            else set().union(*(statuses_called(self._api, word) for word in words)),
            ids=_split(query.getlist("ids")),
            numbered=self._api == "generation",
            limit=self._whole(query, "limit", 50, 1, _MAX_LIMIT),
            offset=self._whole(query, "offset", 0, 0, _MAX_OFFSET),
        )

    def _whole(self, query: QueryParams, name: str, default: int, low: int, high: int) -> int:
        text = query.get(name, str(default))
        if not (
            text.isascii() and text.isdigit() and len(text) <= len(str(high)) and low <= int(text) <= high
        ):
            raise _Refused(INVALID[self._api], f"{name}: expected a whole number from {low} to {high}")
        return int(text)


def _no_constant(word: str) -> None:
    raise ValueError(word)


def _split(values: list[str]) -> list[str] | None:
    """`ids=1,2&ids=3` as one list of at most 1000; None when the parameter is absent."""
    if not values:
        return None
    return [part for value in values for part in value.split(",") if part][:_MAX_LIMIT]

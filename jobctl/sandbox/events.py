"""The same stream as server-sent events: a snapshot or what was missed, then every change, then the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.responses import Response, StreamingResponse

from jobctl.sandbox.answers import error_body

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from jobctl.sandbox.database import Job
    from jobctl.sandbox.site import Site

_COMMENT: Final = ": keep-alive\n\n"
_PENDING: Final = (("ws-pending", False), ("ws-pending-old", True))


class JobEvents:
    """Serves `/events/jobs/{id}`. An event's id is the number of the job's state, for `Last-Event-ID`."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def serve(self, request: Request) -> Response:
        """Answer with events until the job ends or the client leaves."""
        job_id = request.path_params["job_id"]
        job, plan = self._site.store.get(job_id), self._site.plan
        if job is None or (job.finished and plan.get("forget")):
            return Response(error_body("generation", "Job not found"), 404, media_type="application/json")
        if fault := plan.strikes("ws-refuse", f"stream:{job_id}"):
            body = error_body("generation", "No streams here")
            return Response(body, int(fault.number), media_type="application/json")
        events = self._events(request, job, _whole(request.headers.get("last-event-id", "")))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)

    async def _events(self, request: Request, job: Job, seen: int | None) -> AsyncIterator[str]:
        store, changes = self._site.store, asyncio.Queue[None]()

        def listen(_after: Job, _before: Job) -> None:
            changes.put_nowait(None)

        store.subscribe(job.id, listen)
        try:
            async for text in self._told(job, seen, changes):
                if self._strikes("ws-drop", job):
                    self._site.wires.cut(request.scope)
                    return
                yield text
        finally:
            store.unsubscribe(job.id, listen)

    async def _told(self, job: Job, seen: int | None, changes: asyncio.Queue[None]) -> AsyncIterator[str]:
        if self._strikes("ws-silent", job):
            await asyncio.Event().wait()
        shaper, store = self._site.shaper, self._site.store
        for name, dated in _PENDING:
            if self._strikes(name, job):
                yield f"event: status\ndata: {shaper.pending_frame(job, dated=dated)}\n\n"
        told = seen
        while True:
            states = store.states(job.id)
            news = [(seq, state) for seq, state in states if told is not None and seq > told]
            for seq, state in news if told is not None else states[-1:]:
                yield f"id: {seq}\nevent: status\ndata: {shaper.frame(state)}\n\n"
                told = seq
            if states[-1][1].finished:
                return
            try:
                await asyncio.wait_for(changes.get(), self._site.keepalive)
            except TimeoutError:
                yield _COMMENT

    def _strikes(self, name: str, job: Job) -> bool:
        return self._site.plan.strikes(name, f"stream:{job.id}") is not None


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

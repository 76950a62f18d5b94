"""What a job writes, one line for each of its states: as text, and as a tail that begins at the first."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from starlette.responses import PlainTextResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from jobctl.sandbox.answers import error_body
from jobctl.sandbox.moments import iso
from jobctl.sandbox.wires import wait_gone

if TYPE_CHECKING:
    from starlette.requests import Request

    from jobctl.sandbox.database import Job
    from jobctl.sandbox.site import Site

_PIECE: Final = 37
"""Characters of a message of the tail: few enough that lines are cut in two."""


class JobLog:
    """Serves `/logs/jobs/{id}` and `/ws/logs/{id}`."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def read(self, request: Request) -> Response:
        """The log as it is now."""
        job_id = request.path_params["job_id"]
        if self._find(job_id) is None:
            return Response(error_body("generation", "Job not found"), 404, media_type="application/json")
        return PlainTextResponse(self._text(job_id))

    async def tail(self, socket: WebSocket) -> None:
        """The log, and what is added, until the job ends or the client leaves."""
        job_id = socket.path_params["job_id"]
        if self._find(job_id) is None:
            body = error_body("generation", "Job not found")
            await socket.receive()
            await socket.send_denial_response(Response(body, 404, media_type="application/json"))
            return
        changes: asyncio.Queue[None] = asyncio.Queue()

        def listen(_after: Job, _before: Job) -> None:
            changes.put_nowait(None)

        self._site.store.subscribe(job_id, listen)
        try:
            with contextlib.suppress(WebSocketDisconnect):
                await socket.accept()
                await self._serve(socket, job_id, changes)
        finally:
            self._site.store.unsubscribe(job_id, listen)

    async def _serve(self, socket: WebSocket, job_id: str, changes: asyncio.Queue[None]) -> None:
        sending = asyncio.ensure_future(self._send(socket, job_id, changes))
        leaving = asyncio.ensure_future(wait_gone(socket.receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if not sending.cancelled() and sending.exception() is None:
            await socket.close(1000)

    async def _send(self, socket: WebSocket, job_id: str, changes: asyncio.Queue[None]) -> None:
        sent = 0
        while True:
            job, text = self._find(job_id), self._text(job_id)
            for start in range(sent, len(text), _PIECE):
                await socket.send_text(text[start : start + _PIECE])
            sent = len(text)
            if job is None or job.finished:
                return
            await changes.get()

    def _find(self, job_id: str) -> Job | None:
        job = self._site.store.get(job_id)
        return None if job is not None and job.finished and self._site.plan.get("forget") else job

    def _text(self, job_id: str) -> str:
        lines = [
            f"{iso(job.updated_at, 6)}\t{seq} {job.status} {job.progress:g} %\n"
            for seq, job in self._site.store.states(job_id)
        ]
        return "".join(lines)

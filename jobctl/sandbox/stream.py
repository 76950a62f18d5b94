"""The WebSocket route: a snapshot, then every change, then the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from jobctl.sandbox.answers import error_body
from jobctl.sandbox.frames import PONG

if TYPE_CHECKING:
    from jobctl.sandbox.database import Job
    from jobctl.sandbox.site import Site

_Change = tuple["Job", str]


class JobStream:
    """Serves `/ws/jobs/{id}`. For a finished job: the snapshot, then close 1000 at once."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection until the job ends or the client leaves."""
        job_id = socket.path_params["job_id"]
        job = self._site.store.get(job_id)
        if job is None or (job.finished and self._site.plan.get("forget")):
            await self._refuse(socket)
            return
        changes: asyncio.Queue[_Change] = asyncio.Queue()

        def listen(after: Job, before: Job) -> None:
            same_word = self._site.shaper.word(after.api, after) == self._site.shaper.word(before.api, before)
            changes.put_nowait((after, "progress" if same_word else "status"))

        self._site.store.subscribe(job_id, listen)
        try:
            with contextlib.suppress(WebSocketDisconnect):
                await socket.accept()
                await self._greet(socket, job)
                await self._follow(socket, job, changes)
        finally:
            self._site.store.unsubscribe(job_id, listen)

    async def _refuse(self, socket: WebSocket) -> None:
        body = error_body("generation", "Job not found")
        await socket.receive()
        await socket.send_denial_response(Response(body, 404, media_type="application/json"))

    async def _greet(self, socket: WebSocket, job: Job) -> None:
        for name, dated in (("ws-pending", False), ("ws-pending-old", True)):
            if self._site.plan.strikes(name, f"stream:{job.id}"):
                await socket.send_text(self._site.shaper.pending_frame(job, dated=dated))
        await socket.send_text(self._site.shaper.frame(job))

    async def _follow(self, socket: WebSocket, job: Job, changes: asyncio.Queue[_Change]) -> None:
        listening = asyncio.ensure_future(self._listen(socket))
        sending = asyncio.ensure_future(self._send_changes(socket, job, changes))
        try:
            await asyncio.wait({listening, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.cancel()
            sending.cancel()
            await asyncio.gather(listening, sending, return_exceptions=True)
        if sending.done() and not sending.cancelled() and sending.exception() is None:
            await socket.close(1000)

    async def _send_changes(self, socket: WebSocket, job: Job, changes: asyncio.Queue[_Change]) -> None:
        while not job.finished:
            try:
                job, kind = await asyncio.wait_for(changes.get(), self._site.keepalive)
            except TimeoutError:
                await socket.send_text(PONG)
            else:
                await socket.send_text(self._site.shaper.frame(job, kind))

    async def _listen(self, socket: WebSocket) -> None:
        while (message := await socket.receive())["type"] == "websocket.receive":
            with contextlib.suppress(ValueError, RecursionError):
                said = json.loads(message.get("text") or "")
                if isinstance(said, dict) and said.get("type") == "ping":
                    await socket.send_text(PONG)

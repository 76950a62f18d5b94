"""ASGI middleware that applies the WebSocket faults of one place to handshakes and frames."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Final

from jobctl.sandbox.answers import error_body, json_header, send_refusal
from jobctl.sandbox.takeovers import gate
from jobctl.sandbox.targets import Target, find_target
from jobctl.sandbox.wires import Wires, wait_gone

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from jobctl.sandbox.plan import FaultPlan

PONG: Final = '{"type":"pong"}'
_GARBAGE: Final = (
    {"text": '{"type":"status","sta'},
    {"text": "ok"},
    {"text": "[1,2,3]"},
    {"text": '{"type":"status","status":5}'},
    {"bytes": b"\x00\xff\xfe"},
)


class FrameWeather:
    """Puts one place's socket faults between client and app; a new plan reaches open sockets too."""

    def __init__(self, app: ASGIApp, plan: FaultPlan, wires: Wires) -> None:
        self._app = app
        self._plan = plan
        self._wires = wires

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        target = find_target(scope)
        if await self._stopped_at_the_door(target, scope, receive, send):
            return
        socket = _FaultySocket(target, self._plan, self._wires, scope, send)
        try:
            await self._app(scope, socket.watched(receive), socket.send)
            await socket.finish(receive)
        finally:
            await socket.stop()

    async def _stopped_at_the_door(self, target: Target, scope: Scope, receive: Receive, send: Send) -> bool:
        plan = self._plan
        if not plan.faults():
            return False
        if refusal := gate(target, scope, plan):
            await receive()
            body = refusal.page or error_body("generation", refusal.message)
            await send_refusal(send, refusal.status, [refusal.content_type, *refusal.headers], body)
        elif fault := plan.strikes("ws-refuse", target.key):
            await receive()
            await send_refusal(
                send, int(fault.number), [json_header()], error_body("generation", "No sockets here")
            )
        elif fault := plan.strikes("ws-accept-close", target.key):
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": int(fault.number), "reason": ""})
        else:
            return False
        return True


class _FaultySocket:
    """The sending side of one socket."""

    def __init__(self, target: Target, plan: FaultPlan, wires: Wires, scope: Scope, send: Send) -> None:
        self._target = target
        self._plan = plan
        self._wires = wires
        self._scope = scope
        self._send = send
        self._held: Message | None = None
        self._queue: asyncio.Queue[tuple[float, Message]] = asyncio.Queue()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._silence: tuple[int, bool] = (-1, False)
        self._dead = False

    async def send(self, message: Message) -> None:
        """Take a message from the app and let the faults have it."""
        kind = message["type"]
        if kind == "websocket.accept":
            await self._send(message)
            self._start_pongs()
        elif kind == "websocket.send" and not self._silent():
            for frame in self._variants(message):
                await self._deliver(frame)
        elif kind == "websocket.close" and not self._silent():
            await self._release()
            await self._deliver(message)
        elif kind.startswith("websocket.http."):
            await self._send(message)

    def watched(self, receive: Receive) -> Receive:
        """The app's receive; notices when the app has seen the client leave."""

        async def watching() -> Message:
            message = await receive()
            self._dead = self._dead or message["type"] == "websocket.disconnect"
            return message

        return watching

    async def finish(self, receive: Receive) -> None:
        """Wait for late frames after the app's end; when silence hid the end, for the client to leave."""
        if self._dead:
            return
        leaving = asyncio.ensure_future(wait_gone(receive))
        ends: set[asyncio.Future[None]] = {leaving}
        if not self._silent():
            ends.add(asyncio.ensure_future(self._queue.join()))
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in ends:
            task.cancel()

    async def stop(self) -> None:
        """End the tasks of this socket."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _silent(self) -> bool:
        # One decision per connection, taken again when somebody changes the plan under it.
        if self._silence[0] != self._plan.version:
            self._silence = (self._plan.version, self._strikes("ws-silent"))
        return self._silence[1]

    def _strikes(self, name: str) -> bool:
        return self._plan.strikes(name, self._target.key) is not None

    def _variants(self, message: Message) -> list[Message]:
        if not self._plan.faults():
            return self._with_held([message])
        frames = [_without_time(message) if self._strikes("ws-unversioned") else message]
        if self._strikes("ws-duplicate"):
            frames *= 2
        if self._strikes("ws-garbage"):
            pick = self._plan.roll("ws-garbage-kind", self._target.key)
            frames.insert(0, {"type": "websocket.send", **_GARBAGE[int(pick * len(_GARBAGE))]})
        if self._held is None and self._strikes("ws-reorder"):
            self._held = frames.pop()
            return frames
        return self._with_held(frames)

    def _with_held(self, frames: list[Message]) -> list[Message]:
        held, self._held = self._held, None
        return frames if held is None else [*frames, held]

    async def _release(self) -> None:
        for frame in self._with_held([]):
            await self._deliver(frame)

    async def _deliver(self, message: Message) -> None:
        delay = (
            self._plan.strikes("ws-delay", self._target.key) if message["type"] == "websocket.send" else None
        )
        if delay is None and "pump" not in self._tasks:
            await self._put(message)
            return
        # Once a frame was late, all later ones queue behind it: a slow network keeps the order.
        if "pump" not in self._tasks:
            self._tasks["pump"] = asyncio.ensure_future(self._pump())
        due = asyncio.get_running_loop().time() + (0.0 if delay is None else delay.number)
        self._queue.put_nowait((due, message))

    async def _pump(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, message = await self._queue.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            with contextlib.suppress(OSError):  # uvicorn's word for a client that has left
                await self._put(message)
            self._queue.task_done()

    async def _put(self, message: Message) -> None:
        if self._dead:
            return
        if message["type"] == "websocket.send" and self._strikes("ws-drop"):
            self._dead = True
            self._wires.cut(self._scope)
            return
        self._dead = message["type"] == "websocket.close"
        await self._send(message)

    def _start_pongs(self) -> None:
        if self._plan.get("ws-pongs"):
            self._tasks["pongs"] = asyncio.ensure_future(self._flood())

    async def _flood(self) -> None:
        with contextlib.suppress(OSError):
            while not self._dead and (fault := self._plan.get("ws-pongs")):
                await self._send({"type": "websocket.send", "text": PONG})
                await asyncio.sleep(1 / fault.number)


def _without_time(message: Message) -> Message:
    try:
        data = json.loads(message.get("text") or "")
    except ValueError:
        return message
    if not isinstance(data, dict):
        return message
    data.pop("updated_at", None)
    return {"type": "websocket.send", "text": json.dumps(data, separators=(",", ":"))}

"""ASGI middleware with the HTTP faults of one place: takeovers first, then changes to the real body."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from jobctl.sandbox.answers import Header, send_body, send_start
from jobctl.sandbox.takeovers import Exchange, take_over
from jobctl.sandbox.targets import READS, Target, find_target
from jobctl.sandbox.wires import Wires, pause, wait_gone

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from jobctl.sandbox.faults import Fault
    from jobctl.sandbox.plan import FaultPlan

_CHANGES: Final = ("nan-json", "wrong-fields", "wrong-type", "slow-body", "cut-body", "cut-chunked")
_KEPT_WHOLE: Final = 1_000_000
_DRIPS: Final = 20


class Weather:
    """Puts one place's HTTP faults between a client and an app."""

    def __init__(self, app: ASGIApp, plan: FaultPlan, wires: Wires) -> None:
        self._app = app
        self._plan = plan
        self._wires = wires

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not self._plan.faults():
            await self._app(scope, receive, send)
            return
        target = find_target(scope)
        if await take_over(Exchange(target, scope, receive, send, self._wires, self._plan)):
            return
        changes = self._changes(target)
        if not changes:
            await self._app(scope, receive, send)
            return
        held = _HeldAnswer(send)
        await self._app(scope, receive, held.take)
        if held.complete:
            await _Delivery(changes, scope, receive, send, self._wires).run(held)

    def _changes(self, target: Target) -> dict[str, Fault]:
        if target.action not in READS:
            return {}
        rolled = ((name, self._plan.strikes(name, target.key)) for name in _CHANGES)
        return {name: fault for name, fault in rolled if fault is not None}


class _HeldAnswer:
    """Collects an answer up to 1 MB; a larger one goes on to the client as it is."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message = {}
        self._passing = False
        self.body = b""
        self.complete = False

    @property
    def status(self) -> int:
        return int(self._start["status"])

    @property
    def headers(self) -> list[Header]:
        return list(self._start["headers"])

    async def take(self, message: Message) -> None:
        if self._passing:
            await self._send(message)
        elif message["type"] == "http.response.start":
            self._start = message
        else:
            self.body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(self.body) > _KEPT_WHOLE:
                self._passing = True
                await self._send(self._start)
                await send_body(self._send, self.body, more=more)
            else:
                self.complete = not more


class _Delivery:
    """Sends a held answer with its faults."""

    def __init__(
        self, changes: dict[str, Fault], scope: Scope, receive: Receive, send: Send, wires: Wires
    ) -> None:
        self._changes = changes
        self._scope = scope
        self._receive = receive
        self._send = send
        self._wires = wires

    async def run(self, held: _HeldAnswer) -> None:
        """Send it."""
        body = self._rewritten(held.body)
        headers = self._relabelled(held.headers, len(body))
        await send_start(self._send, held.status, headers)
        cut = bool(self._changes.keys() & {"cut-body", "cut-chunked"})
        if not await self._send_parts(body[: len(body) // 2] if cut else body):
            return
        if cut:
            self._wires.cut(self._scope)
            await wait_gone(self._receive)
        else:
            await send_body(self._send, b"")

    async def _send_parts(self, body: bytes) -> bool:
        slow = self._changes.get("slow-body")
        if slow is None:
            await send_body(self._send, body, more=True)
            return True
        size = max(1, math.ceil(len(body) / _DRIPS))
        parts = [body[begin : begin + size] for begin in range(0, len(body), size)]
        for part in parts:
            if not await pause(slow.number / len(parts), self._receive):
                return False
            await send_body(self._send, part, more=True)
        return True

    def _relabelled(self, headers: list[Header], length: int) -> list[Header]:
        kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
        if wrong := self._changes.get("wrong-type"):
            kept = [(name, value) for name, value in kept if name.lower() != b"content-type"]
            kept.append((b"content-type", wrong.text.encode()))
        if "cut-chunked" not in self._changes:
            kept.append((b"content-length", str(length).encode()))
        return kept

    def _rewritten(self, body: bytes) -> bytes:
        edits = [edit for name, edit in _EDITS.items() if name in self._changes]
        if not edits:
            return body
        try:
            data = json.loads(body)
        except ValueError:
            return body
        for edit in edits:
            data = _edited(data, edit)
        return json.dumps(data).encode()


def _edited(data: Any, edit: Any) -> Any:
    if isinstance(data, list):
        return [_edited(item, edit) for item in data]
    if not isinstance(data, dict):
        return data
    return edit(data) if "status" in data else {name: _edited(item, edit) for name, item in data.items()}


def _not_a_number(record: dict[str, Any]) -> dict[str, Any]:
    return record | {"progress": math.nan}


def _wrong_types(record: dict[str, Any]) -> dict[str, Any]:
    swaps: tuple[tuple[type, Any], ...] = ((str, 7), (int, "seven"), (float, ["half"]), (dict, "text"))
    return {
        name: next((wrong for kind, wrong in swaps if isinstance(value, kind)), {"nothing": True})
        for name, value in record.items()
    }


_EDITS: Final = {"nan-json": _not_a_number, "wrong-fields": _wrong_types}

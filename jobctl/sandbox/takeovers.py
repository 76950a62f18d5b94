"""Faults that answer instead of the server, and the gate every call passes first."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from jobctl.sandbox.answers import Header, error_body, json_header, send_body, send_start, send_whole
from jobctl.sandbox.faults import FAULTS, Fault
from jobctl.sandbox.faults import Scope as FaultScope
from jobctl.sandbox.targets import READS, Action, Target
from jobctl.sandbox.wires import Wires, wait_gone

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from jobctl.sandbox.plan import FaultPlan

_PADDING: Final = b"x" * 65536
_UNAVAILABLE: Final = (500, 502, 503, 504)
_PAGE: Final = b"""<!doctype html>
<html><head><title>Tunnel notice</title></head>
<body><h1>You are about to visit a tunnel</h1>
<p>This page is shown before the site behind it. Confirm to go on.</p>
<form method="post" action="/continue"><input name="password"><button>Continue</button></form>
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that a fault may answer."""

    target: Target
    scope: Scope
    receive: Receive
    send: Send
    wires: Wires
    plan: FaultPlan

    async def refuse(self, status: int, headers: tuple[Header, ...] = (), message: str = "") -> None:
        """Answer an error the way this API spells it."""
        text = message or HTTPStatus(status).phrase
        body = error_body(self.target.api, text)
        await send_whole(self.send, status, [json_header(), *headers], body)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the gate says no with."""

    status: int
    message: str
    headers: tuple[Header, ...] = ()
    page: bytes | None = None

    @property
    def content_type(self) -> Header:
        """The content type of the page or error."""
        return json_header() if self.page is None else (b"content-type", b"text/html; charset=utf-8")


def gate(target: Target, scope: Scope, plan: FaultPlan) -> Refusal | None:
    """Apply the faults that stop every call, sockets included."""
    if target.action is Action.CONTROL:
        return None
    if page := plan.strikes("html-page", target.key):
        return Refusal(int(page.number), "tunnel notice", page=_PAGE)
    if target.action is Action.OTHER:
        return None
    if (auth := plan.get("auth")) and not _has_token(scope, auth.text):
        return Refusal(401, "Not authenticated", ((b"www-authenticate", b"Bearer"),))
    if plan.strikes("forbidden", target.key):
        return Refusal(403, "Not allowed")
    return None


def _has_token(scope: Scope, token: str) -> bool:
    given = b", ".join(value for name, value in scope["headers"] if name == b"authorization")
    kind, _, word = given.partition(b" ")
    return kind.lower() == b"bearer" and hmac.compare_digest(word.strip(), token.encode())


async def _hang(_fault: Fault, exchange: Exchange) -> None:
    await wait_gone(exchange.receive)


async def _drop(_fault: Fault, exchange: Exchange) -> None:
    exchange.wires.cut(exchange.scope)
    await wait_gone(exchange.receive)


async def _server_error(fault: Fault, exchange: Exchange) -> None:
    roll = exchange.plan.roll(fault.name + "-status", exchange.target.key)
    await exchange.refuse(_UNAVAILABLE[int(roll * len(_UNAVAILABLE))])


async def _unavailable(_fault: Fault, exchange: Exchange) -> None:
    await exchange.refuse(503)


async def _rate_limit(fault: Fault, exchange: Exchange) -> None:
    # RFC 9110 section 10.2.3: Retry-After is in whole seconds.
    seconds = str(-int(-fault.number // 1)).encode()
    await exchange.refuse(429, ((b"retry-after", seconds),))


async def _garbage(_fault: Fault, exchange: Exchange) -> None:
    await send_whole(exchange.send, 200, [json_header()], b'{"id": 7, "status": "runn')


async def _empty(_fault: Fault, exchange: Exchange) -> None:
    await send_whole(exchange.send, 200, [json_header()], b"")


async def _huge(fault: Fault, exchange: Exchange) -> None:
    begin, end = b'{"status": "running", "padding": "', b'"}'
    left = max(0, int(fault.number) - len(begin) - len(end))
    total = left + len(begin) + len(end)
    await send_start(exchange.send, 200, [json_header(), (b"content-length", str(total).encode())])
    await send_body(exchange.send, begin, more=True)
    # A send to a client that has left returns at once, so its leaving must be looked for.
    leaving = asyncio.ensure_future(wait_gone(exchange.receive))
    try:
        while left and not leaving.done():
            part = _PADDING[:left]
            await send_body(exchange.send, part, more=True)
            left -= len(part)
            await asyncio.sleep(0)
    finally:
        leaving.cancel()
    await send_body(exchange.send, end)


async def _deep(fault: Fault, exchange: Exchange) -> None:
    depth = int(fault.number)
    await send_whole(exchange.send, 200, [json_header()], b'{"job":' * depth + b"0" + b"}" * depth)


_Handler = Callable[[Fault, Exchange], Awaitable[None]]
_HANDLERS: Final[dict[str, _Handler]] = {
    "hang": _hang,
    "http-drop": _drop,
    "http-5xx": _server_error,
    "rate-limit": _rate_limit,
    "garbage-json": _garbage,
    "empty-body": _empty,
    "huge-body": _huge,
    "deep-json": _deep,
    "submit-error": _unavailable,
    "cancel-error": _unavailable,
}
_ACTIONS: Final = {
    FaultScope.READ: READS,
    FaultScope.SUBMIT: frozenset({Action.SUBMIT}),
    FaultScope.CANCEL: frozenset({Action.CANCEL}),
}


async def take_over(exchange: Exchange) -> bool:
    """Let the first fault that strikes answer; False when none does and nothing was sent."""
    target, plan = exchange.target, exchange.plan
    refusal = gate(target, exchange.scope, plan)
    if refusal is not None:
        body = refusal.page or error_body(target.api, refusal.message)
        await send_whole(exchange.send, refusal.status, [refusal.content_type, *refusal.headers], body)
        return True
    for name, handler in _HANDLERS.items():
        if target.action in _ACTIONS[FAULTS[name].scope] and (fault := plan.strikes(name, target.key)):
            await handler(fault, exchange)
            return True
    return False

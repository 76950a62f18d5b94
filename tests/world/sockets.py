"""The stream of a simulated world: what one session will say, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from world.make import JOB

if TYPE_CHECKING:
    import random

    from world.server import Server
    from world.weather import Weather

_LONGEST = 200
"""Frames of one kind in one session; a flood need not be endless to be a flood."""


class Opened(NamedTuple):
    pass


class Frame(NamedTuple):
    payload: Any


class Closed(NamedTuple):
    opened: bool
    code: int | None
    reason: str


class SocketPath:
    """Plays sessions as the weather has it."""

    def __init__(self, server: Server, weather: Weather, rng: random.Random) -> None:
        self._server, self._weather, self._rng = server, weather, rng

    def session(self, now: float) -> list[tuple[float, Opened | Frame | Closed]]:
        """Return everything a session opened at `now` will bring, with its time."""
        weather, rng = self._weather, self._rng
        opened = now + weather.latency * rng.uniform(0.5, 1.5)
        if rng.random() < weather.refuses:
            return [(opened, Closed(opened=False, code=None, reason="HTTP 403"))]
        if rng.random() < weather.closes_at_once:
            return [(opened, Opened()), (opened + 0.001, Closed(opened=True, code=1000, reason=""))]
        close = opened + weather.session_life * rng.uniform(0.5, 1.5)
        if weather.closes_on_end:
            close = min(close, max(opened + 0.01, self._server.end + weather.frame_delay + 0.01))
        silent = opened + weather.goes_silent_after
        said = [
            (at, Frame(payload)) for at, payload in self._frames(opened) if opened <= at < min(close, silent)
        ]
        said += [(at, Frame(pong)) for at, pong in self._pongs(opened, min(close, opened + 60))]
        closed = [(close, Closed(True, rng.choice((1000, 1001, 1006)), "bye"))] if close < 1e8 else []
        return [(opened, Opened()), *sorted(said, key=lambda item: item[0]), *closed]

    def _frames(self, opened: float) -> list[tuple[float, Any]]:
        weather, rng, server = self._weather, self._rng, self._server
        found: list[tuple[float, Any]] = []
        first = server.index_at(opened) + 1
        if weather.replays_pending:
            found.append((opened, self._frame(0, "none")))
        if weather.sends_snapshot and first > 0:
            found.append((opened, self._frame(first - 1, weather.frames)))
        for index in range(first, len(server.script)):
            if rng.random() < weather.drops:
                continue
            said = server.script[index].since + weather.frame_delay
            for _ in range(2 if rng.random() < weather.duplicates else 1):
                precision = "none" if rng.random() < weather.unversioned else weather.frames
                found.append((said + rng.uniform(0, weather.frame_jitter), self._frame(index, precision)))
            if rng.random() < weather.garbage:
                found.append((said, rng.choice(("<html>", {"type": "status"}, {"status": None}, 7, []))))
                found.append((said, {"type": "status", "job_id": "another", "status": "failed"}))
            if rng.random() < weather.lies:
                found.append((said, {"type": "status", "status": rng.choice(("completed", "failed"))}))
        if weather.floods_every and first > 0:
            flood = self._frame(0, "none")
            found += [(opened + weather.floods_every * i, flood) for i in range(_LONGEST)]
        return found

    def _frame(self, index: int, precision: str) -> dict[str, Any]:
        body = self._server.payload(index, precision)
        return {"type": "status", "job_id": body.pop("id", JOB), **body}

    def _pongs(self, begin: float, end: float) -> list[tuple[float, Any]]:
        step = self._weather.pongs_every
        if not step:
            return []
        count = min(_LONGEST, int((end - begin) / step))
        return [(begin + step * i, self._rng.choice(({"type": "pong"}, "ping"))) for i in range(count)]

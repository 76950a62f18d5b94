"""What truly happened in a scene, from the server's own log and history and from what the page wrote down.

Nothing here is read from a recording: recordings are what is judged by it.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_RANKS: Final = {"pending": 0, "queued": 0, "started": 1, "processing": 1, "running": 1}
_OVER: Final = 2
_TOLERANCE: Final = 0.1
"""Seconds by which what somebody was told may lag behind the server without being old."""


def truth_of(
    job: str,
    history: list[dict[str, Any]],
    server: list[dict[str, Any]],
    notes: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return the truth about one scene as JSON.

    `history` is the sandbox's, `server` what its log holds, `notes` what the page wrote down (none where
    jobctl was the client: the server's words stand in for what was received). `reads` and `frames` are in the
    order of their times; `n` counts them from 1.
    """
    told = notes or list(_told_by_server(server, job))
    asked = [
        one for one in server if one["kind"] == "request" and one["method"] == "GET" and job in one["target"]
    ]
    reads = [_read(one, asked, history) for one in told if one["kind"] == "read"]
    frames = [_frame(one, history) for one in told if one["kind"] == "frame"]
    shown = [_timed(one, "status", "progress", "why") for one in notes if one["kind"] == "shown"]
    cancels = [_timed(one, "http", "detail") for one in notes if one["kind"] == "cancel"]
    reports = [_timed(one, "body") for one in server if one.get("target") == "/telemetry"]
    truth = {
        "job": job,
        "server": [_state(one) for one in history],
        "completed_at": next(one["updated_at"] for one in history if one["status"] == "completed"),
        "sockets": sum(one["kind"] in {"connecting", "socket"} for one in told),
        "sent": [_timed(one, "type") for one in notes if one["kind"] == "sent"],
        "reads": _numbered(reads),
        "frames": _numbered(frames),
        "cancels": cancels,
        "telemetry": [one | {"body": json.loads(one["body"])} for one in reports],
        "documents": [_timed(one, "target") for one in server if ".html" in one.get("target", "")],
        "shown": shown,
    }
    return truth | {"milestones": milestones(truth)}


def milestones(truth: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the scene is about, each with the time it happened first, in the order of those times."""
    completed = truth["completed_at"]
    # First occurrences that depend on who was faster by a moment are none: a frame or a read, page or page.
    regressed = _first(_steps_back(truth["shown"]))
    forced = _first(one for one in truth["shown"] if one["status"] == "cancelled")
    found = {
        "server-completed": completed,
        "read-completed": _first(one for one in truth["reads"] if one["status"] == "completed"),
        "page-loaded-again": truth["documents"][1]["at"] if len(truth["documents"]) > 1 else "",
        "old-frame": _first(one for one in truth["frames"] if one["old"] and one["at"] > completed),
        "old-read": _first(one for one in truth["reads"] if one["old"] and one["at"] > completed),
        "page-regressed": regressed,
        "page-reported-it": _first(
            one for one in truth["telemetry"] if regressed and one["at"] >= regressed and _is_old(one["body"])
        ),
        "cancel-refused": _first(one for one in truth["cancels"] if one["http"] >= 400),
        "page-forced-cancelled": forced,
        "page-reverted": _first(one for one in truth["shown"] if forced and one["at"] > forced),
    }
    return [{"name": name, "at": at} for name, at in sorted(found.items(), key=lambda item: item[1]) if at]


def _told_by_server(server: list[dict[str, Any]], job: str) -> Iterator[dict[str, Any]]:
    """The server's words in the shape of a page's notes."""
    for one in server:
        said = one.get("said") or {}
        if one["kind"] == "frame":
            yield {"kind": "frame", "at": one["at"], "type": said["type"], **_word(said)}
        elif one["kind"] == "socket":
            yield {"kind": "socket", "at": one["at"]}
        elif one["kind"] == "request" and one["method"] == "GET" and job in one["target"]:
            record = said.get("job", said)
            yield {"kind": "read", "at": one["at"], "sent": one["at"], **_word(record)} | {
                "target": one["target"],
                "http": one["http"],
            }


def _word(said: dict[str, Any]) -> dict[str, Any]:
    return {name: said.get(name) for name in ("status", "progress", "updated_at")}


def _read(one: dict[str, Any], asked: list[dict[str, Any]], history: list[dict[str, Any]]) -> dict[str, Any]:
    """A read, and whether it reached the server: if not, whoever is on the way answered from memory.

    What reached the server is taken out of `asked`, so that it stands for one read only.
    """
    earliest, latest = one["sent"] - _TOLERANCE, one["at"] + _TOLERANCE
    same = [
        other for other in asked if other["target"] == one["target"] and earliest <= other["at"] <= latest
    ]
    if same:
        asked.remove(same[0])
    is_plain = "?" not in one["target"]
    read = _timed(one, "http", "status", "progress", "updated_at")
    return read | {"plain": is_plain, "from_memory": not same, "old": _is_behind(one, history)}


def _frame(one: dict[str, Any], history: list[dict[str, Any]]) -> dict[str, Any]:
    frame = _timed(one, "type", "status", "progress", "updated_at")
    return frame | {"old": one["status"] is not None and _is_behind(one, history)}


def _is_behind(said: dict[str, Any], history: list[dict[str, Any]]) -> bool:
    """Whether the server was already further when it was received."""
    moment = _iso(said["at"] - _TOLERANCE)
    before = [_state(one) for one in history if _state(one)["at"] <= moment] or [_state(history[0])]
    return _place(said) < _place(before[-1])


def _place(said: dict[str, Any]) -> tuple[int, float]:
    return _RANKS.get(said["status"], _OVER), said["progress"] or 0


def _steps_back(shown: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What was shown after a terminal status without being one, or after anything further on."""
    furthest = -1
    for one in shown:
        rank = _RANKS.get(one["status"], _OVER)
        if rank < furthest and furthest == _OVER:
            yield one
        furthest = max(furthest, rank)


def _is_old(body: dict[str, Any]) -> bool:
    return body["shown"] not in {"completed", "failed", "cancelled"}


def _state(one: dict[str, Any]) -> dict[str, Any]:
    return {"at": one["updated_at"], "status": one["status"], "progress": one["progress"]}


def _timed(one: dict[str, Any], *names: str) -> dict[str, Any]:
    return {"at": _iso(one["at"]), **{name: one[name] for name in names}}


def _numbered(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"n": number, **one} for number, one in enumerate(found, 1)]


def _first(found: Iterable[dict[str, Any]]) -> str:
    return next((one["at"] for one in found), "")


def _iso(seconds: float) -> str:
    return (
        dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    )

"""`jobctl watch -`: job ids from stdin, one a line, for as long as somebody writes them.

A line is an id, or a JSON object with `job`, and `profile` where the job is of another API.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from io import BufferedReader
from typing import Any, Final, NamedTuple

from jobctl.cli import output
from jobctl.errors import ConfigError
from jobctl.profile.model import Profile
from jobctl.text import visible
from jobctl.watching.driver import Watch

_AT_ONCE: Final = 256 * 1024
"""Bytes taken from stdin at once: ten thousand ids that come together begin together."""
_LONGEST: Final = 16 * 1024
_MOST_REFUSED: Final = 1000
_AT_A_STRETCH: Final = 1000
"""Lines between two looks at whatever else there is to do, Ctrl-C above all."""
_HINT: Final = 'give one id a line, or {"job": "17", "profile": "video"}'
_HINT_STDIN: Final = "jobs named after that are not watched: give their ids again"


ProfileOf = Callable[[str | None], Profile]
"""Finds a profile by its name, the command's own without; raises `ConfigError`."""
Add = Callable[[str, str | None], None]
"""Watches one more job, of the profile that is named; raises `ConfigError`."""


class Fed(NamedTuple):
    """One line: the id and the profile it names, or why there is none."""

    job: str
    problem: str | None = None
    profile: str | None = None


def read_line(line: bytes, profile_of: ProfileOf) -> Fed | None:
    """Return what a line says; None for an empty one. `profile_of` raises `ConfigError` for unknown names."""
    text = line.decode("utf-8", "replace").strip()
    if not text:
        return None
    if len(text) > _LONGEST:
        return Fed(text[:80], "the line is too long for an id")
    job: Any = text
    name: str | None = None
    if text.startswith("{"):
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            return Fed(text, "no JSON")
        job, name = record.get("job"), record.get("profile")
        if not isinstance(name, str | None):
            return Fed(text, "`profile` is no name")
        job = str(job) if isinstance(job, int) and not isinstance(job, bool) else job
    if not isinstance(job, str) or not job.strip() or not job.isprintable():
        return Fed(text, "no job id in it")
    try:
        profile_of(name).read_url(job)
    except ConfigError as error:
        return Fed(job, error.message)
    return Fed(job, profile=name)


class Feed:
    """Adds jobs to a watch as they are read, in a thread that nobody waits for."""

    def __init__(self, source: BufferedReader | None = None) -> None:
        self._source: Any = source if source is not None else sys.stdin.buffer
        self.refused: list[dict[str, Any]] = []
        """Documents of the lines that are no job: they stand in the result line."""

    def begin(self, watch: Watch, profile_of: ProfileOf, add: Add) -> None:
        """Start reading; `add` is called in the event loop with each id and the profile it names.

        Both callables may raise `ConfigError`: the line is refused, and the watch goes on.
        """
        watch.expect_more()
        loop = asyncio.get_running_loop()

        async def take(lines: list[bytes]) -> bool:
            try:
                for index, line in enumerate(lines, start=1):
                    if not watch.expects_more:
                        break
                    self._take(line, profile_of, add)
                    if index % _AT_A_STRETCH == 0:
                        await asyncio.sleep(0)
            except Exception as error:  # noqa: BLE001 -- a defect must reach whoever iterates, not this thread
                watch.emit(error)
            return watch.expects_more

        def take_and_wait(lines: list[bytes]) -> bool:
            return asyncio.run_coroutine_threadsafe(take(lines), loop).result()

        def end(problem: str | None) -> None:
            if problem is not None and watch.expects_more:
                self._refuse("-", f"stdin cannot be read: {problem}", _HINT_STDIN)
            watch.no_more()

        def read() -> None:
            with contextlib.suppress(RuntimeError, CancelledError):  # the loop is gone, or about to go
                loop.call_soon_threadsafe(end, self._read(take_and_wait))

        threading.Thread(target=read, name="jobctl-feed", daemon=True).start()

    def _read(self, take: Callable[[list[bytes]], bool]) -> str | None:
        """Read to the end, or until no more is taken; return why it could not be read on.

        Waiting for `take` holds the writer back: what is not taken yet stays in its pipe, not in our memory.
        """
        rest = b""
        while True:
            try:
                piece = self._source.read1(_AT_ONCE)
            except (OSError, ValueError) as error:  # what is left may be half an id
                return (error.strerror if isinstance(error, OSError) else None) or str(error)
            *lines, rest = (rest + piece).split(b"\n") if piece else [rest, b""]
            rest = rest[: _LONGEST + 1]  # what is no id is not gathered
            if not take(lines) or not piece:
                return None

    def _take(self, line: bytes, profile_of: ProfileOf, add: Add) -> None:
        fed = read_line(line, profile_of)
        if fed is None:
            return
        if fed.problem is None:
            try:
                add(fed.job, fed.profile)
            except ConfigError as error:
                fed = fed._replace(problem=error.message)
            else:
                return
        self._refuse(fed.job, fed.problem or "", _HINT, about=f"stdin: {visible(fed.job, 80)}: ")

    def _refuse(self, job: str, message: str, hint: str, *, about: str = "") -> None:
        output.tell(f"{about}{message}")
        if len(self.refused) < _MOST_REFUSED:
            problem = {"message": message, "hint": hint}
            self.refused.append({"job": job, "exit_code": 2, "problem": problem})

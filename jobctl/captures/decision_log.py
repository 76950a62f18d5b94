"""The decision log on disk: one JSON object per line, redacted before it is written, safe against crashes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from jobctl.errors import ConfigError
from jobctl.lines import as_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jobctl.captures.recorder import Recorder
    from jobctl.model import Decision

# O_NONBLOCK: a named pipe that nobody reads is an error to tell, not a reason to hang.
_OPEN_FLAGS: Final = (
    os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
)
MAX_LINE: Final = 32 * 1024 * 1024
"""Bytes of one line that are still read; a longer one is damage, not a decision."""


class DecisionLog:
    """Appends decisions to a file. Each line is one `write`, so that several processes may share a file.

    A write error is told once through `warn`, and the watch goes on without a log.
    """

    def __init__(self, path: Path, recorder: Recorder, warn: Callable[[str], None]) -> None:
        """Open the file for appending.

        Raises:
            ConfigError: it cannot be opened.
        """
        self._path, self._recorder, self._warn = path, recorder, warn
        self._written = 0
        self.broken = False
        try:
            self._fd = os.open(path, _OPEN_FLAGS, 0o600)
            if hasattr(os, "set_blocking"):
                os.set_blocking(self._fd, True)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ConfigError(
                f"--log: cannot write {str(path)!r}: {reason}",
                hint="give a path in a folder you may write to",
            ) from error
        self._ends_whole()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        os.close(self._fd)

    def write(self, decision: Decision) -> None:
        """Append one decision."""
        if self.broken:
            return
        record = self._recorder.record(decision)
        self._append(as_line(record))
        self._written += not self.broken

    def _append(self, line: bytes) -> None:
        rest = line
        try:
            while rest:  # a disk that is nearly full, or a pipe, takes a part
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            self.broken = True
            if rest is not line:
                # So that the next line of another process does not become part of ours.
                with suppress(OSError):
                    os.write(self._fd, b"\n")
            self._warn(
                f"--log: writing {str(self._path)!r} failed ({error.strerror}); the watch goes on, "
                f"the log ends after {self._written} decisions"
            )

    def _ends_whole(self) -> None:
        """Close a line that a crash cut short, so that ours does not become part of it."""
        try:
            with self._path.open("rb") as file:
                if file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) and file.read(1) != b"\n":
                    os.write(self._fd, b"\n")
        except OSError:
            return  # a pipe or /dev/stderr has no end to look at


_Decode = Callable[[str], tuple[Any, int]]


class Line(NamedTuple):
    """One line of a log: its number from 1, and the record, or why there is none."""

    number: int
    record: dict[str, Any] | None
    problem: str | None = None


def read_lines(path: Path) -> Iterator[Line]:
    """Read a log as a stream. Damaged lines are reported and skipped; empty ones are passed over.

    Raises:
        ConfigError: the file cannot be read.
    """
    decode = json.JSONDecoder().raw_decode
    try:
        with path.open("rb") as file:
            for number, line in enumerate(_bounded(file), start=1):
                if line is None:
                    yield Line(number, None, f"longer than {MAX_LINE // 2**20} MiB")
                elif (record := _decoded(line, decode)) is not None:
                    yield Line(number, record)
                elif line.strip():
                    yield _looked_at(number, line, decode)
    except OSError as error:
        raise ConfigError(f"cannot read {str(path)!r}: {error.strerror}", hint="check the path") from error


def _decoded(line: bytes, decode: _Decode) -> dict[str, Any] | None:
    """Read a line as `DecisionLog` writes it, which nearly every line is; None for any other."""
    try:
        text = line.decode()
        record, end = decode(text)
    except (ValueError, RecursionError):
        return None
    return record if record.__class__ is dict and text[end:] == "\n" else None


def _looked_at(number: int, line: bytes, decode: _Decode) -> Line:
    """Read a line that has something odd about it, or say what that is."""
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        record, end = decode(text)
        if end != len(text):
            raise ValueError(f"something follows at column {end + 1}")  # noqa: TRY301 -- damage like any other
    except (ValueError, RecursionError) as error:
        cut = not line.endswith(b"\n")
        return Line(number, None, "cut short" if cut else f"not JSON ({error})")
    if not isinstance(record, dict):
        return Line(number, None, "expected a JSON object")
    return Line(number, record)


def _bounded(file: Any) -> Iterator[bytes | None]:
    """Yield lines; None for one that is longer than `MAX_LINE`, read over without being held."""
    while line := file.readline(MAX_LINE):
        if len(line) < MAX_LINE or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE)
        yield None

"""Recordings of HTTP traffic, opened by what is in them: a HAR, or mitmproxy flows."""

from __future__ import annotations

import os
import shlex
import stat
from typing import TYPE_CHECKING, Final, Literal

from jobctl.captures.file_kinds import HEAD, Kind, kind_of
from jobctl.captures.flow_file import read_flows
from jobctl.captures.har import read_har
from jobctl.captures.tally import Tally
from jobctl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from jobctl.exchange import Exchange

_BUFFER: Final = 256 * 1024


class Recording:
    """A recording on disk. Iterating reads it as a stream of exchanges, each time from the start.

    `kind` is `har` or `flows`, `size` its bytes. `problems` (sentences, which may quote the file's own words
    made visible) and `skipped` are complete when the iteration has ended. Exchanges come in the order of the
    file, numbered from 1; `sent`, `received` and `at` are seconds since the epoch; `seen` is None.
    """

    def __init__(
        self,
        path: Path,
        kind: Literal["har", "flows"],
        size: int,
        progress: Callable[[int, int], None] | None = None,
        *,
        remembered: bool = False,
    ) -> None:
        self.path, self.kind, self.size = path, kind, size
        self._progress, self._remembered = progress, remembered
        self._tally = Tally()

    @property
    def problems(self) -> list[str]:
        """What was wrong with it, in the order it was met."""
        return self._tally.problems

    @property
    def skipped(self) -> int:
        """How many entries or flows were no exchange of a client and a server."""
        return self._tally.skipped

    @property
    def is_experiment(self) -> bool:
        """Whether it is an experiment of `jobctl diagnose --har`, as far as it was read."""
        return self._tally.is_experiment

    def __iter__(self) -> Iterator[Exchange]:
        """Read the exchanges.

        Raises:
            ConfigError: the file can no longer be read.
        """
        tally = self._tally = Tally(keeps_remembered=self._remembered, progress=self._tell)
        try:
            with self.path.open("rb", buffering=_BUFFER) as file:
                if self.kind == "har":
                    yield from read_har(file, tally)
                else:
                    yield from read_flows(file, self.size, tally)
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def _tell(self, read: int) -> None:
        if self._progress is not None:
            self._progress(read, self.size)


def open_recording(
    path: Path, progress: Callable[[int, int], None] | None = None, *, remembered: bool = False
) -> Recording:
    """Find out what a file is, by its first bytes. `progress` is called with bytes read and size, in bytes.

    `remembered` asks for what a client answered itself as well, from its own cache.

    Raises:
        ConfigError: the file cannot be read, or is no recording; the message says what it looks like.
    """
    kind, size = _looked_at(path)
    if kind.name == "har" or kind.name == "flows":  # noqa: PLR1714 -- so that mypy narrows it
        return Recording(path, kind.name, size, progress, remembered=remembered)
    hint = f"jobctl explain {shlex.quote(str(path))}" if kind.name == "decision-log" else kind.hint
    raise ConfigError(f"{str(path)!r} is no recording of traffic; it looks like {kind.looks_like}", hint=hint)


def is_log(path: Path) -> bool:
    """Tell whether to read a file as a decision log: one of ours, any JSON lines, an empty file, a pipe.

    Raises:
        ConfigError: the file cannot be read, or is a folder.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        return True
    return _looked_at(path)[0].is_lines


def _looked_at(path: Path) -> tuple[Kind, int]:
    """Return what a regular file is, and its bytes."""
    try:
        # Looked at before it is opened: opening a named pipe would wait for its writer.
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise _irregular(path, mode)
        with path.open("rb") as file:
            return kind_of(file.read(HEAD)), os.fstat(file.fileno()).st_size
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _irregular(path: Path, mode: int) -> ConfigError:
    if stat.S_ISDIR(mode):
        return ConfigError(f"{str(path)!r} is a folder", hint="give the HAR or the flow file in it")
    return ConfigError(f"{str(path)!r} is no regular file", hint="save the recording to a file first")


def _unreadable(path: Path, error: OSError | ValueError) -> ConfigError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return ConfigError(f"cannot read {str(path)!r}: {reason}", hint="check the path")

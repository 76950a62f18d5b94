"""Stdout, whose failures are told: a reader that left, a full disk, a descriptor that is closed."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from jobctl.errors import ConfigError


class ReaderGone(Exception):  # noqa: N818 -- not an error: somebody closed the pipe (`| head`)
    """Nobody reads stdout any more."""

    reason = "nobody reads it any more"


class StdoutLost(ConfigError):  # noqa: N818 -- beside ReaderGone
    """Stdout cannot be written: a result that is lost is no success."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot write to stdout: {reason}", hint="give it another place to go")
        self.reason = reason


class Stdout(io.TextIOWrapper):
    """Whoever writes (we, the help, the live view) fails the same way, and not in the way of a defect."""

    def __init__(self, under: TextIO) -> None:
        super().__init__(
            under.buffer,
            encoding=under.encoding,
            errors="backslashreplace",
            line_buffering=getattr(under, "line_buffering", False),
        )
        self._under = under  # its end would close the buffer that both share

    def write(self, text: str) -> int:
        """Write; raises as `failures_told` does."""
        with failures_told():
            return super().write(text)

    def flush(self) -> None:
        """Flush; raises as `failures_told` does."""
        with failures_told():
            super().flush()


@contextmanager
def failures_told() -> Iterator[None]:
    """Turn what the operating system says into words of ours.

    Raises:
        ReaderGone: nobody reads it.
        StdoutLost: it cannot be written.
    """
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGone from error
    except (OSError, ValueError) as error:  # a full disk behind the redirect
        give_up_stdout()
        raise StdoutLost(_reason(error)) from error


def _reason(error: OSError | ValueError) -> str:
    if not isinstance(error, OSError):
        return str(error)
    return "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)


def give_up_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush meets no closed pipe."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return

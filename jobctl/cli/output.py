"""The one sink: results on stdout, everything else on stderr, and readers that go away."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import dataclass
from io import TextIOWrapper
from typing import Any, Final, NoReturn, TextIO

from jobctl.cli.stdout import ReaderGone, Stdout, StdoutLost, failures_told, give_up_stdout
from jobctl.errors import ApiError, JobctlError
from jobctl.exit_codes import ExitCode, code_of_error
from jobctl.text import visible

__all__ = ["ReaderGone", "StdoutLost", "give_up_stdout"]

ENDING_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""What ends a command in the same, told way as Ctrl-C."""
_DETAIL_LIMIT: Final = 500


@dataclass
class _Said:
    """What stdout has taken so far."""

    lines: int = 0
    is_closed: bool = False
    """The document that ends the output of `--json` is out."""


said: Final = _Said()


def prepare_streams() -> None:
    """Let no encoding of the terminal, and no closed descriptor, turn a job's text into an exception."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _open_missing_streams()
    if hasattr(sys.stdout, "buffer"):
        sys.stdout = Stdout(sys.stdout)
    if isinstance(sys.stderr, TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")


def _open_missing_streams() -> None:
    """A descriptor that was closed (`>&-`) becomes /dev/null, so that no socket ever gets its number.

    Stdout is opened for reading: what is written there fails, as it did for whoever closed it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDONLY if name == "stdout" else os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


def result(text: str) -> None:
    """Write one line of result; raises as `failures_told` does."""
    with failures_told():
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    said.lines += 1


def result_json(document: Any) -> None:
    """Write one JSON document on one line, in ASCII: a terminal obeys C1 controls and bidi marks too."""
    result(json.dumps(document, default=str))


def close_json(document: dict[str, Any]) -> None:
    """Write the one document that ends the output of a command under `--json`."""
    said.is_closed = True
    result_json(document)


def note(text: str) -> None:
    """Write one line for the person, not for the script. A closed stderr loses it, nothing else."""
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return


def tell(text: str) -> None:
    """Say what we are waiting for."""
    note(f"jobctl: {text}")


def show_error(error: JobctlError, *, about: str | None = None) -> ExitCode:
    """Tell an error and the next step; return its exit code. `about` names one job of several."""
    code = code_of_error(error)
    note(
        f"jobctl: {visible(about, 80)}: {error.message}" if about is not None else f"jobctl: {error.message}"
    )
    if (
        isinstance(error, ApiError)
        and error.detail
        and visible(error.detail, _DETAIL_LIMIT) not in error.message
    ):
        note(f"  the server says: {visible(error.detail, _DETAIL_LIMIT)}")
    if error.hint:
        note(f"  {error.hint}")
    return code


def is_terminal(stream: TextIO) -> bool:
    """Tell whether a person sees this stream live."""
    try:
        return stream.isatty()
    except (ValueError, AttributeError):
        return False


def leave(code: ExitCode) -> NoReturn:
    """End the command with its code."""
    raise SystemExit(int(code))

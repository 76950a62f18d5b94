"""The one sink: results on stdout, everything else on stderr, and readers that go away."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Final, NoReturn, TextIO

from jobctl.errors import ApiError, JobctlError
from jobctl.exit_codes import ExitCode, code_of_error
from jobctl.text import visible

_DETAIL_LIMIT: Final = 500


class ReaderGone(Exception):  # noqa: N818 -- not an error: somebody closed the pipe (`| head`)
    """Nobody reads stdout any more."""


def prepare_streams() -> None:
    """Let no encoding of the terminal turn a job's text into an exception."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def result(text: str) -> None:
    """Write one line of result."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ReaderGone from error
    except (OSError, ValueError) as error:  # a full disk behind the redirect, a closed descriptor
        raise ReaderGone(str(error)) from error


def result_json(document: Any) -> None:
    """Write one JSON document on one line, in ASCII: a terminal obeys C1 controls and bidi marks too."""
    result(json.dumps(document, default=str))


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


def show_error(error: JobctlError) -> ExitCode:
    """Tell an error and the next step; return its exit code."""
    code = code_of_error(error)
    note(f"jobctl: {error.message}")
    if (
        isinstance(error, ApiError)
        and error.detail
        and visible(error.detail, _DETAIL_LIMIT) not in error.message
    ):
        note(f"  the server says: {visible(error.detail, _DETAIL_LIMIT)}")
    if error.hint:
        note(f"  {error.hint}")
    return code


def give_up_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush meets no closed pipe."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return


def is_terminal(stream: TextIO) -> bool:
    """Tell whether a person sees this stream live."""
    try:
        return stream.isatty()
    except (ValueError, AttributeError):
        return False


def leave(code: ExitCode) -> NoReturn:
    """End the command with its code."""
    raise SystemExit(int(code))

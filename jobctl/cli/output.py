"""The one sink: results on stdout, everything else on stderr, and readers that go away."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Final, NoReturn, TextIO

from jobctl.errors import ApiError, ConfigError, JobctlError
from jobctl.exit_codes import ExitCode, code_of_error
from jobctl.text import visible

_DETAIL_LIMIT: Final = 500


class ReaderGone(Exception):  # noqa: N818 -- not an error: somebody closed the pipe (`| head`)
    """Nobody reads stdout any more."""


def prepare_streams() -> None:
    """Let no encoding of the terminal, and no closed descriptor, turn a job's text into an exception."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _open_missing_streams()
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _open_missing_streams() -> None:
    """A descriptor that was closed (`>&-`) becomes /dev/null, so that no socket ever gets its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


def result(text: str) -> None:
    """Write one line of result.

    Raises:
        ReaderGone: nobody reads it.
        ConfigError: it cannot be written.
    """
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ReaderGone from error
    except (OSError, ValueError) as error:  # a full disk behind the redirect
        give_up_stdout()
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"cannot write to stdout: {reason}", hint="give it another place to go") from error


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

"""Entry point of `jobctl` and `python -m jobctl`."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Final

_INTERRUPTED: Final = 130
"""`ExitCode.INTERRUPTED`, while nothing is loaded yet."""


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"] and _tell_version():
        return
    try:
        from jobctl.cli.app import run  # noqa: PLC0415 -- after the short cut above
    except KeyboardInterrupt:
        sys.stderr.write("jobctl: interrupted\n")
        sys.exit(_INTERRUPTED)

    code = run()
    # Everything is closed and flushed; taking the interpreter apart would cost the caller another 60 ms.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


def _tell_version() -> bool:
    """Asked by scripts again and again: answered without building the command tree. False: not answered."""
    from jobctl._version import __version__  # noqa: PLC0415

    try:
        os.write(sys.stdout.fileno(), f"jobctl {__version__}\n".encode())
    except (OSError, ValueError, AttributeError):
        return False  # the whole program tells what is wrong
    return True


if __name__ == "__main__":
    main()

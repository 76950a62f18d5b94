"""Entry point of `jobctl` and `python -m jobctl`."""

from __future__ import annotations

import contextlib
import os
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        # Asked by scripts and shells again and again: answered without building the command tree.
        from jobctl._version import __version__  # noqa: PLC0415

        sys.stdout.write(f"jobctl {__version__}\n")
        return
    from jobctl.cli.app import run  # noqa: PLC0415 -- after the short cut above

    code = run()
    # Everything is closed and flushed; taking the interpreter apart would cost the caller another 60 ms.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

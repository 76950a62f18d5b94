"""Entry point of `jobctl` and `python -m jobctl`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        # Asked by scripts and shells again and again: answered without building the command tree.
        from jobctl._version import __version__  # noqa: PLC0415

        sys.stdout.write(f"jobctl {__version__}\n")
        return
    from jobctl.cli.app import run  # noqa: PLC0415 -- after the short cut above

    sys.exit(run())


if __name__ == "__main__":
    main()

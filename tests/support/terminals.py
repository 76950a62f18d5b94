"""`jobctl` in a pseudo-terminal, as a person has it."""

from __future__ import annotations

import sys

import pytest


class Terminals:
    """Starts `jobctl argv` in pseudo-terminals of one starter's folder and environment."""

    def __init__(self, starter):
        self._pexpect = pytest.importorskip("pexpect", reason="pseudo-terminals are POSIX")
        self._starter, self._children = starter, []

    def __call__(self, *argv, columns=150, rows=24, **env):
        """Start; `env` adds variables (None: removes)."""
        environ = self._starter.environ | {"TERM": "xterm-256color"} | env
        child = self._pexpect.spawn(
            sys.executable,
            ["-m", "jobctl", *argv],
            env={name: value for name, value in environ.items() if value is not None},
            cwd=str(self._starter.cwd),
            encoding="utf-8",
            dimensions=(rows, columns),
            timeout=30,
        )
        self._children.append(child)
        return child

    def close(self):
        """End whatever still runs."""
        for child in self._children:
            child.close(force=True)


def finish(child):
    """Read to the end, which stands in `child.before` then, and return the exit code."""
    import pexpect  # noqa: PLC0415 -- POSIX only

    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus

"""`--log FILE` for every command that decides something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jobctl.cli import output
from jobctl.model import Decision
from jobctl.observe import Reader


def check_log(path: Path | None, reader: Reader) -> None:
    """Find out before anything is asked of a server that the log can be written.

    Raises:
        ConfigError: it cannot.
    """
    with open_log(path, reader):
        pass


@contextmanager
def open_log(
    path: Path | None, reader: Reader, *, follow_restarts: bool = False
) -> Iterator[Callable[[Decision], None]]:
    """Yield a function that logs a decision, or does nothing when no log was asked for."""
    if path is None:
        yield lambda _decision: None
        return
    from jobctl.captures.decision_log import DecisionLog

    with DecisionLog(
        path, reader, lambda text: output.note(f"jobctl: {text}"), follow_restarts=follow_restarts
    ) as log:
        yield log.write

"""`jobctl log --prune`: forget what is old, and what is too much."""

from __future__ import annotations

import os
import time
from typing import Annotated

import typer

from jobctl.cli import output
from jobctl.cli.sizes import format_size, parse_size
from jobctl.durations import parse_duration

_PANEL = "Forgetting"
_WAIT = 5.0
"""Seconds that others may hold the database before it is told."""


def _age(text: str | float) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _size(text: str | int) -> int:
    try:
        return parse_size(str(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


OlderThanOption = Annotated[
    float | None,
    typer.Option(
        "--older-than",
        metavar="DURATION",
        parser=_age,
        help="Forget older ones (30d).",
        rich_help_panel=_PANEL,
    ),
]
MaxSizeOption = Annotated[
    int | None,
    typer.Option(
        "--max-size", metavar="SIZE", parser=_size, help="Keep so much at most (1GB).", rich_help_panel=_PANEL
    ),
]


def prune_now(older_than: float | None, max_size: int | None, *, as_json: bool) -> None:
    """Prune and say what went.

    Raises:
        StoreError: the database cannot be written.
    """
    from jobctl.store import retention
    from jobctl.store.database import open_for_writing, told
    from jobctl.store.place import database_path

    path = database_path(os.environ)
    with told(path):
        db = open_for_writing(path, wait=_WAIT)
        try:
            pruned = retention.prune(
                db,
                time.time(),
                kept_for=retention.KEPT_FOR if older_than is None else older_than,
                kept_bytes=retention.KEPT_BYTES if max_size is None else max_size,
            )
        finally:
            db.close()
    if as_json:
        output.close_json({**pruned._asdict(), "exit_code": 0})
        return
    output.result(
        f"forgot {pruned.decisions} decisions and {pruned.jobs} jobs; {format_size(pruned.size)} are left"
    )

"""What a watch from the command line is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jobctl.cli.feed import Feed
from jobctl.cli.job_logs import JobLogs
from jobctl.cli.present import Presenter
from jobctl.cli.sides import ApiSide, Manner
from jobctl.cli.witness import Witness
from jobctl.model import JobStatus, Observation
from jobctl.watching.options import WatchOptions

_STORY_LIMIT = 1
"""Decisions kept in memory per job: the log and the screen have had them already."""


@dataclass
class WatchPlan:
    """Everything a watch from the command line needs to know."""

    side: ApiSide
    jobs: list[str]
    options: WatchOptions
    manner: Manner = field(default_factory=Manner)
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    any_job: bool = False
    fail_fast: bool = False
    just_submitted: bool = False
    logs: JobLogs | None = None
    """Shows the jobs' logs beside."""
    presenter: Presenter | None = None
    """Instead of what fits the terminal."""
    known: dict[str, list[Observation]] = field(default_factory=dict)
    """What was heard before the watch began; what the memory knows comes before it."""
    feed: Feed | None = None
    """Where more ids come from."""
    other_side: Callable[[str], ApiSide] | None = None
    """Finds the APIs that lines of the feed name by their profiles."""
    witnesses: list[Witness] = field(default_factory=list)
    """Who else hears of it: metrics, a notification, a summary."""
    refused: list[dict[str, Any]] = field(default_factory=list)
    """Documents of jobs that were settled before the watch; they stand in the result line too."""


def make_options(
    *,
    until: JobStatus | None = None,
    timeout: float | None = None,
    interval: float | None = None,
    lost_after: float | None = None,
    stall_after: float | None = None,
    no_stream: bool = False,
    follow_restarts: bool = False,
    verify_each: bool = False,
) -> WatchOptions:
    """Turn flags (None: not given) into options."""
    given = {
        "until": until,
        "timeout": timeout,
        "interval": interval,
        "lost_after": lost_after,
        "first_contact": lost_after,
        "stall_after": stall_after,
    }
    return WatchOptions(
        story_limit=_STORY_LIMIT,
        use_stream=not no_stream,
        follow_restarts=follow_restarts,
        verify_each=verify_each,
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
    )

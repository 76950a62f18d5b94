"""`jobctl log`: the decisions that were stored, one job's story as it was decided."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobctl.cli import output
from jobctl.cli.active import api_given, find_last
from jobctl.cli.parameters import BaseUrlOption, ConfigOption, JsonOption, ProfileOption, settings_for
from jobctl.cli.parameters import duration_parser as _duration
from jobctl.cli.prune import MaxSizeOption, OlderThanOption, prune_now
from jobctl.errors import ConfigError
from jobctl.exit_codes import ExitCode
from jobctl.model import Source
from jobctl.reasons import Action, Reason
from jobctl.store.memory import scope_of
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.store.jobs import Scope

_PANEL = "Which decisions"
_HEADS = ("at", "source", "says", "action", "reason", "known then")


def log(
    job: Annotated[
        str | None,
        typer.Argument(
            metavar="[JOB]", help="Without one the job submitted or watched last.", show_default=False
        ),
    ] = None,
    source: Annotated[
        Source | None, typer.Option("--source", help="Only from this source.", rich_help_panel=_PANEL)
    ] = None,
    action: Annotated[
        Action | None, typer.Option("--action", help="Only with this fate.", rich_help_panel=_PANEL)
    ] = None,
    reason: Annotated[
        Reason | None,
        typer.Option(
            "--reason",
            metavar="REASON",
            help="Only for this reason (jobctl help reasons).",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    since: Annotated[
        float | None,
        typer.Option(
            "--since", metavar="DURATION", parser=_duration, help="Not older than.", rich_help_panel=_PANEL
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what others write, until Ctrl-C.")
    ] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Forget what is old, of all jobs, and end.")] = False,
    older_than: OlderThanOption = None,
    max_size: MaxSizeOption = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was decided about a job, by every jobctl on this machine.

    --json gives the lines of a decision log: `jobctl log JOB --json > x.jsonl; jobctl explain x.jsonl`.
    """
    if prune:
        if job is not None or follow or any(one is not None for one in (source, action, reason, since)):
            raise ConfigError(
                "--prune is about all jobs", hint="give it with --older-than and --max-size only"
            )
        prune_now(older_than, max_size, as_json=as_json)
        return
    if older_than is not None or max_size is not None:
        raise ConfigError(
            "--older-than and --max-size belong to --prune", hint="give --prune too, or --since"
        )
    from jobctl.store.decisions import Filter

    found, scope = _subject(job, profile, base_url, config, follow=follow)
    wanted = Filter(source, action, reason, None if since is None else time.time() - since)
    show = _Lines(config) if not as_json else None
    if follow:
        _follow(found, scope, wanted, show)
    from jobctl.store.reading import decisions

    records = (record for _, record in decisions(found, scope, wanted))
    if show is None:
        for record in records:
            output.result_json(_alone(record))
    else:
        show.table(records, found)


def _subject(
    job: str | None, profile: str | None, base_url: str | None, config: str | None, *, follow: bool
) -> tuple[str, Scope | None]:
    """Which job, and whose.

    Raises:
        ConfigError: no job was given and none was touched, or the memory cannot be read.
    """
    if job is None:
        last = find_last(profile, base_url, config)
        if last is None:
            raise ConfigError(
                "no job id was given, and none was submitted or watched here before",
                hint="give an id: `jobctl list` shows those that are known",
            )
        output.tell(f"job {visible(last.id, 80)}, {last.scope.words}")
        return last.id, last.scope
    from jobctl.store.reading import find

    scopes = find(job)
    if api_given(profile, base_url):
        wanted = scope_of(settings_for(profile, base_url, config).profile)
        if wanted not in scopes and not follow:
            _leave_unknown(job, scopes)
        return job, wanted
    if len(scopes) > 1:
        others = "; ".join(one.words for one in scopes[1:])
        output.tell(f"job {visible(job, 80)} of {scopes[0].words}; the same id is known of {others}")
    if not scopes and not follow:
        _leave_unknown(job, scopes)
    return job, scopes[0] if scopes else None


def _leave_unknown(job: str, scopes: list[Scope]) -> None:
    output.tell(f"nothing is remembered of job {visible(job, 80)} there")
    for scope in scopes:
        output.note(f"  it is known of {scope.words}: give --profile and --base-url")
    output.leave(ExitCode.GONE)


def _follow(job: str, scope: Scope | None, wanted: Any, show: _Lines | None) -> None:
    """Until Ctrl-C, and until nothing else."""
    from jobctl.store.following import Follower

    try:
        for record in Follower(job, scope, wanted, os.environ).records(output.tell):
            if show is None:
                output.result_json(_alone(record))
            else:
                output.result(show.line(record))
    except KeyboardInterrupt:
        output.leave(ExitCode.INTERRUPTED)  # a log has no closing document: each line is a decision


def _alone(record: dict[str, Any]) -> dict[str, Any]:
    """Without the number that counts all a process decided: `explain` would miss what is not shown."""
    return {key: value for key, value in record.items() if key != "seq"}


class _Lines:
    """Records as a person reads them."""

    def __init__(self, config: str | None) -> None:
        self._profiles = settings_for(None, None, config).profiles
        self._readers: dict[str, Any] = {}

    def table(self, records: Iterable[dict[str, Any]], job: str) -> None:
        """All of them, with heads."""
        from tabulate import tabulate

        rows = list(self._rows(records))
        if not rows:
            output.note(f"jobctl: no such decisions about job {visible(job, 80)}")
            return
        output.result(tabulate(rows, headers=_HEADS, disable_numparse=True))

    def line(self, record: dict[str, Any]) -> str:
        """One of them, in columns of a fixed width."""
        at, source, says, action, reason, then = self._row(record)
        return f"{at}  {source:<7} {says:<14} {action:<7} {reason:<22} {then}"

    def _rows(self, records: Iterable[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
        return (self._row(record) for record in records)

    def _row(self, record: dict[str, Any]) -> tuple[str, ...]:
        after = record.get("after")
        status, progress = (
            (after.get("status"), after.get("progress")) if isinstance(after, dict) else (None, None)
        )
        then = visible(str(status or "-"), 20)
        if isinstance(progress, int | float):
            then += f" {progress:.3g} %"
        words = [visible(str(record.get(key, "-")), 30) for key in ("source", "action", "reason")]
        return (_clock(record.get("at")), words[0], self._says(record), *words[1:], then)

    def _says(self, record: dict[str, Any]) -> str:
        """The word the source used, read as the profile reads it today."""
        from jobctl.observe import Reader
        from jobctl.story import RecordError, observation_of

        name = str(record.get("profile"))
        try:
            if name not in self._readers:
                self._readers[name] = Reader(self._profiles.get(name))
            seen = observation_of(record, self._readers[name])
        except (ConfigError, RecordError):
            return "?"
        return visible(seen.raw_status, 30) if seen.raw_status is not None else "-"


def _clock(at: Any) -> str:
    from jobctl.story import parse_time

    try:
        moment = parse_time(str(at))
        return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(moment))}.{int(moment % 1 * 1000):03d}"
    except (ValueError, OverflowError, OSError):
        return "?"

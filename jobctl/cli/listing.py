"""`jobctl list`: the server's own list of jobs, and what is remembered of those it does not name."""

from __future__ import annotations

import os
import time
from typing import Annotated, Any, NamedTuple

import typer

from jobctl.cli import closing, output
from jobctl.cli.parameters import (
    BaseUrlOption,
    ConfigOption,
    InsecureOption,
    JsonOption,
    ProfileOption,
    settings_for,
)
from jobctl.durations import format_duration
from jobctl.errors import ConfigError, JobctlError
from jobctl.exit_codes import ExitCode, code_of_error
from jobctl.model import Job
from jobctl.profile.model import Profile

_HEADS = ("job", "status", "progress", "updated", "result", "known")


class _Listed(NamedTuple):
    """One job. `job` is None for one that was asked about and never answered."""

    id: str
    job: Job | None
    is_remembered: bool
    seen_at: float
    is_active: bool = False

    @property
    def is_open(self) -> bool:
        return self.job is None or not self.job.status.terminal


def list_jobs(
    active: Annotated[bool, typer.Option("--active", help="Only jobs that have not ended.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Ask for so many.")] = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    config: ConfigOption = None,
    insecure: InsecureOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show the server's list of jobs, read uncached, and what is remembered of others."""
    chosen = settings_for(profile, base_url, config).profile
    remembered, problem = _remembered(chosen)
    if chosen.list is None and not remembered:
        chosen.list_request()  # which says what is missing
    listed, error = [], None
    try:
        listed = _asked(chosen, limit, insecure=insecure) if chosen.list is not None else []
    except JobctlError as refused:
        if not remembered:
            raise
        error = refused  # what is remembered is worth more then, not less
    named = {one.id for one in listed}
    marked = next((one.id for one in remembered if one.is_active), None)
    listed = [one._replace(is_active=one.id == marked) for one in listed]
    listed += [one for one in remembered if one.id not in named]
    if active:
        listed = [one for one in listed if one.is_open]
    if problem is not None:
        output.tell(problem)
    code = ExitCode.COMPLETED if error is None else code_of_error(error)
    if as_json:
        document = {"jobs": [_document(one) for one in listed], "exit_code": int(code)}
        output.close_json(document if error is None else document | {"problem": closing.problem(error)})
    elif listed:
        _show(listed)
    elif error is None:
        output.note("jobctl: no jobs")
    if error is not None:
        output.show_error(error)
    output.leave(code)


def _asked(profile: Profile, limit: int | None, *, insecure: bool) -> list[_Listed]:
    """What the server lists; raises as every request does."""
    from jobctl.client.carrier import wall_clock
    from jobctl.model import Source
    from jobctl.reconcile import reconcile
    from jobctl.scripting import blocking

    with blocking(profile, insecure=insecure, tell=output.tell) as (calls, http):
        items = http.run(calls.list(limit))
        seen = [calls.reader.observe(item, Source.POLL, "", wall_clock()) for item in items]
    if skipped := len(items) - sum(1 for one in seen if one.said_id and one.status is not None):
        output.note(f"jobctl: {skipped} entries have no id or status that the profile can read")
    return [
        _Listed(found.id, found, is_remembered=False, seen_at=found.as_of)
        for one in seen
        if one.said_id and (found := reconcile(None, one._replace(job=one.said_id)).after) is not None
    ]


def _remembered(profile: Profile) -> tuple[list[_Listed], str | None]:
    """What is known from before, the job touched last first; or why nothing is."""
    from jobctl.store.memory import scope_of
    from jobctl.store.place import is_switched_off

    if is_switched_off(os.environ):
        return [], None
    from jobctl.store.reading import known_in

    now = time.time()
    try:
        known = known_in(scope_of(profile))
    except ConfigError as error:
        return [], f"memory: {error.message}: only the server's list is shown; {error.hint}"
    touched = max((one.touch for one in known if one.touch is not None), default=None)
    last = [
        one.id for one in known if one.touch is not None and one.touch == touched and not one.is_cleared(now)
    ]
    return [
        _Listed(
            one.id,
            one.job,
            is_remembered=True,
            seen_at=one.seen_at if one.job is None else one.job.as_of,
            is_active=one.id in last[:1],
        )
        for one in known
    ], None


def _document(one: _Listed) -> dict[str, Any]:
    from jobctl.cli.jobs import job_document

    document = {"job": one.id, "status": None} if one.job is None else job_document(one.job)
    return document | {"verified": not one.is_remembered, "active": one.is_active}


def _show(listed: list[_Listed]) -> None:
    from tabulate import tabulate

    from jobctl.cli.jobs import as_text, status_words
    from jobctl.text import visible

    rows = []
    for one in listed:
        job, name = one.job, visible(one.id, 80) + (" *" if one.is_active else "")
        if job is None:
            rows.append((name, "?", "", "", "", _origin(one)))
            continue
        result = job.error if job.error is not None else "" if job.result is None else job.result
        rows.append(
            (
                name,
                status_words(job),
                "" if job.progress is None else f"{job.progress:.3g} %",
                visible(job.updated_at.text, 40) if job.updated_at else "",
                as_text(result)[:60],
                _origin(one),
            )
        )
    output.result(tabulate(rows, headers=_HEADS, disable_numparse=True))
    if any(one.is_active for one in listed):
        output.note("jobctl: * is the job that `jobctl watch` without an id takes up")


def _origin(one: _Listed) -> str:
    """Where it comes from, and how old that is."""
    if not one.is_remembered:
        return "now, server's list"
    age = format_duration(max(0, int(time.time() - one.seen_at)))
    source = f" via {one.job.source.value}" if one.job is not None else ", never answered"
    return f"{age} ago{source}, unverified"

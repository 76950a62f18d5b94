"""`jobctl list`: the server's own list of jobs, newest words first."""

from __future__ import annotations

from typing import Annotated

import typer

from jobctl.cli import output
from jobctl.cli.parameters import (
    BaseUrlOption,
    ConfigOption,
    InsecureOption,
    JsonOption,
    ProfileOption,
    settings_for,
)


def list_jobs(
    active: Annotated[bool, typer.Option("--active", help="Only jobs that have not ended.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Ask for so many.")] = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    config: ConfigOption = None,
    insecure: InsecureOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show the server's list of jobs, read uncached."""
    from jobctl.cli.jobs import as_text, job_document, status_words
    from jobctl.client.carrier import wall_clock
    from jobctl.model import Source
    from jobctl.reconcile import reconcile
    from jobctl.scripting import blocking
    from jobctl.text import visible

    chosen = settings_for(profile, base_url, config)
    with blocking(chosen.profile, insecure=insecure, tell=output.tell) as (calls, http):
        items = http.run(calls.list(limit))
        seen = [calls.reader.observe(item, Source.POLL, "", wall_clock()) for item in items]
    jobs = [
        found
        for one in seen
        if one.said_id and (found := reconcile(None, one._replace(job=one.said_id)).after) is not None
    ]
    if active:
        jobs = [job for job in jobs if not job.status.terminal]
    if as_json:
        output.close_json({"jobs": [job_document(job) for job in jobs], "exit_code": 0})
        return
    if skipped := len(items) - sum(1 for one in seen if one.said_id and one.status is not None):
        output.note(f"jobctl: {skipped} entries have no id or status that the profile can read")
    if not jobs:
        output.note("jobctl: no jobs")
        return
    from tabulate import tabulate

    rows = [
        (
            visible(job.id, 80),
            status_words(job),
            "" if job.progress is None else f"{job.progress:.3g} %",
            visible(job.updated_at.text, 40) if job.updated_at else "",
            as_text(job.error if job.error is not None else "" if job.result is None else job.result)[:60],
        )
        for job in jobs
    ]
    output.result(
        tabulate(rows, headers=("job", "status", "progress", "updated", "result"), disable_numparse=True)
    )

"""`jobctl watch`: follow jobs to their end, never showing a status older than one already shown."""

from __future__ import annotations

from typing import Annotated

import typer

from jobctl.cli import output
from jobctl.cli.parameters import (
    BaseUrlOption,
    ConfigOption,
    FollowRestartsOption,
    InsecureOption,
    IntervalOption,
    JobsArgument,
    JsonOption,
    LogOption,
    LostAfterOption,
    MaxRateOption,
    NoStreamOption,
    ProfileOption,
    QuietOption,
    StallAfterOption,
    TimeoutOption,
    VerboseOption,
    check_jobs,
    resume_command,
    settings_for,
)
from jobctl.model import JobStatus

UntilOption = Annotated[
    JobStatus,
    typer.Option("--until", help="The status to wait for; any end of the job ends the watch too."),
]


def watch(
    jobs: JobsArgument,
    until: UntilOption = JobStatus.COMPLETED,
    any_job: Annotated[
        bool, typer.Option("--any/--all", help="End with the first job that gets there, or with the last.")
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="End with the first job that does not.")
    ] = False,
    timeout: TimeoutOption = None,
    interval: IntervalOption = None,
    lost_after: LostAfterOption = None,
    stall_after: StallAfterOption = None,
    max_rate: MaxRateOption = None,
    no_stream: NoStreamOption = False,
    follow_restarts: FollowRestartsOption = False,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    config: ConfigOption = None,
    insecure: InsecureOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    log: LogOption = None,
) -> None:
    """Follow jobs to their end. Exits 0 when they completed, 3 failed, 4 cancelled, 5 at --timeout.

    Reads are never cached, the WebSocket is never believed against a read, and what is ignored is said.
    """
    chosen = settings_for(profile, base_url, config, timeout=timeout, interval=interval)
    ids = check_jobs(jobs, chosen.profile)
    from jobctl.cli.session import WatchPlan, make_options, run_watch

    options = make_options(
        until=until,
        timeout=chosen.timeout,
        interval=chosen.interval,
        lost_after=lost_after,
        stall_after=stall_after,
        no_stream=no_stream,
        follow_restarts=follow_restarts,
    )
    plan = WatchPlan(
        chosen.profile,
        ids,
        options,
        as_json=as_json,
        quiet=quiet,
        verbose=verbose,
        log=log,
        any_job=any_job,
        fail_fast=fail_fast,
        insecure=insecure,
        max_rate=max_rate,
        resume=resume_command("watch", profile, base_url, config),
    )
    output.leave(run_watch(plan).code)

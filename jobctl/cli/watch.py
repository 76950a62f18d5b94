"""`jobctl watch`: follow jobs to their end, never showing a status older than one already shown."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from jobctl.cli import output
from jobctl.cli.active import target_of
from jobctl.cli.parameters import (
    BaseUrlOption,
    ConfigOption,
    FollowRestartsOption,
    InsecureOption,
    IntervalOption,
    JsonOption,
    LogOption,
    LostAfterOption,
    MaxPerHourOption,
    MaxRateOption,
    NoStreamOption,
    OptionalJobsArgument,
    ProfileOption,
    QuietOption,
    StallAfterOption,
    TimeoutOption,
    VerboseOption,
    check_jobs,
    prove_command,
    resume_command,
    settings_for,
)
from jobctl.cli.records import memory_of
from jobctl.errors import ConfigError
from jobctl.exit_codes import ExitCode, code_of_status
from jobctl.model import JobStatus
from jobctl.profile.model import TOKEN_VARIABLE
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.cli.feed import Feed
    from jobctl.cli.sides import ApiSide
    from jobctl.settings import Settings
    from jobctl.watching.events import Finish

_OF_ONE_API: Final = frozenset({"JOBCTL_PROFILE", "JOBCTL_BASE_URL"})
"""Variables that are meant for the API which the command itself names."""


def _no_unknown(until: JobStatus) -> JobStatus:
    if until is JobStatus.UNKNOWN:
        raise typer.BadParameter(
            "'unknown' is no status of a job, it is a word that the profile does not map"
        )
    return until


UntilOption = Annotated[
    JobStatus,
    typer.Option(
        "--until",
        callback=_no_unknown,
        help="The status to wait for; any end of the job ends the watch too.",
    ),
]


def watch(
    jobs: OptionalJobsArgument = None,
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
    max_per_hour: MaxPerHourOption = None,
    no_stream: NoStreamOption = False,
    follow_restarts: FollowRestartsOption = False,
    logs: Annotated[
        bool,
        typer.Option("--logs", help="Show what the jobs write to their logs, too.", rich_help_panel="Output"),
    ] = False,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Assert each decision by one more uncached read, and tell what differs: to test a server.",
            rich_help_panel="Watching",
        ),
    ] = False,
    notify: Annotated[
        str | None,
        typer.Option("--notify", metavar="CMD", help="Run this at the end, the result on its stdin."),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option("--metrics", metavar="[HOST:]PORT", help="Serve Prometheus metrics while it lasts."),
    ] = None,
    otel: Annotated[
        bool,
        typer.Option("--otel", help="Send traces and logs by OTLP, as the OTEL_* variables say."),
    ] = False,
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

    Reads are never cached, no word without a time is believed against one, and what is ignored is said.
    Without a JOB it takes up the one that was submitted or watched last; - reads ids from stdin, one a line,
    or JSON lines with `job` and, where it is of another API, `profile`.
    """
    is_fed = jobs == ["-"]
    if not is_fed:
        jobs, profile, base_url = target_of(jobs, profile, base_url, config)
    chosen = settings_for(profile, base_url, config, timeout=timeout, interval=interval)
    ids = [] if is_fed or jobs is None else check_jobs(jobs, chosen.profile)
    if logs:
        chosen.profile.require_logs()
    from jobctl.cli.job_logs import JobLogs
    from jobctl.cli.plan import WatchPlan, make_options
    from jobctl.cli.session import run_watch
    from jobctl.cli.sides import Manner
    from jobctl.cli.witness import witnesses

    options = make_options(
        until=until,
        timeout=chosen.timeout,
        interval=chosen.interval,
        lost_after=lost_after,
        stall_after=stall_after,
        no_stream=no_stream,
        follow_restarts=follow_restarts,
        verify_each=verify,
    )
    plan = WatchPlan(
        _side(chosen, profile, base_url, config),
        ids,
        options,
        Manner(insecure, max_rate, max_per_hour, log, follow_restarts),
        as_json=as_json,
        quiet=quiet,
        verbose=verbose,
        any_job=any_job,
        fail_fast=fail_fast,
        feed=_feed() if is_fed else None,
        other_side=partial(_other_side, config=config) if is_fed else None,
        witnesses=witnesses(notify, metrics, otel=otel),
        logs=JobLogs() if logs else None,
    )
    with plan.side.memory:
        watched = run_watch(plan)
    if not as_json and not quiet:
        for job, finish in watched.finishes.items():
            _tell_other_end(job, finish, until)
    output.leave(watched.code)


def _side(chosen: Settings, profile: str | None, base_url: str | None, config: str | None) -> ApiSide:
    from jobctl.cli.sides import ApiSide

    return ApiSide(
        chosen.profile,
        memory_of(chosen.profile, touches=True),
        resume=resume_command("watch", profile, base_url, config),
        look=resume_command("list", profile, base_url, config) if chosen.profile.list else None,
        prove=prove_command(chosen, profile, config),
    )


def _other_side(profile: str, *, config: str | None) -> ApiSide:
    """Return the API of a profile that a line names: base URL and token of this command are not its."""
    environ = {name: value for name, value in os.environ.items() if name not in _OF_ONE_API}
    try:
        chosen = settings_for(profile, None, config, environ=environ)
    except ConfigError as error:  # no flag said it, a line did
        raise ConfigError(error.message.removeprefix("flag --profile: "), hint=error.hint) from None
    side = _side(chosen, profile, None, config)
    if chosen.profile.auth.optional:  # nobody said that it is this API's
        side.environ = {name: value for name, value in environ.items() if name != TOKEN_VARIABLE}
    return side


def _feed() -> Feed:
    from jobctl.cli.feed import Feed

    if output.is_terminal(sys.stdin):
        output.tell("job ids from the keyboard, one a line; Ctrl-D ends them")
    return Feed()


def _tell_other_end(job: str, finish: Finish, until: JobStatus) -> None:
    """The end that was asked for speaks for itself, and so does a job that did not complete."""
    if until is JobStatus.COMPLETED or finish.job is None or finish.ending.value != "terminal":
        return
    status = finish.job.status
    if code_of_status(status, until) is not ExitCode.COMPLETED:
        output.note(
            f"jobctl: {visible(job, 80)}: it ended {status.value}, not {until.value} as --until asked"
        )

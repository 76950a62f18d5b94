"""`jobctl logs`: what a job wrote, as far as the engine keeps it; with --follow to the job's end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from jobctl.cli import output
from jobctl.cli.parameters import (
    BaseUrlOption,
    ConfigOption,
    InsecureOption,
    ProfileOption,
    TimeoutOption,
    check_jobs,
    resume_command,
    settings_for,
)
from jobctl.exit_codes import ExitCode, code_of_error

if TYPE_CHECKING:
    from jobctl.cli.present import PlainLines
    from jobctl.errors import JobctlError
    from jobctl.profile.model import Profile
    from jobctl.watching.events import Finish


def logs(
    job: Annotated[str, typer.Argument(metavar="JOB", help="Job id.", show_default=False)],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job has ended.")] = False,
    timeout: TimeoutOption = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    config: ConfigOption = None,
    insecure: InsecureOption = False,
) -> None:
    """Print a job's log on stdout, with --follow until the job has ended: each line once, whatever breaks.

    Exits 0 when the log was read as far as it goes, whatever became of the job: `status` tells that.
    """
    chosen = settings_for(profile, base_url, config, timeout=timeout)
    chosen.profile.require_logs()
    check_jobs([job], chosen.profile)
    if not follow:
        _print_now(chosen.profile, job, insecure=insecure)
        return
    from jobctl.cli.job_logs import JobLogs
    from jobctl.cli.plan import WatchPlan, make_options
    from jobctl.cli.records import memory_of
    from jobctl.cli.session import run_watch
    from jobctl.cli.sides import ApiSide, Manner

    beside = JobLogs()
    with memory_of(chosen.profile) as memory:
        plan = WatchPlan(
            ApiSide(chosen.profile, memory, resume_command("logs --follow", profile, base_url, config)),
            [job],
            make_options(timeout=chosen.timeout, no_stream=True),
            Manner(insecure=insecure),
            logs=beside,
            presenter=_log_lines(),
        )
        watched = run_watch(plan, lambda finish: _judge(finish, beside.problems.get(job)))
    output.leave(watched.code)


def _print_now(profile: Profile, job: str, *, insecure: bool) -> None:
    from jobctl.client.log_text import LogText, shown
    from jobctl.scripting import blocking
    from jobctl.text import visible

    with blocking(profile, insecure=insecure, tell=output.tell) as (calls, http):
        text = LogText()
        lines = [*text.whole(http.run(calls.logs(job))), *text.rest()]
    for line in lines:
        output.result(shown(line))
    if not lines:
        output.note(f"jobctl: {visible(job, 80)}: the log is empty so far")


def _judge(finish: Finish, problem: JobctlError | None) -> ExitCode:
    """The log is what was asked for, not how the job ended."""
    from jobctl.model import JobStatus
    from jobctl.watching.outcome import code_of_finish

    if problem is not None:
        return code_of_error(problem)
    if finish.ending.value == "terminal":
        return ExitCode.COMPLETED
    return code_of_finish(finish, JobStatus.COMPLETED)


def _log_lines() -> PlainLines:
    from jobctl.cli.jobs import status_words
    from jobctl.cli.present import PlainLines
    from jobctl.client.log_text import shown
    from jobctl.model import Decision
    from jobctl.text import visible

    class LogLines(PlainLines):
        """The log alone on stdout; how the job ended on stderr."""

        def decision(self, job: str, decision: Decision) -> None:
            """What became of the job is told at its end."""

        def log(self, job: str, line: str) -> None:  # noqa: ARG002 -- a presenter
            output.result(shown(line))

        def finish(self, job: str, finish: Finish) -> None:
            name = visible(job, 80)
            if finish.ending.value == "terminal" and finish.job is not None:
                output.note(f"jobctl: {name}: {status_words(finish.job)}")
                return
            output.note(f"jobctl: {name}: {finish.message}")
            if finish.hint:
                output.note(f"  {finish.hint}")

    return LogLines()

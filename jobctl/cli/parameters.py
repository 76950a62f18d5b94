"""The options that several commands share, and what they resolve to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from jobctl.cli import output
from jobctl.cli.completion import profile_names
from jobctl.durations import parse_duration
from jobctl.errors import ConfigError
from jobctl.profile.model import Profile
from jobctl.settings import Settings, resolve
from jobctl.text import visible

_API = "Which API"
_WATCHING = "Watching"
_OUTPUT = "Output"
_PASTED = 2000
"""Characters of a command that a person can still paste."""


def duration_parser(text: str | float) -> float:
    """Read a duration of an option, in seconds; never zero."""
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if not seconds:
        raise typer.BadParameter("must be more than nothing")
    return seconds


def _warn_insecure(asked: bool) -> bool:
    if asked:
        output.note(
            "jobctl: --insecure: certificates are not checked, anybody on the way can answer for the API"
        )
    return asked


ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        metavar="NAME",
        help="Profile of the API.",
        autocompletion=profile_names,
        rich_help_panel=_API,
    ),
]
BaseUrlOption = Annotated[
    str | None,
    typer.Option("--base-url", "-u", metavar="URL", help="Where the API is.", rich_help_panel=_API),
]
ConfigOption = Annotated[
    str | None,
    typer.Option("--config", metavar="FILE", help="Read profiles from this file only.", rich_help_panel=_API),
]
InsecureOption = Annotated[
    bool,
    typer.Option(
        "--insecure",
        callback=_warn_insecure,
        help="Do not check TLS certificates. Never in a script.",
        rich_help_panel=_API,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout.", rich_help_panel=_OUTPUT)]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Only the last word.", rich_help_panel=_OUTPUT)
]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show every decision.", rich_help_panel=_OUTPUT)
]
LogOption = Annotated[
    Path | None,
    typer.Option(
        "--log", metavar="FILE", help="Append every decision as JSON lines.", rich_help_panel=_OUTPUT
    ),
]
TimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        "-t",
        metavar="DURATION",
        parser=duration_parser,
        help="Give up after this long (90s, 10m).",
        rich_help_panel=_WATCHING,
    ),
]
IntervalOption = Annotated[
    float | None,
    typer.Option(
        "--interval",
        metavar="DURATION",
        parser=duration_parser,
        help="Pause between reads; adapts when not given.",
        rich_help_panel=_WATCHING,
    ),
]
LostAfterOption = Annotated[
    float | None,
    typer.Option(
        "--lost-after",
        metavar="DURATION",
        parser=duration_parser,
        help="Without any good read for so long, contact is lost (60s; 15s where there never was one).",
        rich_help_panel=_WATCHING,
    ),
]
StallAfterOption = Annotated[
    float | None,
    typer.Option(
        "--stall-after",
        metavar="DURATION",
        parser=duration_parser,
        help="An unknown status that does not change for so long ends the watch (10m).",
        rich_help_panel=_WATCHING,
    ),
]
MaxRateOption = Annotated[
    float | None,
    typer.Option(
        "--max-rate",
        metavar="N",
        min=0.01,
        help="Requests per second, all jobs together (20).",
        rich_help_panel=_WATCHING,
    ),
]
MaxPerHourOption = Annotated[
    int | None,
    typer.Option(
        "--max-requests-per-hour",
        metavar="N",
        min=1,
        help="Requests in any hour to one API, spread over it (no bound).",
        rich_help_panel=_WATCHING,
    ),
]
NoStreamOption = Annotated[
    bool, typer.Option("--no-stream", help="Poll only, no WebSocket.", rich_help_panel=_WATCHING)
]
FollowRestartsOption = Annotated[
    bool,
    typer.Option(
        "--follow-restarts", help="Believe a server that restarts a finished job.", rich_help_panel=_WATCHING
    ),
]
JobsArgument = Annotated[list[str], typer.Argument(metavar="JOB", help="Job ids.", show_default=False)]
OptionalJobsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[JOB]...",
        help="Job ids; without one the job that was submitted or watched last.",
        show_default=False,
    ),
]


def settings_for(
    profile: str | None,
    base_url: str | None,
    config: str | None,
    *,
    environ: Mapping[str, str] = os.environ,
    **flags: Any,
) -> Settings:
    """Resolve flags, environment and files.

    Raises:
        ConfigError: one of them is wrong.
    """
    given = {"profile": profile, "base_url": base_url, "config": config, **flags}
    settings = resolve(given, environ, os.curdir)
    for warning in settings.profile.warnings:
        output.tell(warning)
    return settings


def check_jobs(jobs: list[str], profile: Profile) -> list[str]:
    """Return the ids without repeats.

    Raises:
        ConfigError: an id is empty, or no URL can carry it: better known before anything is asked.
    """
    for job in jobs:
        if not job.strip():
            raise ConfigError("a job id is blank", hint="give the id that `jobctl submit` printed")
        profile.read_url(job)
    return list(dict.fromkeys(jobs))


def prove_command(settings: Settings, profile: str | None, config: str | None) -> Callable[[str], str]:
    """Return the command line that diagnoses the way a job is read on now, for any job id."""
    import shlex

    current = settings.profile.base_url or ""
    own = settings.profiles.get(settings.profile.name)
    words = [resume_command("diagnose", profile, None, config), "--proxy", shlex.quote(current)]
    if own.base_url not in {None, current}:
        words += ["--origin", shlex.quote(own.base_url or "")]

    def command(job: str) -> str:
        dashes = "-- " if job.startswith("-") else ""
        return f"{' '.join(words)} {dashes}{visible(shlex.quote(job), 200)}"

    return command


def resume_command(verb: str, profile: str | None, base_url: str | None, config: str | None) -> str:
    """Return the command line, without ids, that asks the same API again."""
    import shlex

    words = ["jobctl", verb]
    for flag, value in (("--profile", profile), ("--base-url", base_url), ("--config", config)):
        if value is not None:
            words += [flag, shlex.quote(value)]
    return " ".join(words)


def resume_words(command: str, look: str | None, jobs: list[str]) -> str:
    """The command with all ids, as long as one can paste it."""
    import shlex

    quoted = " ".join(visible(shlex.quote(job), _PASTED) for job in jobs)
    dashes = "-- " if any(job.startswith("-") for job in jobs) else ""
    line = f"{command} {dashes}{quoted}"
    if len(line) <= _PASTED:
        return f"pick it up again with: {line}"
    where = f"`{look} --active` lists them" if look else "--json names them in its last line"
    return f"{len(jobs)} jobs go on ({where}); pick them up again with: {command} ID…"

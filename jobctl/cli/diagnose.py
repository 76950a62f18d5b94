"""`jobctl diagnose`: prove whether a tunnel or proxy answers job reads from memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobctl.cli.diagnose_output import FORMATS, Presented
from jobctl.cli.parameters import (
    BaseUrlOption,
    ConfigOption,
    InsecureOption,
    JsonOption,
    ProfileOption,
    QuietOption,
    duration_parser,
    settings_for,
)
from jobctl.errors import ConfigError

if TYPE_CHECKING:
    from jobctl.profile.model import Profile

_EXPERIMENT = "Experiment"
_RECORDING = "Instead of an experiment"
_OUTPUT = "Output"


def _format(text: str) -> str:
    if text not in FORMATS:
        raise typer.BadParameter(f"expected one of {', '.join(FORMATS)}, got {text!r}")
    return text


def diagnose(
    job: Annotated[
        str | None,
        typer.Argument(metavar="JOB", help="A running job; without one the newest of the server's list."),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option(
            "--proxy",
            "-x",
            metavar="ROUTE",
            help="The way under suspicion: a route of the profile, a URL, a host, loca.lt, or "
            "upstream:http://host:3128.",
            rich_help_panel=_EXPERIMENT,
        ),
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option(
            "--origin",
            metavar="URL",
            help="The API past the proxy; the profile's base URL when not given.",
            rich_help_panel=_EXPERIMENT,
        ),
    ] = None,
    submit: Annotated[
        list[str] | None,
        typer.Option(
            "--submit",
            metavar="PAYLOAD",
            help="Create a job to diagnose with (as `jobctl submit` takes it; repeatable), cancel it after.",
            rich_help_panel=_EXPERIMENT,
        ),
    ] = None,
    rounds: Annotated[
        int,
        typer.Option(
            "--rounds", min=1, max=100, help="Changes of the job to bracket.", rich_help_panel=_EXPERIMENT
        ),
    ] = 4,
    wait_change: Annotated[
        float,
        typer.Option(
            "--wait-change",
            metavar="DURATION",
            parser=duration_parser,
            help="Wait so long for each change (60s for a slow job).",
            rich_help_panel=_EXPERIMENT,
        ),
    ] = 3.0,
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget",
            metavar="N[,DURATION]",
            help="At most N requests, and so long; 40,20s when not given.",
            rich_help_panel=_EXPERIMENT,
        ),
    ] = None,
    auth_isolation: Annotated[
        bool,
        typer.Option(
            "--auth-isolation",
            help="Also ask without credentials: does it give one user's job to another?",
            rich_help_panel=_EXPERIMENT,
        ),
    ] = False,
    no_stream: Annotated[
        bool, typer.Option("--no-stream", help="Do not try the WebSocket.", rich_help_panel=_EXPERIMENT)
    ] = False,
    recording: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Judge a recording: a HAR, or mitmproxy flows.",
            rich_help_panel=_RECORDING,
        ),
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen",
            metavar="HOST:PORT",
            help="Stand in front of the route and judge what passes, until Ctrl-C.",
            rich_help_panel=_RECORDING,
        ),
    ] = None,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            metavar="|".join(FORMATS),
            parser=_format,
            help="How to say it.",
            rich_help_panel=_OUTPUT,
        ),
    ] = "table",
    out: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write the report to FILE.", rich_help_panel=_OUTPUT
        ),
    ] = None,
    har: Annotated[
        Path | None,
        typer.Option(
            "--har",
            metavar="FILE",
            help="Also write the exchanges as HAR, with the findings.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    config: ConfigOption = None,
    insecure: InsecureOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Prove whether a tunnel or proxy answers job reads from memory: direct beside proxied.

    Exits 0 only when no cache was seen by an experiment that could have seen one, 10 when caching is proven
    or declared, 11 when it is possible, 12 when nothing can be said. It only reads (but for --submit), never
    more than ten times a second.
    """
    chosen = settings_for(profile, base_url, config)
    presented = Presented("json" if as_json else format_, out, har, quiet=quiet)
    presented.check()
    if recording is not None:
        from jobctl.cli.diagnose_recording import diagnose_recording

        diagnose_recording(recording, job, chosen.profile, presented)
    route = _route(proxy, chosen.profile)
    if listen is not None:
        from jobctl.cli.diagnose_live import diagnose_live

        diagnose_live(listen, route, job, chosen.profile, presented, insecure=insecure)
    from jobctl.caching.probe import ProbeSettings
    from jobctl.cli.diagnose_probe import parse_budget, probe_and_show

    requests, seconds = parse_budget(budget, wait_change, rounds)
    settings = ProbeSettings(
        profile=chosen.profile,
        job=job or "",
        proxy=route,
        origin=origin,
        rounds=rounds,
        wait_change=wait_change,
        budget_requests=requests,
        budget_seconds=seconds,
        auth_isolation=auth_isolation,
        check_stream=not no_stream,
        insecure=insecure,
    )
    probe_and_show(settings, submit, presented)


def _route(proxy: str | None, profile: Profile) -> str:
    if proxy is not None:
        return proxy
    known = ", ".join(profile.routes)
    raise ConfigError(
        "diagnose needs the way under suspicion: --proxy ROUTE (or a recording: --from FILE)",
        hint=f"routes of profile {profile.name!r}: {known}"
        if known
        else "give a URL, a host such as my-app.loca.lt, or put routes = { name = URL } into the profile",
    )

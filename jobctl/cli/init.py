"""`jobctl init`: write the profile of an API from its OpenAPI document, or from one of its answers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobctl.cli import output
from jobctl.cli.parameters import BaseUrlOption, InsecureOption, JsonOption
from jobctl.errors import ConfigError
from jobctl.exit_codes import ExitCode

if TYPE_CHECKING:
    from jobctl.openapi.draft import Draft
    from jobctl.openapi.drafting import Wishes

_FROM = "Where from"
_WHAT = "What to write"


def init(
    openapi: Annotated[
        str | None,
        typer.Option(
            "--openapi",
            metavar="URL|FILE",
            help="OpenAPI 3 document, JSON or YAML; of a base URL the usual places are tried.",
            rich_help_panel=_FROM,
        ),
    ] = None,
    sample: Annotated[
        str | None,
        typer.Option(
            "--sample", metavar="URL|FILE", help="One answer about a job instead.", rich_help_panel=_FROM
        ),
    ] = None,
    read: Annotated[
        str | None,
        typer.Option(
            "--read", metavar="CALL", help="With --sample: 'GET /path/{id}'.", rich_help_panel=_FROM
        ),
    ] = None,
    allow_remote: Annotated[
        bool,
        typer.Option("--allow-remote", help="Follow $refs to other hosts too.", rich_help_panel=_FROM),
    ] = False,
    base_url: BaseUrlOption = None,
    insecure: InsecureOption = False,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", metavar="NAME", help="The profile's name; picks among several.", rich_help_panel=_WHAT
        ),
    ] = None,
    path: Annotated[
        str | None,
        typer.Option("--path", metavar="PREFIX", help="Pick the jobs read below it.", rich_help_panel=_WHAT),
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param", metavar="NAME=VALUE", help="Fill in a parameter of the paths.", rich_help_panel=_WHAT
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where the profile goes.", rich_help_panel=_WHAT)
    ] = Path("jobctl.toml"),
    force: Annotated[
        bool, typer.Option("--force", help="Replace a profile of that name.", rich_help_panel=_WHAT)
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Write to stdout, findings to stderr.", rich_help_panel=_WHAT),
    ] = False,
    check: Annotated[
        str | None,
        typer.Option(
            "--check", metavar="JOB", help="Then read this job, and show each field.", rich_help_panel=_WHAT
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.", rich_help_panel=_WHAT)] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a profile for an API from its OpenAPI document, each finding with its reason.

    Exits 0 when the profile was written, 12 when its read or status could not be told (it is only shown).
    """
    from jobctl.cli.closing import problem
    from jobctl.cli.init_ask import may_ask
    from jobctl.cli.init_choice import UnlikelyDocument
    from jobctl.cli.init_ending import Ending
    from jobctl.openapi.drafting import Wishes

    asking = may_ask(yes=yes, as_json=as_json)
    wishes = Wishes(base_url, name, _parameters(param or []))
    if sample is not None:
        if openapi is not None:
            raise ConfigError("--openapi and --sample differ", hint="give one of them")
        draft, others = _from_sample(sample, read, wishes, insecure=insecure), list[str]()
    elif read is not None:
        raise ConfigError("--read goes with --sample", hint="--path picks among the jobs of a document")
    else:
        try:
            draft, others = _from_openapi(
                openapi, path, wishes, allow_remote=allow_remote, insecure=insecure, asking=asking
            )
        except UnlikelyDocument as error:
            output.show_error(error)
            if as_json:
                document = {"profile": None, "problem": problem(error), "exit_code": int(ExitCode.UNDECIDED)}
                output.close_json(document)
            output.leave(ExitCode.UNDECIDED)
    to_stdout = dry_run or str(out) == "-"
    plan = Ending(draft, others, None if to_stdout else out, force, asking, as_json)
    output.leave(plan.finish(check, insecure=insecure))


def _parameters(given: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    for name, equals, value in pairs:
        if not (name and equals and value):
            raise ConfigError(f"--param {name!r}: expected NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _from_sample(sample: str, read: str | None, wishes: Wishes, *, insecure: bool) -> Draft:
    from jobctl.cli.init_fetch import Fetcher, is_url, read_file
    from jobctl.openapi.parsing import parse_document
    from jobctl.openapi.sample import draft_of_sample
    from jobctl.profile.urls import Operation

    if read is not None:
        read = str(Operation.parse(read, needs_id=True))
    if is_url(sample):
        answer = Fetcher(dict(os.environ), insecure=insecure, with_token=True).get(sample)
        raw = answer.body
    else:
        raw = read_file(sample)
    return draft_of_sample(parse_document(raw, sample), sample, wishes, read)


def _from_openapi(
    openapi: str | None, path: str | None, wishes: Wishes, *, allow_remote: bool, insecure: bool, asking: bool
) -> tuple[Draft, list[str]]:
    from jobctl.cli.init_choice import choose, drafted, others
    from jobctl.cli.init_fetch import Fetcher
    from jobctl.cli.init_source import load

    if openapi is None:
        openapi = wishes.base_url or os.environ.get("JOBCTL_BASE_URL", "").strip()
        if not openapi:
            raise ConfigError(
                "nothing to read",
                hint="give --openapi URL|FILE, the --base-url of the API, or one answer with --sample",
            )
    loaded = load(openapi, Fetcher(dict(os.environ), insecure=insecure), allow_remote=allow_remote)
    number = choose(loaded, path, wishes.name, asking=asking)
    return drafted(loaded, number, wishes, asking=asking), others(loaded, number)

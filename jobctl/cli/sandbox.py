"""`jobctl sandbox`: a job server and a misbehaving tunnel to practise on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jobctl.cli import output
from jobctl.cli.completion import ends, server_faults, tunnel_faults
from jobctl.errors import ConfigError


def fault_help() -> str:
    """The registry of faults as the epilogue of --help, a Markdown list."""
    from jobctl.sandbox.faults import FAULTS

    lines = ["Faults (`name`, `name=value`, `name@rate`; all of them combine):", ""]
    for kind in FAULTS.values():
        where = "/".join(sorted(place.value for place in kind.where))
        lines.append(f"- `{kind.syntax}` {kind.help} ({where})")
    return "\n".join(lines)


def sandbox(
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="FAULT",
            help="A fault of the server; repeatable.",
            autocompletion=server_faults,
        ),
    ] = None,
    tunnel_fault: Annotated[
        list[str] | None,
        typer.Option(
            "--tunnel-fault",
            metavar="FAULT",
            help="A fault of the tunnel; repeatable.",
            autocompletion=tunnel_faults,
        ),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port of the server; 0 takes a free one.")
    ] = 8001,
    tunnel_port: Annotated[
        int, typer.Option("--tunnel-port", min=0, max=65535, help="Port of the tunnel; 0 takes a free one.")
    ] = 8002,
    db: Annotated[
        Path | None,
        typer.Option("--db", metavar="FILE", help="Keep jobs in this SQLite file, over a restart."),
    ] = None,
    duration: Annotated[
        float, typer.Option("--duration", help="Seconds a job works, unless its submit says.")
    ] = 10.0,
    steps: Annotated[int, typer.Option("--steps", help="Progress steps of a job.")] = 10,
    end: Annotated[
        str, typer.Option("--end", help="completed, failed or cancelled.", autocompletion=ends)
    ] = "completed",
    seed: Annotated[int, typer.Option("--seed", help="Decides every random fault.")] = 0,
    no_store: Annotated[
        bool,
        typer.Option("--no-store", help="Mark the server's answers as not to be stored: NoStoreMiddleware."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the addresses as JSON.")] = False,
) -> None:
    """Run a job server and a tunnel in front of it, with faults, until Ctrl-C. Loopback only.

    Both speak the profiles `generation` and `v1`. The ground truth of a job: /_sandbox/history/ID.
    """
    from jobctl.caching.middleware import NoStoreMiddleware
    from jobctl.sandbox import Sandbox, SandboxError, Script

    try:
        box = Sandbox(
            fault or (),
            tunnel_fault or (),
            db=db,
            port=port,
            tunnel_port=tunnel_port,
            seed=seed,
            defaults=Script(duration=duration, steps=steps, end=end),
            extra_middleware=(NoStoreMiddleware,) if no_store else (),
        )
        box.serve(lambda ready: _announce(ready, as_json=as_json))
    except ValueError as error:
        lists = "lists the faults" if "fault" in str(error) else "tells what each option takes"
        raise ConfigError(str(error), hint=f"`jobctl sandbox --help` {lists}") from error
    except SandboxError as error:
        raise ConfigError(str(error), hint=_hint(str(error))) from error


def _hint(problem: str) -> str:
    if "database" in problem:
        return "--db takes a file in a folder that is there and may be written"
    return "--port 0 --tunnel-port 0 take free ports"


def _announce(box: Any, *, as_json: bool) -> None:
    if as_json:
        output.result_json({"server": box.url, "tunnel": box.tunnel_url})
        return
    output.result(f"server {box.url}")
    output.result(f"tunnel {box.tunnel_url}")
    output.note("try it, in another terminal:")
    output.note(f"  jobctl submit --watch prompt=lighthouse -u {box.url}")
    output.note(f"  jobctl submit --watch prompt=lighthouse -p v1 -u {box.tunnel_url}")
    output.note("Ctrl-C ends it")

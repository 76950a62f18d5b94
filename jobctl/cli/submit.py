"""`jobctl submit`: create a job, print its id, and never create it twice."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from jobctl.cli import output
from jobctl.cli.closing import Interrupted
from jobctl.cli.jobs import job_document
from jobctl.cli.parameters import (
    BaseUrlOption,
    ConfigOption,
    InsecureOption,
    IntervalOption,
    JsonOption,
    LogOption,
    ProfileOption,
    QuietOption,
    TimeoutOption,
    VerboseOption,
    prove_command,
    resume_command,
    settings_for,
)
from jobctl.cli.records import memory_of, open_records
from jobctl.errors import ApiError, ConfigError, SubmitUncertain
from jobctl.exit_codes import ExitCode
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.client.calls import SubmitAnswer
    from jobctl.profile.model import Profile
    from jobctl.store.memory import Memory

_MAX_INPUT: Final = 64 * 1024 * 1024


def submit(
    payload: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE|-|JSON|KEY=VALUE…",
            help="A JSON file, - for stdin, a JSON object, or fields: key=text, key:=json.",
            show_default=False,
        ),
    ] = None,
    then_watch: Annotated[bool, typer.Option("--watch", "-w", help="Watch it to its end.")] = False,
    idempotency_key: Annotated[
        str | None,
        typer.Option(
            "--idempotency-key", metavar="KEY", help="Makes repeating safe where the API honours it."
        ),
    ] = None,
    timeout: TimeoutOption = None,
    interval: IntervalOption = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    config: ConfigOption = None,
    insecure: InsecureOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    log: LogOption = None,
) -> None:
    """Create a job and print its id on stdout.

    It is sent once. When no clear answer comes back the job may or may not exist: exit 7 says so, and how to
    check. With --idempotency-key it is repeated, safely.
    """
    body = read_payload(payload or [])
    chosen = settings_for(profile, base_url, config, timeout=timeout, interval=interval)
    look = resume_command("list", profile, base_url, config) if chosen.profile.list else None
    with memory_of(chosen.profile, touches=True) as memory:
        answer = _ask(
            chosen.profile, body, idempotency_key, look=look, log=log, memory=memory, insecure=insecure
        )
        memory.touch(answer.job)
        with _told_when_the_id_is_lost(answer.job):
            if not then_watch:
                _show(answer, as_json=as_json)
                _write_down(answer, log, chosen.profile, memory)
                return
            from jobctl.cli.plan import WatchPlan, make_options
            from jobctl.cli.session import run_watch
            from jobctl.cli.sides import ApiSide, Manner
            from jobctl.cli.witness import witnesses

            if not as_json:
                output.result(answer.job)
            plan = WatchPlan(
                ApiSide(
                    chosen.profile,
                    memory,
                    resume_command("watch", profile, base_url, config),
                    look,
                    prove_command(chosen, profile, config),
                ),
                [answer.job],
                make_options(timeout=chosen.timeout, interval=chosen.interval),
                Manner(insecure=insecure, log=log),
                as_json=as_json,
                quiet=quiet,
                verbose=verbose,
                just_submitted=True,
                witnesses=witnesses(),
                known={answer.job: [answer.observation]},
            )
            output.leave(run_watch(plan).code)


def _write_down(answer: SubmitAnswer, log: Path | None, profile: Profile, memory: Memory) -> None:
    from jobctl.observe import Reader
    from jobctl.reconcile import reconcile

    with open_records(log, Reader(profile), memory) as records:
        records.write(reconcile(None, answer.observation))


def _ask(
    profile: Profile,
    body: Any,
    key: str | None,
    *,
    look: str | None,
    log: Path | None,
    memory: Memory,
    insecure: bool,
) -> SubmitAnswer:
    """Send it, once. `look` is the command that lists the jobs, where the API can.

    Raises:
        JobctlError, Interrupted: it was not created, or nobody knows.
    """
    from jobctl.scripting import blocking

    with blocking(profile, insecure=insecure, tell=output.tell) as (calls, http):
        with open_records(log, calls.reader, memory):  # a log that cannot be written is told before
            pass
        try:
            return http.run(calls.submit(body, key))
        except KeyboardInterrupt:
            where = f"; look for it with `{look}`" if look else ""
            raise Interrupted(f"interrupted: the job may or may not exist{where}") from None
        except SubmitUncertain as error:
            error.hint = _how_to_check(look, with_key=key is not None)
            raise
        except ApiError as error:
            if error.status not in {404, 410}:
                raise
            # No job was asked about: it is the address that is wrong.
            raise ConfigError(
                f"submit: {error.message}",
                hint=f"check submit = {str(profile.submit)!r} of profile {profile.name!r}, and --base-url",
            ) from error


def _how_to_check(look: str | None, *, with_key: bool) -> str:
    again = (
        "repeat the command with the same --idempotency-key"
        if with_key
        else "next time give --idempotency-key KEY, which makes repeating safe where the API honours it"
    )
    return f"look for it with `{look}`; {again}" if look else again


@contextmanager
def _told_when_the_id_is_lost(job: str) -> Iterator[None]:
    """A job that nobody can name goes on, and costs."""
    try:
        yield
    except (output.ReaderGone, output.StdoutLost) as error:
        if output.said.lines:
            raise
        output.note(
            f"jobctl: job {visible(job, 200)} was submitted, but its id could not be written to stdout: "
            f"{error.reason}"
        )
        is_reader_gone = isinstance(error, output.ReaderGone)
        output.give_up_stdout()
        output.leave(ExitCode.INTERRUPTED if is_reader_gone else ExitCode.USAGE)


def _show(answer: SubmitAnswer, *, as_json: bool) -> None:
    if not as_json:
        output.result(answer.job)
        return
    from jobctl.reconcile import reconcile

    known = reconcile(None, answer.observation).after
    document = job_document(known) if known is not None else {"job": answer.job, "status": None}
    output.close_json(document | {"exit_code": 0})


def read_payload(arguments: list[str]) -> Any:
    """Return the JSON to send.

    Raises:
        ConfigError: it is no JSON, cannot be read, or is spelled in no way we know.
    """
    if not arguments:
        raise ConfigError(
            "nothing to submit was given",
            hint="give key=value fields, a JSON file, - for stdin, or '{}' for a job without fields",
        )
    first = arguments[0]
    if len(arguments) > 1:
        return dict(_field(argument) for argument in arguments)
    if first == "-":
        return _parse(sys.stdin.buffer.read(_MAX_INPUT + 1), "stdin")
    if first.startswith("{"):
        return _parse(first.encode("utf-8", "surrogateescape"), "the argument")
    if first.startswith("@") or "=" not in first or _is_file(first):
        return _parse(_read_file(first.removeprefix("@")), first)
    return dict([_field(first)])


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # a long prompt=… is no file name
        return False


def _read_file(name: str) -> bytes:
    try:
        with Path(name).open("rb") as file:
            return file.read(_MAX_INPUT + 1)
    except OSError as error:
        raise ConfigError(
            f"cannot read {name!r}: {error.strerror}",
            hint="give a JSON file, - for stdin, or key=value fields",
        ) from error


def _parse(data: bytes, name: str) -> Any:
    if len(data) > _MAX_INPUT:
        raise ConfigError(f"{name} is larger than {_MAX_INPUT // 2**20} MiB", hint="is it the right file?")
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{name} is not JSON: {error}", hint="a JSON object is what most APIs take"
        ) from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _field(argument: str) -> tuple[str, Any]:
    name, sign, value = argument.partition("=")
    if not sign or not name.rstrip(":"):
        raise ConfigError(
            f"expected key=value or key:=json, got {argument!r}",
            hint="to send a file give its name alone, to read stdin give -",
        )
    if not name.endswith(":"):
        return name, value
    try:
        return name[:-1], json.loads(value, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{name}= takes JSON, got {value!r}: {error}", hint="for plain text write key=value"
        ) from error

"""The command tree, and the one place where an exception becomes a message and an exit code."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from itertools import takewhile
from typing import Annotated, Any

import typer

from jobctl.cli import output
from jobctl.cli.cancel import cancel
from jobctl.cli.closing import close, closing
from jobctl.cli.demo import demo
from jobctl.cli.diagnose import diagnose
from jobctl.cli.explain import explain
from jobctl.cli.init import init
from jobctl.cli.listing import list_jobs
from jobctl.cli.log import log
from jobctl.cli.logs import logs
from jobctl.cli.profiles import profiles
from jobctl.cli.sandbox import fault_help, sandbox
from jobctl.cli.status import status
from jobctl.cli.submit import submit
from jobctl.cli.topics import help_about
from jobctl.cli.watch import watch
from jobctl.errors import ConfigError, JobctlError
from jobctl.exit_codes import ExitCode
from jobctl.text import visible

app = typer.Typer(
    name="jobctl",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)

_WITH_IDS = [["status"], ["watch"], ["cancel"], ["logs"]]
COMMANDS: dict[str, dict[str, Callable[..., Any]]] = {
    "Jobs": {
        "submit": submit,
        "status": status,
        "watch": watch,
        "cancel": cancel,
        "logs": logs,
        "list": list_jobs,
    },
    "Caches": {"diagnose": diagnose},
    "Afterwards": {"log": log, "explain": explain},
    "Set-up and practice": {
        "help": help_about,
        "init": init,
        "profiles": profiles,
        "sandbox": sandbox,
        "demo": demo,
    },
}


for panel, commands in COMMANDS.items():
    for name, function in commands.items():
        # The registry of faults is read only by whoever asks about the sandbox.
        epilog = fault_help() if name == "sandbox" and name in sys.argv[1:] else None
        app.command(name, rich_help_panel=panel, epilog=epilog)(closing(name, function))


def _version(asked: bool) -> None:
    if asked:
        from jobctl._version import __version__

        output.result(f"jobctl {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What is this job's real status, and who lied about it?"""


def run() -> int:
    """Run the command line. Returns the exit code; never lets a traceback out."""
    output.prepare_streams()
    for number in output.ENDING_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` asks for that
            signal.signal(number, signal.default_int_handler)
    try:
        code = _run()
        sys.stdout.flush()
    except (output.ReaderGone, BrokenPipeError):
        output.give_up_stdout()
        return ExitCode.INTERRUPTED
    except output.StdoutLost as error:
        return output.show_error(error)
    return code


def _run() -> int:
    try:
        app()
    except SystemExit as end:
        if (tell := getattr(end.__context__, "format_message", None)) is not None:
            _told_wrong_usage(tell())
        return end.code if isinstance(end.code, int) else ExitCode.COMPLETED if end.code is None else 1
    except (output.ReaderGone, output.StdoutLost, BrokenPipeError):
        raise
    except JobctlError as error:
        return output.show_error(error)
    except KeyboardInterrupt:
        output.note("jobctl: interrupted")
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 -- the last resort: a person at 3 a.m. needs a sentence
        return _internal(error)
    return ExitCode.COMPLETED


def _told_wrong_usage(message: str) -> None:
    """The parser has told a person; one hint more, and a script that reads JSON is told as well."""
    words = list(takewhile(lambda word: word != "--", sys.argv[1:]))
    hint = f"see jobctl {words[0]} --help" if words and not words[0].startswith("-") else "see jobctl --help"
    if words[:1] in _WITH_IDS and message.startswith("No such option: -"):
        hint = f"a job id that begins with - goes behind --: jobctl {words[0]} -- ID"
        output.note(f"jobctl: {hint}")
    if "--json" in words:
        kind = "result" if "watch" in words[:1] or "--watch" in words else None
        close(kind, [] if kind else None, ConfigError(message, hint=hint))


def _internal(error: Exception) -> int:
    import os
    import traceback

    output.note(f"jobctl: internal error: {type(error).__name__}: {visible(str(error))}")
    if os.environ.get("JOBCTL_DEBUG"):
        output.note("".join(traceback.format_exception(error)))
    else:
        output.note(
            "  this is a defect; set JOBCTL_DEBUG=1 to see where, and report it with the decision log"
        )
    return ExitCode.INTERNAL

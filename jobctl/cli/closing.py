"""How the output of `--json` ends when an error ends the command: one document, in every ending."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final

from jobctl.cli import output
from jobctl.errors import JobctlError
from jobctl.exit_codes import ExitCode, code_of_error
from jobctl.text import visible

_TYPES: Final = {"watch": "result", "log": "result", "explain": "summary"}
_WITHOUT_STDOUT: Final = (output.ReaderGone, output.StdoutLost, BrokenPipeError)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM at a moment that needs more words."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def problem(error: BaseException) -> dict[str, str | None]:
    """What went wrong with jobctl's own work; a job's `error` is the server's word about the job."""
    if isinstance(error, JobctlError):
        return {"message": error.message, "hint": error.hint}
    if isinstance(error, KeyboardInterrupt):
        return {"message": str(error) or "interrupted", "hint": getattr(error, "hint", None)}
    return {"message": f"internal error: {type(error).__name__}: {visible(str(error))}", "hint": None}


def code_of(error: BaseException) -> ExitCode:
    """Return the exit code of what ended a command."""
    if isinstance(error, JobctlError):
        return code_of_error(error)
    return ExitCode.INTERRUPTED if isinstance(error, KeyboardInterrupt) else ExitCode.INTERNAL


def job_problem(job: str, error: JobctlError) -> dict[str, Any]:
    """The document of one job among several that an error kept from being read."""
    code = int(code_of_error(error))
    return {"job": job, "status": None, "problem": problem(error), "exit_code": code}


def error_ending(jobs: Iterable[str], error: BaseException) -> tuple[list[dict[str, Any]], ExitCode]:
    """The `result` line of a watch that an error ended: the documents of its jobs, and the code."""
    kind = "interrupted" if isinstance(error, KeyboardInterrupt) else "error"
    code = code_of(error)
    told = problem(error)
    ending: dict[str, Any] = {
        "status": None,
        "ending": kind,
        "message": told["message"],
        "exit_code": int(code),
    }
    if isinstance(error, JobctlError):
        ending["problem"] = told
    return [{"job": job} | ending for job in jobs], code


def close(kind: str | None, jobs: Iterable[str] | None, error: BaseException) -> None:
    """Write the closing document, unless it is out already."""
    if output.said.is_closed:
        return
    documents, code = error_ending(jobs or (), error)
    document: dict[str, Any] = {"type": kind} if kind else {}
    document["exit_code"] = int(code)
    if jobs is not None:
        document["jobs"] = documents
    output.close_json(document | {"problem": problem(error)})


def closing(name: str, command: Callable[..., Any]) -> Callable[..., Any]:
    """Make a command end with a document under `--json`, and with a word when it is interrupted."""

    @wraps(command)
    def run_command(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except _WITHOUT_STDOUT:
            raise
        except (Exception, KeyboardInterrupt) as error:
            if options.get("as_json"):
                kind = "result" if options.get("then_watch") else _TYPES.get(name)
                jobs = options.get("jobs") or ([] if kind == "result" else None)
                close(kind, jobs, error)
            if not isinstance(error, KeyboardInterrupt):
                raise
            # Typer would swallow it and leave without a word.
            output.note(f"jobctl: {problem(error)['message']}")
            output.leave(ExitCode.INTERRUPTED)

    return run_command

"""`--notify CMD`: run a command when a watch has ended, whatever ended it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from typing import TYPE_CHECKING, Any, Final

from jobctl.cli import output
from jobctl.cli.witness import Witness
from jobctl.errors import ConfigError
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.exit_codes import ExitCode

_PATIENCE: Final = 30.0
"""Seconds: a notification that hangs must not keep a watch from ending."""

_IS_POSIX: Final = os.name == "posix"
_MOST_IDS: Final = 64 * 1024
"""Bytes of `JOBCTL_JOBS`: Linux starts no program with a variable of more than 128 KiB, execve(2)."""


class Notify(Witness):
    """Runs the command once, without a shell: the result line on its stdin, the outline in variables.

    `JOBCTL_EXIT_CODE`, `JOBCTL_JOBS` (ids, unless too many for a variable), and of a single job `JOBCTL_JOB`,
    `JOBCTL_STATUS`. How the command ends changes nothing but a line on stderr.
    """

    def __init__(self, command: str) -> None:
        """Raises ConfigError when it cannot be split into words."""
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise ConfigError(f"--notify: {error}", hint="quote it as a shell would want it") from error
        if not self._words:
            raise ConfigError("--notify: an empty command", hint="give a program and its arguments")

    def end(
        self, results: list[dict[str, Any]], code: ExitCode, problem: dict[str, Any] | None = None
    ) -> None:
        """Run it."""
        document = {"type": "result", "exit_code": int(code), "jobs": results}
        text = json.dumps(document | ({"problem": problem} if problem else {}), default=str)
        ids = [str(one.get("job", "")) for one in results]
        told = {"JOBCTL_EXIT_CODE": str(int(code))}
        if len((together := _carried(" ".join(ids))).encode()) < _MOST_IDS:
            told["JOBCTL_JOBS"] = together
            if len(results) == 1:
                told |= {"JOBCTL_JOB": together, "JOBCTL_STATUS": str(results[0].get("status") or "")}
        name = visible(self._words[0], 80)
        try:
            ended_with = self._run(text.encode(), told)
        except subprocess.TimeoutExpired:
            output.note(f"jobctl: --notify: {name} did not end within {_PATIENCE:g} s, and was stopped")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            output.note(f"jobctl: --notify: cannot run {name}: {reason}")
        else:
            if ended_with:
                output.note(f"jobctl: --notify: {name} ended with {ended_with}")

    def _run(self, stdin: bytes, told: dict[str, str]) -> int:
        group: dict[str, Any] = {"process_group": 0} if _IS_POSIX else {}
        with subprocess.Popen(  # noqa: S603 -- the caller's own command, without a shell
            self._words, stdin=subprocess.PIPE, stdout=2, env=os.environ | told, **group
        ) as process:
            try:
                process.communicate(stdin, _PATIENCE)
            except BaseException:
                _stop(process)
                raise
        return process.returncode


def _carried(text: str) -> str:
    """As a variable may have it: without NUL, and valid Unicode."""
    return text.replace("\0", "").encode("utf-8", "backslashreplace").decode()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End it and whatever it started: what a script leaves behind would keep our stderr open."""
    if _IS_POSIX and process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()

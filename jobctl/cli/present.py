"""What a watch shows: JSON lines for scripts, plain lines elsewhere; the live view builds on the lines."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from jobctl.cli import output
from jobctl.cli.jobs import details, job_document, status_words
from jobctl.cli.repeats import Repeats
from jobctl.client.log_text import shown
from jobctl.durations import format_duration
from jobctl.exit_codes import ExitCode
from jobctl.model import Decision, Job, Observation, Source
from jobctl.reasons import Action, Reason
from jobctl.reconcile import reconcile
from jobctl.stored import stored_record
from jobctl.story import format_time, parse_time
from jobctl.text import visible
from jobctl.watching.events import Finish, Level, Notice
from jobctl.watching.machine import WatchMachine

_TAKING_BACK = frozenset(
    {Reason.CORRECTED, Reason.REQUEUED, Reason.TERMINAL_CORRECTED, Reason.NEW_ATTEMPT, Reason.REOPENED}
)
_QUIET_REASONS = frozenset({Reason.KEEPALIVE, Reason.DUPLICATE, Reason.OTHER_JOB})


class Presenter(Protocol):
    """Where the updates of a watch go."""

    def decision(self, job: str, decision: Decision) -> None:
        """One observation was decided. `job` is the name a job is shown by, here and below."""

    def notice(self, job: str, notice: Notice) -> None:
        """Something to know that is no decision."""

    def log(self, job: str, line: str) -> None:
        """One line of a job's log."""

    def finish(self, job: str, finish: Finish) -> None:
        """One job's watch is over."""

    def end(
        self, results: list[dict[str, Any]], code: ExitCode, problem: dict[str, Any] | None = None
    ) -> None:
        """Everything is over; called exactly once, in every ending. `problem` is what cut it short."""


class JsonLines:
    """`--json`: one object per line, closed by exactly one `result` line."""

    def __init__(
        self,
        record: Callable[[str, Decision], dict[str, Any]] | None,
        document: Callable[[str], dict[str, Any]] = lambda job: {"job": job},
        requests: Callable[[], int] | None = None,
    ) -> None:
        """`record` gives a decision as it stands in the log, `document` names a job, `requests` counts reads.

        Without `record` nothing can be decided any more: only `end` is used.
        """
        self._record, self._document, self._requests = record, document, requests
        self._ended = False

    def decision(self, job: str, decision: Decision) -> None:
        """Write the decision as it stands in the decision log."""
        if self._record is not None:
            output.result_json({"type": "decision"} | self._record(job, decision))

    def notice(self, job: str, notice: Notice) -> None:
        """Write the notice with its stable code."""
        output.result_json(
            {
                "type": "notice",
                "at": format_time(time.time()),
                **self._document(job),
                "code": notice.code.partition(":")[0],
                "level": notice.level.value,
                "text": notice.text,
            }
        )

    def log(self, job: str, line: str) -> None:
        """Write the line as the engine wrote it, in JSON."""
        output.result_json({"type": "log", **self._document(job), "line": line})

    def finish(self, job: str, finish: Finish) -> None:
        """Nothing yet: a job's end stands in the one result line."""

    def end(
        self, results: list[dict[str, Any]], code: ExitCode, problem: dict[str, Any] | None = None
    ) -> None:
        """Close the stream."""
        if not self._ended:
            self._ended = True
            document: dict[str, Any] = {"type": "result", "exit_code": int(code), "jobs": results}
            if self._requests is not None:
                document["requests"] = self._requests()
            output.close_json(document | ({"problem": problem} if problem else {}))


class PlainLines:
    """Applied statuses on stdout; why others were not shown, and notices, on stderr."""

    def __init__(self, *, verbose: bool = False, quiet: bool = False, many: bool = False) -> None:
        self._verbose, self._quiet, self._many = verbose, quiet, many
        self._repeats = Repeats()

    def write(self, text: str, *, is_result: bool) -> None:
        """Put a line where it belongs."""
        if is_result:
            output.result(text)
        else:
            output.note(text)

    def decision(self, job: str, decision: Decision) -> None:
        """Show what was applied, and what would have changed the screen had it been believed."""
        if self._quiet:
            return
        if decision.action is Action.APPLY and decision.after is not None:
            if not decision.after.verified:
                line = f"{_clock()}  {self._subject(job)}{last_known(decision.observation)}"
                self.write(line, is_result=False)
            elif self._verbose or lowers(decision) or self._is_worth_a_line(decision.before, decision.after):
                self.write(self._applied(job, decision, decision.after), is_result=True)
            return
        if self._verbose:
            self.write(self._refused(job, decision), is_result=False)
        elif decision.reason not in _QUIET_REASONS and would_have_changed(decision):
            self._once(job, decision.reason.value, self._refused(job, decision))

    def _is_worth_a_line(self, before: Job | None, after: Job) -> bool:
        return before is None or _shown(before) != _shown(after)

    def notice(self, job: str, notice: Notice) -> None:
        """Show a notice, the same one once."""
        if self._quiet or (notice.level is Level.DETAIL and not self._verbose):
            return
        line = f"{_clock()}  {self._subject(job)}{notice.text}"
        if self._verbose:
            self.write(line, is_result=False)
        else:
            self._once(job, notice.code, line)

    def log(self, job: str, line: str) -> None:
        """Show the line, marked as what it is."""
        self.write(f"{self._subject(job)}| {shown(line)}", is_result=True)

    def wait(self, machines: Mapping[str, WatchMachine]) -> None:
        """Say that nobody has answered so far, while that is so."""
        if not self._quiet and machines and not any(map(_has_answer, machines.values())):
            self.write(f"{_clock()}  still waiting for the first answer", is_result=False)

    def finish(self, job: str, finish: Finish) -> None:
        """Show how one job's watch ended, and what to do next."""
        if not self._many:
            self._tell_repeats()
        name = visible(job, 80)
        if finish.job is not None and finish.ending.value in {"terminal", "until"}:
            doubt = "" if finish.confirmed else "  (unconfirmed)"
            line = "  ".join((name, status_words(finish.job) + doubt, *details(finish.job)))
            self.write(line, is_result=True)
        elif finish.job is not None:
            known = "" if finish.job.verified else "  (unverified)"
            self.write(
                "  ".join((name, status_words(finish.job) + known, *details(finish.job))), is_result=True
            )
        if finish.ending.value not in {"terminal", "until"} or not finish.confirmed:
            self.write(f"jobctl: {name}: {finish.message}", is_result=False)
            if finish.hint:
                self.write(f"  {finish.hint}", is_result=False)

    def end(
        self,
        results: list[dict[str, Any]],  # noqa: ARG002 -- a presenter
        code: ExitCode,  # noqa: ARG002
        problem: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> None:
        """With many jobs, what was seen again and again is summed up at the end."""
        if self._many:
            self._tell_repeats()

    def _subject(self, job: str) -> str:
        return f"{visible(job, 80)}  " if self._many else ""

    def _applied(self, job: str, decision: Decision, after: Job) -> str:
        source, reason = decision.observation.source.value, decision.reason
        why = f"{source}, {reason.value}" if self._verbose or reason.warns else source
        if lowers(decision):
            why = f"{source}, {reason.value}: {reason.sentence}"
        words = "  ".join((status_words(after), *details(after, in_full=self._verbose)))
        return f"{_clock(after.as_of)}  {self._subject(job)}{words}  ({why})"

    def _refused(self, job: str, decision: Decision) -> str:
        seen, reason = decision.observation, decision.reason
        said = seen.raw_status if seen.raw_status is not None else "nothing readable"
        verb = "ignored" if decision.action is Action.IGNORE else "checking"
        return (
            f"{_clock(seen.received_at)}  {self._subject(job)}{verb} {visible(said, 60)!r} from "
            f"{seen.source.value}: {reason.sentence} ({reason.value})"
        )

    def _once(self, job: str, kind: str, line: str) -> None:
        told = self._repeats.told(job, kind, line)
        if told is not None:
            self.write(told, is_result=False)

    def _tell_repeats(self) -> None:
        told = self._repeats.summary()
        if told and not self._quiet:
            self.write(f"{_clock()}  seen more than once: {told}", is_result=False)


def last_known(hint: Observation) -> str:
    """What the memory says about a job, with how old that is: nothing that a read supports yet."""
    known = reconcile(None, hint).after
    if known is None:
        return "nothing is known"
    stored = stored_record(hint.payload) or {}
    age = ""
    with contextlib.suppress(ValueError):
        heard = max(0, int(hint.received_at - parse_time(str(stored.get("as_of")))))
        age = f", {format_duration(heard)} ago via {visible(str(stored.get('source')), 20)}"
    words = "  ".join((status_words(known), *details(known, in_full=False)))
    return f"last known, unverified{age}: {words}"


def _has_answer(machine: WatchMachine) -> bool:
    return machine.last_word_at is not None or machine.reads.last_failure is not None


def lowers(decision: Decision) -> bool:
    """Does it take back what was shown? The rules allow it for a reason, and that must be said."""
    before, after = decision.before, decision.after
    if decision.action is not Action.APPLY or before is None or after is None:
        return False
    if decision.reason in _TAKING_BACK or after.status.rank < before.status.rank:
        return True
    return before.progress is not None and after.progress is not None and after.progress < before.progress


def would_have_changed(decision: Decision) -> bool:
    """Would a client that believes the last word have changed its screen?"""
    seen, known = decision.observation, decision.before
    if seen.status is None:
        return seen.source is not Source.STREAM or decision.reason is Reason.UNREADABLE
    return known is None or seen.status is not known.status


def _shown(job: Job) -> tuple[Any, ...]:
    return job.status, job.raw_status, job.attempt, job.error, job.result, job.progress


def _clock(epoch: float | None = None) -> str:
    return time.strftime("%H:%M:%S", time.localtime(epoch))


def finish_document(
    job: str, finish: Finish | None, code: ExitCode | None, known: Job | None
) -> dict[str, Any]:
    """One job of the `result` line. A watch that others cut short has the ending `stopped`."""
    shown = finish.job if finish else known
    document: dict[str, Any] = job_document(shown) if shown is not None else {"job": job, "status": None}
    document["ending"] = finish.ending.value if finish else "stopped"
    document["confirmed"] = bool(finish and finish.confirmed and shown is not None and shown.verified)
    if code is not None:
        document["exit_code"] = int(code)
    if finish is not None:
        document["message"] = finish.message
        if finish.hint:
            document["hint"] = finish.hint
    return document

"""One watch from the command line: the loop, its signals, its policies, and exactly one ending."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobctl.api import DEFAULT_RATE, JobClient
from jobctl.cli import output
from jobctl.cli.closing import error_ending, problem
from jobctl.cli.feed import Feed
from jobctl.cli.job_logs import JobLogs
from jobctl.cli.parameters import resume_words
from jobctl.cli.present import JsonLines, PlainLines, Presenter, finish_document
from jobctl.cli.records import Records, open_records
from jobctl.cli.signals import ending_signals
from jobctl.cli.witness import Witness
from jobctl.exit_codes import EXIT_CODES, ExitCode, worst
from jobctl.model import JobStatus, Observation
from jobctl.profile.model import Profile
from jobctl.store.memory import Memory
from jobctl.text import visible
from jobctl.watching.driver import Update, Watch
from jobctl.watching.events import Emit, Ending, Finish, Notice
from jobctl.watching.options import WatchOptions
from jobctl.watching.outcome import code_of_finish

_TOLD_TO_WAIT_AFTER = 2.0
"""Seconds without any answer after which plain output says so; the live view shows each of them."""
_DOUBT = frozenset({"cached-reads", "disagreement"})
"""Notices that say: something on the way may answer from memory."""
_NOT_THERE = frozenset({Ending.GONE, Ending.AUTH, Ending.REFUSED})
"""Endings after which a job that never answered is not one to pick up again: the id may be mistyped."""
_STORY_LIMIT = 20
"""Decisions kept in memory per job: the log and the screen have had them already."""


@dataclass
class WatchPlan:
    """Everything a watch from the command line needs to know."""

    profile: Profile
    jobs: list[str]
    options: WatchOptions
    memory: Memory
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    log: Path | None = None
    any_job: bool = False
    fail_fast: bool = False
    insecure: bool = False
    max_rate: float | None = None
    just_submitted: bool = False
    resume: str = ""
    """The command line that picks the watch up again, without the ids."""
    look: str | None = None
    """The command line that lists the jobs, where the API can."""
    logs: JobLogs | None = None
    """Shows the jobs' logs beside."""
    presenter: Presenter | None = None
    """Instead of what fits the terminal."""
    prove: Callable[[str], str] | None = None
    """The command line that proves whether reads of a job are answered from memory."""
    known: dict[str, list[Observation]] = field(default_factory=dict)
    """What was heard before the watch began; what the memory knows comes before it."""
    feed: Feed | None = None
    """Where more ids come from."""
    witnesses: list[Witness] = field(default_factory=list)
    """Who else hears of it: metrics, a notification, a summary."""
    refused: list[dict[str, Any]] = field(default_factory=list)
    """Documents of jobs that were settled before the watch; they stand in the result line too."""


@dataclass
class WatchResult:
    """How each job ended, and the code of all of them together."""

    finishes: dict[str, Finish]
    code: ExitCode


def run_watch(plan: WatchPlan, judge: Callable[[Finish], ExitCode] | None = None) -> WatchResult:
    """Watch to the end and present it. `judge` gives the exit code of one ended job."""
    for job, hint in plan.memory.known(plan.jobs).items():
        plan.known[job] = [hint, *plan.known.get(job, ())]
    session = _Session(plan, judge or (lambda finish: code_of_finish(finish, plan.options.until)))
    try:
        return asyncio.run(session.run())
    except (Exception, KeyboardInterrupt) as error:
        if plan.as_json and not isinstance(error, output.ReaderGone | output.StdoutLost):
            session.fail(error)
        raise


class _Session:
    def __init__(self, plan: WatchPlan, judge: Callable[[Finish], ExitCode]) -> None:
        self._plan, self._judge = plan, judge
        self._finishes: dict[str, Finish] = {}
        self._codes: dict[str, ExitCode] = {}
        self._watch: Watch | None = None
        self._signals = 0
        self._presenter: Presenter = JsonLines(None)

    async def run(self) -> WatchResult:
        plan = self._plan
        async with JobClient(
            plan.profile, insecure=plan.insecure, max_rate=plan.max_rate or DEFAULT_RATE
        ) as client:
            watch = self._watch = Watch(client, plan.options, client.gate)
            with ExitStack() as stack:
                follow = plan.options.follow_restarts
                records = stack.enter_context(
                    open_records(plan.log, client.calls.reader, plan.memory, follow_restarts=follow)
                )
                self._presenter = self._choose_presenter(watch, stack, records)
                stack.enter_context(ending_signals(self._on_signal))
                for witness in plan.witnesses:
                    witness.begin(watch)
                if plan.logs is not None:
                    stack.enter_context(plan.logs.beside(client, watch, self._presenter))
                for job in plan.jobs:
                    watch.add(job, plan.known.get(job, ()), just_submitted=plan.just_submitted)
                if plan.feed is not None:
                    plan.feed.begin(watch, lambda job: self._add(watch, job))
                if isinstance(self._presenter, PlainLines):
                    loop = asyncio.get_running_loop()
                    waiting = loop.call_later(_TOLD_TO_WAIT_AFTER, self._presenter.wait, watch.machines)
                    stack.callback(waiting.cancel)
                async for update in watch:
                    if plan.logs is not None:
                        await plan.logs.before(update)
                    self._take(update, records)
                    if (why := self._decided_by(update)) is not None:
                        break
                else:
                    why = None
                watch.drop()
                for update in watch.pending():
                    self._take(update, records)
                await watch.aclose()
            return self._end(watch, why)

    def _add(self, watch: Watch, job: str) -> None:
        if job not in watch.drivers:
            self._plan.jobs.append(job)
            watch.add(job)

    def fail(self, error: BaseException) -> None:
        """Close the JSON stream of a watch that could not go on; what has ended before stays as it ended."""
        open_jobs = [job for job in self._plan.jobs if job not in self._finishes]
        documents, code = error_ending(open_jobs, error)
        ended = [
            finish_document(job, finish, self._codes.get(job), finish.job)
            for job, finish in self._finishes.items()
        ]
        self._tell_end([*self._plan.refused, *ended, *documents], code, problem(error))

    def _tell_end(
        self, results: list[dict[str, Any]], code: ExitCode, cut_short: dict[str, Any] | None = None
    ) -> None:
        self._presenter.end(results, code, cut_short)
        witnesses, self._plan.witnesses = self._plan.witnesses, []
        for witness in witnesses:
            witness.end(results, code, cut_short)

    def _choose_presenter(self, watch: Watch, stack: ExitStack, records: Records) -> Presenter:
        plan = self._plan
        if plan.presenter is not None:
            return plan.presenter
        if plan.as_json:
            return JsonLines(records.recorder)
        many = len(plan.jobs) > 1 or plan.feed is not None
        if plan.quiet or not (output.is_terminal(sys.stdout) and output.is_terminal(sys.stderr)):
            return PlainLines(verbose=plan.verbose, quiet=plan.quiet, many=many)
        from jobctl.cli.live import LiveLines

        return stack.enter_context(
            LiveLines(lambda: watch.machines, watch.gate.budget, verbose=plan.verbose, many=many)
        )

    def _take(self, update: Update, records: Records) -> None:
        match update.item:
            case Emit(decision):
                records.write(decision)
                self._presenter.decision(decision)
                for witness in self._plan.witnesses:
                    witness.decision(decision)
            case Notice() as notice:
                text = notice.text + self._how_to_prove(update.job, of_doubt=notice.code in _DOUBT)
                self._presenter.notice(update.job, notice._replace(text=text))
                for witness in self._plan.witnesses:
                    witness.notice(update.job, notice)
            case Finish() as finish:
                doubt = finish.ending is Ending.TERMINAL and not finish.confirmed and finish.hint is not None
                hint = (finish.hint or "") + self._how_to_prove(update.job, of_doubt=doubt)
                finish = finish._replace(hint=hint or None)
                self._finishes[update.job] = finish
                self._codes[update.job] = self._judge(finish)
                if finish.ending not in _NOT_THERE:
                    self._plan.memory.touch(update.job)
                self._presenter.finish(update.job, finish)
                for witness in self._plan.witnesses:
                    witness.finish(update.job, finish)

    def _how_to_prove(self, job: str, *, of_doubt: bool) -> str:
        return f"; prove it: {self._plan.prove(job)}" if of_doubt and self._plan.prove else ""

    def _decided_by(self, update: Update) -> str | None:
        """Return why the others need not be waited for."""
        if not isinstance(update.item, Finish):
            return None
        name, got_there = visible(update.job, 80), self._codes[update.job] is ExitCode.COMPLETED
        if self._plan.any_job and got_there:
            return f"{name} got there, and --any asks for no more"
        if self._plan.fail_fast and not got_there:
            return f"{name} did not get there, and --fail-fast waits for no other"
        return None

    def _end(self, watch: Watch, why: str | None) -> WatchResult:
        plan = self._plan
        if plan.any_job and ExitCode.COMPLETED in self._codes.values():
            code = ExitCode.COMPLETED
        else:
            code = worst(self._codes.values())
        machines = watch.machines
        results: list[dict[str, Any]] = [
            finish_document(job, self._finishes.get(job), self._codes.get(job), machines[job].job)
            for job in plan.jobs
        ]
        if plan.feed is not None and plan.feed.refused:
            plan.refused += plan.feed.refused
            code = worst([code, ExitCode.USAGE])
        settled = [EXIT_CODES[document["exit_code"]] for document in plan.refused if "exit_code" in document]
        self._tell_end([*plan.refused, *results], worst([code, *settled]))
        self._tell_how_to_resume(why)
        return WatchResult(self._finishes, code)

    def _tell_how_to_resume(self, why: str | None) -> None:
        endings = {job: finish.ending.value for job, finish in self._finishes.items()}
        open_jobs = [
            job
            for job in self._plan.jobs
            if endings.get(job, "stopped")
            in {"stopped", "deadline", "lost-contact", "interrupted", "stalled"}
        ]
        if not open_jobs or self._plan.quiet or self._plan.as_json:
            return
        if why is not None:
            output.note(f"jobctl: {why}")
        if self._plan.resume:
            output.note(f"jobctl: {resume_words(self._plan.resume, self._plan.look, open_jobs)}")

    def _on_signal(self) -> None:
        self._signals += 1
        if self._signals > 1 or self._watch is None:
            raise KeyboardInterrupt
        self._watch.interrupt()


def make_options(
    *,
    until: JobStatus | None = None,
    timeout: float | None = None,
    interval: float | None = None,
    lost_after: float | None = None,
    stall_after: float | None = None,
    no_stream: bool = False,
    follow_restarts: bool = False,
    verify_each: bool = False,
) -> WatchOptions:
    """Turn flags (None: not given) into options."""
    given = {
        "until": until,
        "timeout": timeout,
        "interval": interval,
        "lost_after": lost_after,
        "first_contact": lost_after,
        "stall_after": stall_after,
    }
    return WatchOptions(
        story_limit=_STORY_LIMIT,
        use_stream=not no_stream,
        follow_restarts=follow_restarts,
        verify_each=verify_each,
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
    )

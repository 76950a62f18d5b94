"""One watch from the command line: the loop, its signals, its policies, and exactly one ending."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from typing import Any

from jobctl.cli import output
from jobctl.cli.closing import error_ending, problem
from jobctl.cli.parameters import resume_words
from jobctl.cli.plan import WatchPlan
from jobctl.cli.present import JsonLines, PlainLines, Presenter, finish_document
from jobctl.cli.sides import Sides, WatchedJob
from jobctl.cli.signals import ending_signals
from jobctl.exit_codes import EXIT_CODES, ExitCode, worst
from jobctl.model import Job
from jobctl.text import visible
from jobctl.watching.driver import Watch
from jobctl.watching.events import Emit, Ending, Finish, Notice, Update
from jobctl.watching.outcome import code_of_finish

_TOLD_TO_WAIT_AFTER = 2.0
"""Seconds without any answer after which plain output says so; the live view shows each of them."""
_DOUBT = frozenset({"cached-reads", "disagreement"})
"""Notices that say: something on the way may answer from memory."""
_GO_ON = frozenset({"stopped", "deadline", "lost-contact", "interrupted", "stalled"})
"""Endings of a watch that say nothing about an end of the job."""
_NOT_THERE = frozenset({Ending.GONE, Ending.AUTH, Ending.REFUSED})
"""Endings after which a job that never answered is not one to pick up again: the id may be mistyped."""


@dataclass
class WatchResult:
    """How each job ended, and the code of all of them together."""

    finishes: dict[str, Finish]
    code: ExitCode


def run_watch(plan: WatchPlan, judge: Callable[[Finish], ExitCode] | None = None) -> WatchResult:
    """Watch to the end and present it. `judge` gives the exit code of one ended job."""
    for job, hint in plan.side.memory.known(plan.jobs).items():
        plan.known[job] = [hint, *plan.known.get(job, ())]
    session = _Session(plan, judge or (lambda finish: code_of_finish(finish, plan.options.until)))
    try:
        return asyncio.run(session.run())
    except (Exception, KeyboardInterrupt) as error:
        session.fail(error)
        raise


class _Session:
    def __init__(self, plan: WatchPlan, judge: Callable[[Finish], ExitCode]) -> None:
        self._plan, self._judge = plan, judge
        self._finishes: dict[str, Finish] = {}
        self._codes: dict[str, ExitCode] = {}
        self._watch: Watch | None = None
        self._sides: Sides | None = None
        self._signals = 0
        self._presenter: Presenter = JsonLines(None)

    async def run(self) -> WatchResult:
        plan = self._plan
        async with AsyncExitStack() as stack:
            sides = self._sides = Sides(stack, plan.manner, plan.side, plan.other_side)
            watch = self._watch = Watch(sides.main.client, plan.options, sides.main.client.gate)
            with ExitStack() as screen:  # what is told at the end is told below it, and may be interrupted
                self._presenter = self._choose_presenter(watch, screen, sides)
                screen.enter_context(ending_signals(self._on_signal))
                self._begin(watch, sides, screen)
                why = await self._follow(watch, sides)
                watch.drop()
                for update in watch.pending():
                    self._take(update, sides)
                await watch.aclose()
            return self._end(watch, sides, why)

    def _begin(self, watch: Watch, sides: Sides, screen: ExitStack) -> None:
        plan = self._plan
        for witness in plan.witnesses:
            witness.begin(watch)
        if plan.logs is not None:
            screen.enter_context(plan.logs.beside(watch, self._presenter))
        for job in plan.jobs:
            watch.add(job, plan.known.get(job, ()), just_submitted=plan.just_submitted)
        if plan.feed is not None:
            plan.feed.begin(watch, sides.profile_of, self._add)
        if isinstance(presenter := self._presenter, PlainLines):
            waiting = asyncio.get_running_loop().call_later(
                _TOLD_TO_WAIT_AFTER, lambda: presenter.wait(watch.machines)
            )
            screen.callback(waiting.cancel)

    async def _follow(self, watch: Watch, sides: Sides) -> str | None:
        """Take what comes until nothing more does; return why the rest need not be waited for."""
        async for update in watch:
            if self._plan.logs is not None:
                await self._plan.logs.before(update)
            self._take(update, sides)
            if (why := self._decided_by(update)) is not None:
                return why
        return None

    def _add(self, job: str, profile: str | None) -> None:
        """Watch one more job; raises `ConfigError` when that cannot be."""
        if self._watch is None or self._sides is None:
            return
        name, api = self._sides.add(job, profile, self._watch.add_api)
        if name not in self._watch.drivers:
            self._plan.jobs.append(name)
            self._watch.add(job, api=api, name=name)

    def fail(self, error: BaseException) -> None:
        """Tell the end of a watch that could not go on; what has ended before stays as it ended."""
        open_jobs = [job for job in self._plan.jobs if job not in self._finishes]
        documents, code = error_ending(open_jobs, error)
        if self._sides is not None:
            documents = [one | self._sides.document(one["job"]) for one in documents]
        ended = [self._document(name, finish.job) for name, finish in self._finishes.items()]
        results = [*self._refused(), *ended, *documents]
        try:
            # Without --json the error itself is what is shown, and a reader that left is shown nothing.
            if self._plan.as_json and not isinstance(error, output.ReaderGone | output.StdoutLost):
                self._presenter.end(results, code, problem(error))
        finally:
            self._tell_witnesses(results, code, problem(error))

    def _refused(self) -> list[dict[str, Any]]:
        """Documents of what was never watched."""
        return [*self._plan.refused, *(self._plan.feed.refused if self._plan.feed is not None else ())]

    def _tell_witnesses(
        self, results: list[dict[str, Any]], code: ExitCode, cut_short: dict[str, Any] | None = None
    ) -> None:
        witnesses, self._plan.witnesses = self._plan.witnesses, []
        for witness in witnesses:
            witness.end(results, code, cut_short)

    def _document(self, name: str, known: Job | None) -> dict[str, Any]:
        """One job of the result line."""
        said = finish_document(name, self._finishes.get(name), self._codes.get(name), known)
        return said if self._sides is None else said | self._sides.document(name)

    def _choose_presenter(self, watch: Watch, screen: ExitStack, sides: Sides) -> Presenter:
        plan = self._plan
        if plan.presenter is not None:
            return plan.presenter
        if plan.as_json:
            return JsonLines(sides.record, sides.document, lambda: watch.requests)
        many = len(plan.jobs) > 1 or plan.feed is not None
        if plan.quiet or not (output.is_terminal(sys.stdout) and output.is_terminal(sys.stderr)):
            return PlainLines(verbose=plan.verbose, quiet=plan.quiet, many=many)
        from jobctl.cli.live import LiveLines

        return screen.enter_context(
            LiveLines(
                lambda: watch.machines,
                watch.budget_of,
                lambda: watch.expects_more,
                verbose=plan.verbose,
                many=many,
            )
        )

    def _take(self, update: Update, sides: Sides) -> None:
        job = sides.of(update.job)
        match update.item:
            case Emit(decision):
                job.of.records.write(decision)
                self._presenter.decision(update.job, decision)
                for witness in self._plan.witnesses:
                    witness.decision(update.job, decision)
            case Notice() as notice:
                text = notice.text + _how_to_prove(job, of_doubt=notice.code in _DOUBT)
                self._presenter.notice(update.job, notice._replace(text=text))
                for witness in self._plan.witnesses:
                    witness.notice(update.job, notice)
            case Finish() as finish:
                doubt = finish.ending is Ending.TERMINAL and not finish.confirmed and finish.hint is not None
                hint = (finish.hint or "") + _how_to_prove(job, of_doubt=doubt)
                finish = finish._replace(hint=hint or None)
                self._finishes[update.job] = finish
                self._codes[update.job] = self._judge(finish)
                if finish.ending not in _NOT_THERE:
                    job.of.side.memory.touch(job.id)
                self._presenter.finish(update.job, finish)
                for witness in self._plan.witnesses:
                    witness.finish(update.job, finish)

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

    def _end(self, watch: Watch, sides: Sides, why: str | None) -> WatchResult:
        plan = self._plan
        if plan.any_job and ExitCode.COMPLETED in self._codes.values():
            code = ExitCode.COMPLETED
        else:
            code = worst(self._codes.values())
        machines = watch.machines
        results = [self._document(name, machines[name].job) for name in plan.jobs]
        if plan.feed is not None and plan.feed.refused:
            code = worst([code, ExitCode.USAGE])
        refused = self._refused()
        settled = [EXIT_CODES[document["exit_code"]] for document in refused if "exit_code" in document]
        results, together = [*refused, *results], worst([code, *settled])
        self._presenter.end(results, together)
        self._tell_witnesses(results, together)
        self._tell_how_to_resume(sides, why)
        return WatchResult(self._finishes, code)

    def _tell_how_to_resume(self, sides: Sides, why: str | None) -> None:
        endings = {job: finish.ending.value for job, finish in self._finishes.items()}
        open_jobs = [job for job in self._plan.jobs if endings.get(job, "stopped") in _GO_ON]
        if not open_jobs or self._plan.quiet or self._plan.as_json:
            return
        if why is not None:
            output.note(f"jobctl: {why}")
        for side, ids in sides.by_side(open_jobs):
            if side.resume:
                output.note(f"jobctl: {resume_words(side.resume, side.look, ids)}")

    def _on_signal(self) -> None:
        self._signals += 1
        if self._signals > 1 or self._watch is None:
            raise KeyboardInterrupt
        self._watch.interrupt()
        if self._plan.logs is not None:
            self._plan.logs.stop()


def _how_to_prove(job: WatchedJob, *, of_doubt: bool) -> str:
    prove = job.of.side.prove
    return f"; prove it: {prove(job.id)}" if of_doubt and prove else ""

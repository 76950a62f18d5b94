"""`jobctl cancel`: ask for a cancel, and report what really became of the job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from jobctl.cli import output
from jobctl.cli.closing import job_problem
from jobctl.cli.parameters import (
    BaseUrlOption,
    ConfigOption,
    InsecureOption,
    JobsArgument,
    JsonOption,
    LogOption,
    ProfileOption,
    QuietOption,
    TimeoutOption,
    VerboseOption,
    check_jobs,
    resume_command,
    settings_for,
)
from jobctl.cli.records import Records, memory_of, open_records
from jobctl.errors import JobctlError, UnheardOf
from jobctl.exit_codes import ExitCode, code_of_error, worst
from jobctl.observe import Reader
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.api import FirstDecision
    from jobctl.client.blocking import BlockingCarrier
    from jobctl.client.calls import Calls, CancelAnswer
    from jobctl.model import Observation
    from jobctl.profile.model import Profile
    from jobctl.watching.events import Finish

_WAIT: Final = 60.0


def cancel(
    jobs: JobsArgument,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Ask, and do not wait for the end.")] = False,
    timeout: TimeoutOption = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    config: ConfigOption = None,
    insecure: InsecureOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    log: LogOption = None,
) -> None:
    """Ask for a cancel and wait (60s, or --timeout) until the job has really ended.

    Exits 0 when it is cancelled, 9 when the server refused or the job ended otherwise: its real status is
    printed. A cancel answer alone never makes a job `cancelled`.
    """
    chosen = settings_for(profile, base_url, config, timeout=timeout)
    ids = check_jobs(jobs, chosen.profile)
    asked = _Asking(chosen.profile, insecure=insecure, quiet=quiet, as_json=as_json, many=len(ids) > 1)
    with memory_of(chosen.profile) as memory:
        with open_records(log, Reader(chosen.profile), memory) as records:
            asked.ask(ids, records, only=no_wait)
        waiting = [job for job in ids if job in asked.accepted]
        if no_wait or not waiting:
            if as_json:
                told = [asked.documents.get(job) or _requested(job) for job in ids]
                output.close_json({"exit_code": int(asked.code()), "jobs": told})
            output.leave(asked.code())
        from jobctl.cli.plan import WatchPlan, make_options
        from jobctl.cli.session import run_watch
        from jobctl.cli.sides import ApiSide, Manner
        from jobctl.model import JobStatus

        plan = WatchPlan(
            ApiSide(
                chosen.profile,
                memory,
                resume_command("watch", profile, base_url, config),
                resume_command("list", profile, base_url, config) if chosen.profile.list else None,
            ),
            waiting,
            make_options(until=JobStatus.CANCELLED, timeout=chosen.timeout or _WAIT),
            Manner(insecure=insecure, log=log),
            as_json=as_json,
            quiet=quiet,
            verbose=verbose,
            known={job: [seen] for job in waiting if (seen := asked.accepted[job]) is not None},
            refused=list(asked.documents.values()),
        )
        watched = run_watch(plan, asked.judge)
    if not as_json:
        for job, finish in watched.finishes.items():
            _tell_end(job, finish)
    output.leave(worst([*asked.codes, watched.code]))


def _requested(job: str) -> dict[str, Any]:
    """A job whose cancel was accepted and not waited for: what becomes of it nobody knows yet."""
    return {"job": job, "status": None, "cancel": "requested", "exit_code": 0}


def judge_cancel(finish: Finish) -> ExitCode:
    """A job that ended in any other way than asked was not cancelled: 9."""
    from jobctl.model import JobStatus
    from jobctl.watching.outcome import code_of_finish

    if finish.job is not None and finish.job.status.terminal and finish.ending.value == "terminal":
        return ExitCode.COMPLETED if finish.job.status is JobStatus.CANCELLED else ExitCode.CANCEL_REFUSED
    return code_of_finish(finish, JobStatus.CANCELLED)


def _tell_end(job: str, finish: Finish) -> None:
    if finish.job is None or finish.ending.value != "terminal":
        return
    status = finish.job.status.value
    said = "cancel confirmed" if status == "cancelled" else f"not cancelled: the job {_ended(status)} first"
    output.note(f"jobctl: {visible(job, 80)}: {said}")


def _ended(status: str) -> str:
    return {"completed": "completed", "failed": "failed"}.get(status, f"ended {status}")


class _Asking:
    """Sends the cancels one by one and settles those that were refused."""

    def __init__(
        self, profile: Profile, *, insecure: bool, quiet: bool, as_json: bool, many: bool = False
    ) -> None:
        self._profile, self._insecure, self._quiet, self._as_json = profile, insecure, quiet, as_json
        self._many = many
        self.accepted: dict[str, Observation | None] = {}
        self.documents: dict[str, dict[str, Any]] = {}
        self.codes: list[ExitCode] = []
        self._unheard_of: set[str] = set()

    def judge(self, finish: Finish) -> ExitCode:
        """Return the code of one ended job: that an id is marked as cancelled proves no job behind it."""
        code = judge_cancel(finish)
        is_doubtful = finish.job is not None and finish.job.id in self._unheard_of
        return ExitCode.UNDECIDED if is_doubtful and code is ExitCode.COMPLETED else code

    def ask(self, jobs: list[str], records: Records, *, only: bool) -> None:
        """Ask for each; one that fails does not keep the others from being asked.

        `only`: nobody watches what comes of it, so that what an accepting answer says is decided here.
        """
        from jobctl.api import decide_first
        from jobctl.model import Source
        from jobctl.reconcile import reconcile
        from jobctl.scripting import blocking

        with blocking(self._profile, insecure=self._insecure, tell=output.tell) as (calls, http):
            for job in jobs:
                try:
                    self._look_first(calls, http, job)
                    answer = http.run(calls.cancel(job))
                except JobctlError as error:
                    self._failed(job, error)
                    continue
                if answer.accepted:
                    self.accepted[job] = answer.observation
                    if only and answer.observation is not None:
                        records.write(reconcile(None, answer.observation))
                    self._note(f"{visible(job, 80)}: cancel requested")
                    continue
                try:
                    real = decide_first(http.run(calls.read(job, Source.VERIFY)))
                except JobctlError as error:
                    self._refused_and_unread(job, answer, error)
                    continue
                records.write(real.decision)
                self._refused(job, answer, real)

    def _look_first(self, calls: Calls, http: BlockingCarrier, job: str) -> None:
        """Some engines mark any id as cancelled: find out whether anybody has ever heard of this one."""
        if not self._profile.unknown_looks_like:
            return
        try:
            http.run(calls.read(job))
        except UnheardOf as error:
            self._unheard_of.add(job)
            self._note(
                f"{visible(job, 80)}: nobody has heard of it ({error.message}): a job that still waits in a "
                "queue is cancelled by this, a mistyped id is only marked"
            )

    def code(self) -> ExitCode:
        """The worst of those that are settled."""
        return worst(self.codes)

    def _failed(self, job: str, error: JobctlError, **told: Any) -> None:
        self.codes.append(code_of_error(error))
        self.documents[job] = job_problem(job, error) | told
        output.show_error(error, about=job if self._many else None)

    def _refused_and_unread(self, job: str, answer: CancelAnswer, error: JobctlError) -> None:
        """The refusal stands; what the job really is nobody could read."""
        detail = _detail(answer)
        code = worst([ExitCode.CANCEL_REFUSED, code_of_error(error)])
        self._tell_refusal(job, "cancel refused", detail)
        self._failed(job, error, cancel="refused", detail=detail, exit_code=int(code))

    def _refused(self, job: str, answer: CancelAnswer, real: FirstDecision) -> None:
        from jobctl.cli.jobs import cache_warning, job_document, job_line, read_evidence
        from jobctl.model import JobStatus

        status = real.job.status
        done = status is JobStatus.CANCELLED
        code = ExitCode.COMPLETED if done else ExitCode.CANCEL_REFUSED
        self.codes.append(code)
        detail = _detail(answer)
        self.documents[job] = job_document(real.job) | read_evidence(real.decision.observation)
        self.documents[job] |= {
            "cancel": "already-cancelled" if done else "refused",
            "detail": detail,
            "exit_code": int(code),
        }
        self._tell_refusal(job, "already cancelled" if done else "cancel refused", detail)
        if warning := cache_warning(real.decision.observation):
            self._note(warning)
        if not status.terminal:
            self._note(
                f"{visible(job, 80)}: this contradicts the read, which says {status.value}: "
                "a cache may have answered it, or the refusal has another reason"
            )
        if not self._as_json:
            output.result(job_line(real.job))

    def _tell_refusal(self, job: str, words: str, detail: str) -> None:
        self._note(f"{visible(job, 80)}: {words}; the server says: {visible(detail, 500)}")

    def _note(self, text: str) -> None:
        if not self._quiet:
            output.note(f"jobctl: {text}")


def _detail(answer: CancelAnswer) -> str:
    return answer.detail or f"HTTP {answer.status}"

"""`jobctl status`: one uncached read of each job, through the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.cli import output
from jobctl.cli.active import target_of
from jobctl.cli.closing import job_problem
from jobctl.cli.jobs import cache_warning, job_document, job_line, read_evidence, status_code
from jobctl.cli.parameters import (
    BaseUrlOption,
    ConfigOption,
    InsecureOption,
    JsonOption,
    LogOption,
    OptionalJobsArgument,
    ProfileOption,
    check_jobs,
    settings_for,
)
from jobctl.cli.records import memory_of, open_records
from jobctl.store.memory import Memory
from jobctl.text import visible

if TYPE_CHECKING:
    from jobctl.api import FirstDecision
    from jobctl.client.blocking import BlockingCarrier
    from jobctl.client.calls import Calls


def status(
    jobs: OptionalJobsArgument = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    config: ConfigOption = None,
    insecure: InsecureOption = False,
    as_json: JsonOption = False,
    log: LogOption = None,
) -> None:
    """Read jobs once, past any cache, and print what the server says now.

    Without a JOB it reads the one that was submitted or watched last.
    Exits 0 unless a job failed (3), was cancelled (4), is not there (8), or could not be read.
    """
    from jobctl.errors import JobctlError
    from jobctl.exit_codes import code_of_error, worst
    from jobctl.scripting import blocking

    jobs, profile, base_url = target_of(jobs, profile, base_url, config)
    chosen = settings_for(profile, base_url, config)
    codes, documents = [], []
    with (
        memory_of(chosen.profile) as memory,
        blocking(chosen.profile, insecure=insecure, tell=output.tell) as (calls, http),
        open_records(log, calls.reader, memory) as records,
    ):
        for job in check_jobs(jobs, chosen.profile):
            try:
                decision, found = _read(calls, http, memory, job)
            except JobctlError as error:
                if not as_json:
                    _tell_last_known(memory, job)
                if len(jobs) == 1 and not as_json:
                    raise
                codes.append(code_of_error(error))
                documents.append(job_problem(job, error))
                output.show_error(error, about=job if len(jobs) > 1 else None)
                continue
            records.write(decision)
            codes.append(status_code(found))
            seen = decision.observation
            documents.append(job_document(found) | read_evidence(seen) | {"exit_code": int(codes[-1])})
            if warning := cache_warning(seen):
                output.tell(warning)
            if not as_json:
                output.result(job_line(found))
        code = worst(codes)
        if as_json:  # before the memory is closed, which may wait for whoever holds the database
            output.close_json({"exit_code": int(code), "jobs": documents})
    output.leave(code)


def _read(calls: Calls, http: BlockingCarrier, memory: Memory, job: str) -> FirstDecision:
    """Read one job; one that is known to exist may wait for its first worker, as the API says of any id.

    Raises:
        UnheardOf: nobody ever heard of it, or it was further on and is forgotten.
        ConfigError, TransportError, ApiError, ProtocolError: see `jobctl.errors`.
    """
    from jobctl.api import decide_first
    from jobctl.errors import UnheardOf
    from jobctl.model import Source

    try:
        seen = http.run(calls.read(job, Source.VERIFY))
    except UnheardOf as error:
        from jobctl.watching.failures import is_queued

        if not is_queued(error, memory.known([job]).get(job), created=True):
            raise
        seen = error.seen
        word = visible(seen.raw_status or "", 40)
        output.tell(
            f"{visible(job, 80)}: no worker has received it yet: {word} is what the API says of any id, "
            "and that there is this job is known from before"
        )
    return decide_first(seen)


def _tell_last_known(memory: Memory, job: str) -> None:
    """What was heard before, where nothing can be heard now."""
    from jobctl.cli.present import last_known

    for hint in memory.known([job]).values():
        output.tell(f"{visible(job, 80)}: {last_known(hint)}")

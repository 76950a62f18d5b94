"""A job as a person and as a script read it."""

from __future__ import annotations

import json
from typing import Any, Final

from jobctl.exit_codes import ExitCode, code_of_status
from jobctl.model import Job, JobStatus, Observation
from jobctl.story import format_time
from jobctl.text import visible

_RESULT_LIMIT: Final = 300


def status_code(job: Job) -> ExitCode:
    """Return the exit code of a single look: a job that still goes on is no failure."""
    if job.status.terminal:
        return code_of_status(job.status)
    return ExitCode.UNDECIDED if job.status is JobStatus.UNKNOWN else ExitCode.COMPLETED


def job_document(job: Job) -> dict[str, Any]:
    """A job as JSON, in the API's own words where they exist."""
    return {
        "job": job.id,
        "status": job.status.value,
        "raw_status": job.raw_status,
        "terminal": job.status.terminal,
        "progress": job.progress,
        "updated_at": job.updated_at.text if job.updated_at else None,
        "attempt": job.attempt,
        "error": job.error,
        "result": job.result,
        "source": job.source.value,
        "as_of": format_time(job.as_of),
    }


def read_evidence(seen: Observation) -> dict[str, Any]:
    """What the answer itself says about where it came from."""
    return {"cached_by": seen.http.cached_by if seen.http is not None else None}


def cache_warning(seen: Observation) -> str | None:
    """What a person must know about an answer that admits to come from a store."""
    if seen.http is None or seen.http.cached_by is None:
        return None
    return (
        f"{visible(seen.job, 80)}: this answer came from a cache ({seen.http.cached_by}) and may be old: "
        "read it directly, past any proxy; `jobctl diagnose` proves who keeps it"
    )


def job_line(job: Job) -> str:
    """A job on one line: `1193930  completed  100 %  updated …  result 65018`."""
    return "  ".join((visible(job.id, 80), status_words(job), *details(job)))


def status_words(job: Job) -> str:
    """`running (processing)`: our word, and the API's own where it differs."""
    raw = visible(job.raw_status, 60)
    return job.status.value if raw.casefold() == job.status.value else f"{job.status.value} ({raw})"


def details(job: Job, *, in_full: bool = True) -> list[str]:
    """What else is known, in the order a person asks for it. `in_full` adds the server's time."""
    found = []
    if job.progress is not None:
        found.append(f"{job.progress:.3g} %")
    if job.attempt is not None:
        found.append(f"attempt {job.attempt}")
    if job.updated_at is not None and in_full:
        found.append(f"updated {visible(job.updated_at.text, 40)}")
    if job.error is not None:
        found.append(f"error: {as_text(job.error)}")
    if job.result is not None:
        found.append(f"result {as_text(job.result)}")
    return found


def as_text(value: Any) -> str:
    """Any JSON value of the server on one printable line."""
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return visible(value, _RESULT_LIMIT)

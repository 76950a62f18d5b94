"""What a watch says: its endings (constructors of `Finish`) and its notices. Pure; the machine says which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobctl.durations import format_duration
from jobctl.model import Job, JobStatus, Observation
from jobctl.watching.events import Ending, Failure, FailureKind, Finish

if TYPE_CHECKING:
    from jobctl.watching.options import WatchOptions


def terminal(job: Job | None) -> Finish:
    """The server's own end."""
    return Finish(Ending.TERMINAL, job, f"job ended: {job.status.value if job else 'unknown'}")


def until_reached(job: Job) -> Finish:
    """The status waited for was reached (or passed)."""
    return Finish(Ending.UNTIL, job, f"job is {job.status.value}")


def unconfirmed(job: Job | None, claim: Observation) -> Finish:
    """Verified reads ran out and never supported the end that was claimed."""
    status = claim.status or JobStatus.UNKNOWN
    ended = Job(
        claim.job,
        status,
        claim.raw_status or status.value,
        claim.updated_at,
        claim.progress,
        claim.attempt,
        claim.error,
        claim.result,
        revision=job.revision if job else 0,
        source=claim.source,
        as_of=claim.received_at,
    )
    return Finish(
        Ending.TERMINAL,
        ended,
        f"the {claim.source.value} says {status.value}, and no read confirms it",
        "something on the way may answer reads from memory: read the job directly, past any proxy",
        confirmed=False,
    )


def disagreement(job: Job | None, claim: Observation) -> str:
    """The notice while reads contradict a claimed end."""
    says = claim.status.value if claim.status else "an end"
    reads = f"reads still say {job.status.value}" if job else "no read says so yet"
    return f"the {claim.source.value} says {says}, {reads}: cached on the way?"


def without_record(problem: str) -> str:
    """The notice when a proven end has to do without its record."""
    return f"the final record could not be read ({problem}): result and error may be missing, read it later"


def from_a_store(cached_by: str) -> str:
    """The notice when reads themselves say that they come from a cache."""
    return f"reads come from a cache ({cached_by}): what is shown may be old"


def polling_only(options: WatchOptions) -> str:
    """The notice when the stream is given up."""
    return f"the socket brought nothing {options.max_stream_sessions} times in a row: polling only"


def deadline(job: Job | None, timeout: float, failure: Failure | None, until: JobStatus) -> Finish:
    """The caller's own time is up."""
    if job is not None and job.verified:
        last = f"the job is {job.status.value} and goes on"
    else:
        last = "nothing was read" + (f"; last known {job.status.value}" if job is not None else "")
    why = f" (last read failed: {failure.message})" if failure else ""
    return Finish(Ending.DEADLINE, job, f"not {until.value} after {format_duration(timeout)}: {last}{why}")


def auth_refused(job: Job | None, failure: Failure) -> Finish:
    """401 or 403: no waiting will help."""
    return Finish(Ending.AUTH, job, failure.message, failure.hint, failure=failure)


def gone(job: Job | None, failure: Failure) -> Finish:
    """Not found before it was ever seen, or no longer there."""
    if job is None or not job.verified:
        message, hint = f"no such job ({failure.message})", "check the id, --profile and --base-url"
    else:
        message = f"the job is gone; last seen {job.status.value}"
        hint = "the server forgot it or was reset; its end, if it had one, was not seen"
    return Finish(Ending.GONE, job, message, hint, failure=failure)


def lost(job: Job | None, failure: Failure | None, claim: Observation | None, *, after: float) -> Finish:
    """No good read for too long. This says nothing about the job."""
    why = f": {failure.message}" if failure else ""
    if claim is not None and claim.status is not None:
        why += f"; the {claim.source.value} said {claim.status.value}, unconfirmed"
    message = f"lost contact, no good read for {format_duration(after)}{why}"
    hint = failure.hint if failure else None
    return Finish(Ending.LOST, job, message, hint, failure=failure)


def unreachable(job: Job | None, failure: Failure) -> Finish:
    """Nobody can be reached there, in a way that asking again will not change."""
    return Finish(Ending.LOST, job, failure.message, failure.hint, failure=failure)


def refused(job: Job | None, failure: Failure) -> Finish:
    """The API understands, and refuses this kind of request."""
    return Finish(Ending.REFUSED, job, failure.message, failure.hint, failure=failure)


def wordless(seen: Observation) -> Failure:
    """A JSON answer that says nothing about this job counts as a failed read."""
    if seen.status is None:
        return Failure(
            FailureKind.NOT_JSON,
            "the answer has no status that the profile can read",
            "check fields.status of the profile against one answer of the API",
        )
    return Failure(
        FailureKind.NOT_JSON,
        f"reads answer about job {seen.said_id!r}, not {seen.job!r}",
        "check fields.id of the profile, or give the id the API itself uses",
    )


def stalled(job: Job, stall_after: float) -> Finish:
    """The guard against a status word that may well mean the end."""
    return Finish(
        Ending.STALLED,
        job,
        f"status {job.raw_status!r} is not mapped by the profile, and nothing changed for "
        f"{format_duration(stall_after)}",
        "map the word in the profile's `status` table, for example status.completed = [...]",
    )


def interrupted(job: Job | None) -> Finish:
    """Ctrl-C or SIGTERM. The job goes on."""
    last = f"; last seen {job.status.value}" if job else ""
    return Finish(Ending.INTERRUPTED, job, f"interrupted{last}")

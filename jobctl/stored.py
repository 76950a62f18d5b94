"""What was stored earlier, in our own words: read back without any profile. Pure."""

from __future__ import annotations

from typing import Any, Final

from jobctl.model import Job, JobStatus, Observation, Source
from jobctl.timestamps import parse_timestamp

_KEY: Final = "stored"
_STATUSES: Final = {status.value: status for status in JobStatus}
_SOURCES: Final = {source.value: source for source in Source}
_FULL: Final = 100.0


def stored_payload(record: dict[str, Any]) -> dict[str, Any]:
    """Wrap a `job_record` (more keys are allowed) as the payload of a `Source.STORE` observation."""
    return {_KEY: record}


def stored_record(payload: Any) -> dict[str, Any] | None:
    """Return the record inside such a payload; None for a payload in the API's own shape."""
    if payload.__class__ is not dict or len(payload) != 1:
        return None
    record = payload.get(_KEY)
    return record if record.__class__ is dict else None


def observe_stored(record: dict[str, Any], payload: Any, job: str, received_at: float) -> Observation:
    """Return what a stored record says. Nothing raises: a field that makes no sense is absent."""
    get = record.get
    word, raw, updated_at = get("status"), get("raw_status"), get("updated_at")
    status = _STATUSES.get(word) if isinstance(word, str) else None
    return Observation(
        job,
        Source.STORE,
        received_at,
        payload,
        status,
        raw if isinstance(raw, str) and status is not None else None if status is None else status.value,
        None,
        attempt if (attempt := get("attempt")).__class__ is int else None,
        None if updated_at is None else parse_timestamp(updated_at),
        _progress(get("progress")),
        get("error"),
        get("result"),
    )


def job_of(record: dict[str, Any], job: str, said_by: str, as_of: float) -> Job | None:
    """Return the job a `job_record` was made from, or None when it is no such record.

    `said_by` is the source that had the last word, `as_of` when that was, in seconds since the epoch.
    """
    seen = observe_stored(record, None, job, as_of)
    if seen.status is None or seen.raw_status is None:
        return None
    revision = record.get("revision")
    return Job(
        job,
        seen.status,
        seen.raw_status,
        seen.updated_at,
        seen.progress,
        seen.attempt,
        seen.error,
        seen.result,
        proven=record.get("proven") is True,
        dated=record.get("dated") is True,
        verified=record.get("verified") is not False,
        revision=revision if isinstance(revision, int) else 0,
        source=_SOURCES.get(said_by, Source.STORE),
        as_of=as_of,
    )


def _progress(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= _FULL else None

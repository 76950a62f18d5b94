"""Short constructors for the records the tests are written in."""

from __future__ import annotations

from typing import Any

from jobctl.model import Http, Job, JobStatus, Observation, Source
from jobctl.timestamps import Timestamp, parse_timestamp

JOB = "1193930"
CACHED = Http(200, (("age", "4"),), cached_by="Age: 4")
SECOND = 10**9
EPOCH = 1_760_000_000


def at(seconds: float, *, unit: int = 1000) -> Timestamp:
    """Server time `seconds` after an arbitrary zero, written at `unit` nanoseconds."""
    ns = EPOCH * SECOND + round(seconds * SECOND)
    return Timestamp(ns // unit * unit, unit, f"t{seconds:g}/{unit}")


def iso(text: str) -> Timestamp:
    """Parse a server time that must parse."""
    parsed = parse_timestamp(text)
    assert parsed is not None
    return parsed


def seen(status: JobStatus | str | None, source: Source = Source.POLL, **more: Any) -> Observation:
    """One observation of `JOB`; `status` is one of ours."""
    known = None if status is None else JobStatus(status)
    more.setdefault("raw_status", None if known is None else known.value)
    more.setdefault("received_at", 1_760_000_000.0)
    return Observation(job=more.pop("job", JOB), source=source, status=known, **more)


def known(status: JobStatus | str, **more: Any) -> Job:
    """A known job."""
    status = JobStatus(status)
    more.setdefault("raw_status", status.value)
    more.setdefault("revision", 7)
    return Job(id=JOB, status=status, **more)

"""The story of one job: every decision, in order, written as and read back from decision log records.

A record is self-contained (schema `jobctl.decision/1`). Re-deciding needs only `at`, `job`, `source` and
`payload`; a verified read needs `basis` and `http` too, or it counts as a plain poll.
"""

from __future__ import annotations

from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from jobctl.evidence import served_from_store
from jobctl.model import RULES_VERSION, Decision, Http, Job, Observation, Source
from jobctl.reconcile import reconcile
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobctl.observe import Reader
    from jobctl.reasons import Action, Reason

SCHEMA: Final = "jobctl.decision/1"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SOURCES: Final = {source.value: source for source in Source}


class Story:
    """All decisions about one job. `limit` bounds what is kept in memory; counts always cover everything."""

    def __init__(self, job_id: str, *, limit: int | None = None, follow_restarts: bool = False) -> None:
        self.job_id = job_id
        self.job: Job | None = None
        self.follow_restarts = follow_restarts
        self.decisions: deque[Decision] = deque(maxlen=limit)
        self.counts: Counter[Reason] = Counter()

    def __len__(self) -> int:
        return sum(self.counts.values())

    def __iter__(self) -> Iterator[Decision]:
        return iter(self.decisions)

    def record(self, observation: Observation) -> Decision:
        """Decide one observation, remember the decision, and return it."""
        decision = reconcile(self.job, observation, follow_restarts=self.follow_restarts)
        self.job = decision.after
        self.decisions.append(decision)
        self.counts[decision.reason] += 1
        return decision

    def filter(
        self,
        *,
        source: Source | None = None,
        action: Action | None = None,
        reason: Reason | None = None,
        where: Callable[[Decision], bool] | None = None,
    ) -> list[Decision]:
        """Return the kept decisions that match every given condition."""
        return [
            decision
            for decision in self.decisions
            if (source is None or decision.observation.source is source)
            and (action is None or decision.action is action)
            and (reason is None or decision.reason is reason)
            and (where is None or where(decision))
        ]


def format_time(epoch: float) -> str:
    """Seconds since the epoch as ISO 8601 UTC with microseconds and `Z`."""
    try:
        moment = _EPOCH + timedelta(seconds=epoch)
    except (OverflowError, ValueError):
        moment = _EPOCH
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> float:
    """Inverse of `format_time`; any ISO 8601 time is read.

    Raises:
        ValueError: not a time.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


def job_record(job: Job | None) -> dict[str, Any] | None:
    """A job as it stands in `before` and `after`; absent fields are left out."""
    if job is None:
        return None
    record: dict[str, Any] = {"status": job.status, "raw_status": job.raw_status}  # a StrEnum is its text
    if job.updated_at is not None:
        record["updated_at"] = job.updated_at.text
    if job.progress is not None:
        record["progress"] = job.progress
    if job.attempt is not None:
        record["attempt"] = job.attempt
    if job.error is not None:
        record["error"] = job.error
    if job.result is not None:
        record["result"] = job.result
    record["proven"] = job.proven
    record["dated"] = job.dated
    if not job.verified:
        record["verified"] = False
    record["revision"] = job.revision
    return record


def decision_record(
    decision: Decision, *, seq: int, profile: str, follow_restarts: bool = False
) -> dict[str, Any]:
    """A decision as one log record. Redacting is the writer's work, before it comes here."""
    seen = decision.observation
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "rules": RULES_VERSION,
        "seq": seq,
        "at": format_time(seen.received_at),
        "job": seen.job,
        "profile": profile,
        "source": seen.source.value,
        "payload": seen.payload,
    }
    if seen.basis is not None:
        record["basis"] = seen.basis
    if seen.http is not None:
        record["http"] = {
            "status": seen.http.status,
            "headers": [list(header) for header in seen.http.headers],
            "route": seen.http.route,
        }
    if follow_restarts:
        record["follow_restarts"] = True
    record["action"] = decision.action.value
    record["reason"] = decision.reason.value
    record["before"] = job_record(decision.before)
    record["after"] = job_record(decision.after)
    return record


class RecordError(ValueError):
    """A log record that cannot be re-decided; the message names the key and what was expected."""


def observation_of(record: Any, reader: Reader) -> Observation:
    """Read the observation back out of a log record.

    Raises:
        RecordError: a needed key is missing or of the wrong type.
    """
    if not isinstance(record, dict):
        raise RecordError("expected a JSON object")
    job, source_name, at = record.get("job"), record.get("source"), record.get("at")
    if not isinstance(job, str):
        raise RecordError("job: expected a string")
    source = _SOURCES.get(source_name) if isinstance(source_name, str) else None
    if source is None:
        raise RecordError(f"source: expected one of {', '.join(_SOURCES)}")
    if not isinstance(at, str):
        raise RecordError("at: expected an ISO 8601 time")
    try:
        received_at = parse_time(at)
    except (ValueError, OverflowError) as error:
        raise RecordError("at: expected an ISO 8601 time") from error
    if "payload" not in record:
        raise RecordError("payload: missing")
    basis = record.get("basis")
    return reader.observe(
        record["payload"],
        source,
        job,
        received_at,
        basis=basis if basis.__class__ is int else None,
        http=_http_of(record.get("http")),
    )


def _http_of(record: Any) -> Http | None:
    if not isinstance(record, dict):
        return None
    listed = record.get("headers")
    headers = tuple(
        (str(header[0]), str(header[1]))
        for header in (listed if isinstance(listed, list) else ())
        if isinstance(header, list) and len(header) == 2
    )
    status = record.get("status")
    return Http(
        status if isinstance(status, int) else 0,
        headers,
        str(record.get("route", "direct")),
        served_from_store(headers),
    )


def differences(
    record: dict[str, Any],
    decision: Decision,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> tuple[str, ...]:
    """Compare what a log record says was decided with `decision`; one sentence a difference.

    `before` and `after` are the `job_record` of the decision's jobs: whoever replays has them at hand.
    """
    get = record.get
    if (
        get("action", decision.action) == decision.action
        and get("reason", decision.reason) == decision.reason
        and get("before", before) == before
        and get("after", after) == after
    ):
        return ()
    now = {"action": decision.action.value, "reason": decision.reason.value, "before": before, "after": after}
    return tuple(
        f"{key}: recorded {_brief(record[key])}, today's rules say {_brief(value)}"
        for key, value in now.items()
        if key in record and record[key] != value
    )


def _brief(record: Any) -> str:
    if not isinstance(record, dict):
        return repr(record[:_LONGEST_SHOWN]) if isinstance(record, str) else visible(record, _LONGEST_SHOWN)
    shown = ("status", "updated_at", "progress", "attempt", "proven", "revision")
    return " ".join(f"{key}={visible(record[key], _LONGEST_SHOWN)}" for key in shown if key in record)


_LONGEST_SHOWN: Final = 120

"""`--otel`: a watch as OpenTelemetry traces and logs: a span for each job, a log record for each decision.

What can be said of a job is taken from the redacted record of a decision, nothing else. Names under `jobctl.`
are ours; `service.*`, `server.*`, `error.type` and `http.response.status_code` are OpenTelemetry's own.
https://opentelemetry.io/docs/specs/semconv/general/naming/
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.trace import Span, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from jobctl.captures.recorder import Recorder
from jobctl.cli import output
from jobctl.cli.otlp import Otlp
from jobctl.cli.witness import Witness
from jobctl.exit_codes import ExitCode
from jobctl.model import JobStatus
from jobctl.reasons import Action
from jobctl.redact import redact_text
from jobctl.text import visible
from jobctl.watching.events import Ending, Level
from jobctl.watching.outcome import code_of_finish

if TYPE_CHECKING:
    from jobctl.model import Decision, Observation
    from jobctl.profile.model import Profile
    from jobctl.watching.driver import Watch
    from jobctl.watching.events import Finish, Notice
    from jobctl.watching.job_driver import JobDriver
    from jobctl.watching.watched_api import WatchedApi

_Attributes = dict[str, str | int | float]
_LONGEST: Final = 500
"""Characters of a server's text in one attribute or body."""
_MOST_EVENTS: Final = 20_000
"""Events in all open spans together, some 30 MB; what comes beyond is in the logs only, and counted."""
_SHOWN: Final = ("status", "raw_status", "updated_at", "progress", "attempt")
"""What a decision's record says of the job as it is shown, each a `jobctl.job.*`."""
_INT64: Final = 2**63
_LOUDNESS: Final = {
    Level.DETAIL: SeverityNumber.DEBUG,
    Level.INFO: SeverityNumber.INFO,
    Level.WARNING: SeverityNumber.WARN,
}


@dataclass
class _Watched:
    """The span of one job that is still watched."""

    span: Span
    context: Context
    driver: JobDriver
    about: _Attributes
    events: int = 0
    left_out: int = 0


class Telemetry(Witness):
    """Sends while the watch goes on. Whatever the collector does, one line on stderr is all it changes."""

    _watch: Watch

    def __init__(self) -> None:
        """Raises ConfigError when an OTEL_* variable is wrong."""
        self._otlp = Otlp()
        # CI systems hand on their own span so, https://opentelemetry.io/docs/specs/otel/context/env-carriers/
        carrier = {name: os.environ.get(name.upper(), "") for name in ("traceparent", "tracestate")}
        self._parent = TraceContextTextMapPropagator().extract(carrier, Context())
        self._jobs: dict[str, _Watched] = {}
        self._events = 0
        self._recorders: dict[WatchedApi, Recorder] = {}

    def begin(self, watch: Watch) -> None:
        """From now on there is something to tell."""
        self._watch = watch

    def decision(self, job: str, decision: Decision) -> None:
        """One event of the job's span, and one log record."""
        watched = self._watched(job)
        told = self._told(watched, decision)
        self._add_event(watched, "jobctl.decision", told)
        if (error := told.get("jobctl.job.error")) is not None:
            watched.span.set_attribute("jobctl.job.error", error)
        seen, reason = decision.observation, decision.reason
        said = seen.status.value if seen.status is not None else "nothing readable"
        body = f"{seen.source.value} says {said}: {decision.action.value} ({reason.value}: {reason.sentence})"
        self._log(watched, "jobctl.decision", _severity(decision), body, told, at=seen.received_at)

    def notice(self, job: str, notice: Notice) -> None:
        """One log record."""
        watched = self._watched(job)
        self._log(
            watched,
            "jobctl.notice",
            _LOUDNESS[notice.level],
            visible(redact_text(notice.text), _LONGEST),
            {"jobctl.notice.code": notice.code.partition(":")[0], **self._staleness(watched)},
        )

    def finish(self, job: str, finish: Finish) -> None:
        """End the job's span."""
        watched = self._watched(job)
        code = code_of_finish(finish, self._watch.options.until)
        status = finish.job.status.value if finish.job is not None else None
        told: _Attributes = {"jobctl.ending": finish.ending.value, "jobctl.exit_code": int(code)}
        if status is not None:
            told["jobctl.job.status"] = status
        wrong = None
        if code is not ExitCode.COMPLETED:
            is_end = finish.ending is Ending.TERMINAL and finish.confirmed and status is not None
            told["error.type"] = wrong = status if is_end and status else finish.ending.value
        self._end(job, watched, told, visible(redact_text(finish.message), _LONGEST) if wrong else None)

    def end(
        self,
        results: list[dict[str, Any]],  # noqa: ARG002 -- a witness
        code: ExitCode,
        problem: dict[str, Any] | None = None,
    ) -> None:
        """End the spans of jobs that nobody waited for, and send what is left."""
        message = visible(redact_text(str(problem.get("message"))), _LONGEST) if problem else None
        for job, watched in list(self._jobs.items()):
            told: _Attributes = {"jobctl.ending": "error" if problem else "stopped"}
            if problem:
                told |= {"jobctl.exit_code": int(code), "error.type": code.name.lower()}
            self._end(job, watched, told, message)
        trouble = self._otlp.close()
        if trouble is not None:
            output.tell(trouble)

    def _watched(self, job: str) -> _Watched:
        watched = self._jobs.get(job)
        if watched is None:
            driver = self._watch.drivers[job]
            profile = driver.api.client.profile
            about: _Attributes = {
                "jobctl.job.id": visible(driver.job),
                "jobctl.profile.name": visible(profile.name),
            }
            span = self._otlp.tracer.start_span(
                "watch job", self._parent, attributes=about | _server(profile)
            )
            context = set_span_in_context(span, Context())
            watched = self._jobs[job] = _Watched(span, context, driver, about)
        return watched

    def _told(self, watched: _Watched, decision: Decision) -> _Attributes:
        seen, api = decision.observation, watched.driver.api
        if api not in self._recorders:
            follows = self._watch.options.follow_restarts
            self._recorders[api] = Recorder(api.client.calls.reader, follow_restarts=follows)
        shown = self._recorders[api].record(decision)["after"] or {}
        told: _Attributes = {
            "jobctl.observation.source": seen.source.value,
            "jobctl.decision.action": decision.action.value,
            "jobctl.decision.reason": decision.reason.value,
            **{f"jobctl.job.{name}": _plain(shown[name]) for name in _SHOWN if name in shown},
            **_of_answer(seen),
        }
        if decision.after is not None:  # a secret may hide in the payload what the screen shows
            told["jobctl.job.status"] = decision.after.status.value
        if shown.get("error") is not None:
            told["jobctl.job.error"] = visible(shown["error"], _LONGEST)
        return told | self._staleness(watched)

    def _staleness(self, watched: _Watched) -> _Attributes:
        """Seconds since the last word about the job, as the live view and `--metrics` count them."""
        last = watched.driver.machine.last_word_at
        return {} if last is None else {"jobctl.job.staleness": round(max(0.0, self._watch.now() - last), 3)}

    def _add_event(self, watched: _Watched, name: str, told: _Attributes) -> None:
        if not watched.span.is_recording():
            return
        if self._events >= _MOST_EVENTS:
            watched.left_out += 1
            return
        watched.span.add_event(name, told)
        watched.events += 1
        self._events += 1

    def _log(
        self,
        watched: _Watched,
        name: str,
        severity: SeverityNumber,
        body: str,
        told: _Attributes,
        *,
        at: float | None = None,
    ) -> None:
        if not self._otlp.sends_logs:
            return
        self._otlp.sent += 1
        self._otlp.logger.emit(
            timestamp=None if at is None else int(at * 1e9),
            context=watched.context,
            severity_number=severity,
            severity_text=severity.name,
            body=body,
            attributes=watched.about | told,
            event_name=name,
        )

    def _end(self, job: str, watched: _Watched, told: _Attributes, wrong: str | None) -> None:
        """End a span; `wrong` says why the job did not get where it was awaited."""
        self._jobs.pop(job, None)
        self._events -= watched.events
        if watched.left_out:
            told["jobctl.events.left_out"] = watched.left_out
        watched.span.set_attributes(told)
        if wrong is not None:
            watched.span.set_status(Status(StatusCode.ERROR, wrong))
        if self._otlp.sends_traces and watched.span.is_recording():
            self._otlp.sent += 1
        watched.span.end()


def _server(profile: Profile) -> _Attributes:
    base = urlsplit(profile.base_url or "")
    told: _Attributes = {"server.address": base.hostname} if base.hostname else {}
    return told | {"server.port": base.port} if base.port else told


def _of_answer(seen: Observation) -> _Attributes:
    told: _Attributes = {}
    if seen.status is not None:
        told["jobctl.observation.status"] = seen.status.value
    if seen.http is not None:
        told["http.response.status_code"] = seen.http.status
        if seen.http.cached_by:
            told["jobctl.observation.cached_by"] = visible(redact_text(seen.http.cached_by))
    return told


def _plain(value: Any) -> str | int | float:
    # One number that OTLP cannot hold would cost the whole batch.
    is_number = value.__class__ is float or (value.__class__ is int and -_INT64 <= value < _INT64)
    return value if is_number else visible(value)


def _severity(decision: Decision) -> SeverityNumber:
    if decision.reason.warns:
        return SeverityNumber.WARN
    if decision.action is Action.IGNORE:
        return SeverityNumber.DEBUG
    is_failed = decision.after is not None and decision.after.status is JobStatus.FAILED
    return SeverityNumber.ERROR if is_failed else SeverityNumber.INFO

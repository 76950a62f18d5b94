"""`--metrics [HOST:]PORT`: what a watch does, for a Prometheus server to scrape while it lasts."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, Counter, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from jobctl.cli.witness import Witness
from jobctl.errors import ConfigError
from jobctl.model import JobStatus
from jobctl.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobctl.exit_codes import ExitCode
    from jobctl.model import Decision
    from jobctl.watching.driver import Watch
    from jobctl.watching.events import Notice

_ADDRESS: Final = re.compile(r"(?:(?P<host>[^:\[\]]+|\[[0-9a-fA-F:.]+\]):)?(?P<port>\d{1,5})", re.ASCII)
_MOST_JOBS: Final = 200
"""Jobs that get a series of their own: more is what a scraper's owner would not thank for."""


class Metrics(Witness):
    """Serves metrics until the watch has ended. Loopback unless another host is named."""

    def __init__(self, address: str) -> None:
        """Begin to listen.

        Raises:
            ConfigError: it is no address, or cannot be listened on.
        """
        match = _ADDRESS.fullmatch(address.strip())
        if match is None or int(match["port"]) > 65535:
            raise ConfigError(f"--metrics: expected PORT or HOST:PORT, got {address!r}")
        registry = CollectorRegistry()
        self._decisions = Counter(
            "jobctl_decisions",
            "Decisions by source, action and reason.",
            ["source", "action", "reason"],
            registry=registry,
        )
        self._notices = Counter("jobctl_notices", "Notices by their code.", ["code"], registry=registry)
        self._watch: Watch | None = None
        registry.register(_Live(self))
        host = (match["host"] or "127.0.0.1").strip("[]")
        try:
            self._server, self._thread = start_http_server(int(match["port"]), host, registry)
        except (OSError, OverflowError, UnicodeError) as error:  # the last: a name no host can have
            raise _cannot_listen(f"{match['host'] or host}:{match['port']}", error) from error
        self.url = f"http://{match['host'] or '127.0.0.1'}:{self._server.server_port}/metrics"

    def begin(self, watch: Watch) -> None:
        """From now on there is something to show."""
        self._watch = watch

    def decision(self, job: str, decision: Decision) -> None:  # noqa: ARG002 -- a witness
        """Count it."""
        source = decision.observation.source.value
        self._decisions.labels(source, decision.action.value, decision.reason.value).inc()

    def notice(self, job: str, notice: Notice) -> None:  # noqa: ARG002 -- a witness
        """Count it by its code, without what is behind the colon: that is the server's text."""
        self._notices.labels(notice.code.partition(":")[0]).inc()

    def end(
        self,
        results: list[dict[str, Any]],  # noqa: ARG002 -- a witness
        code: ExitCode,  # noqa: ARG002
        problem: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(1.0)

    def families(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """Yield what is true now."""
        watch = self._watch
        if watch is None:
            return
        machines, now = list(watch.machines.items()), watch.now()
        by_status = dict.fromkeys((status.value for status in JobStatus), 0)
        stale = GaugeMetricFamily(
            "jobctl_staleness_seconds", "Since the last word about a job.", labels=["job_id"]
        )
        sessions = 0
        for index, (job, machine) in enumerate(machines):
            sessions += machine.stream.session
            if machine.job is not None:
                by_status[machine.job.status.value] += 1
            if index < _MOST_JOBS and machine.last_word_at is not None and machine.finished is None:
                stale.add_metric([_label(job)], max(0.0, now - machine.last_word_at))
        jobs = GaugeMetricFamily("jobctl_jobs", "Watched jobs by the status shown.", labels=["status"])
        for status, count in by_status.items():
            jobs.add_metric([status], count)
        yield jobs
        yield stale
        sent = CounterMetricFamily("jobctl_requests", "Reads sent, by profile.", labels=["profile"])
        hourly = GaugeMetricFamily(
            "jobctl_requests_per_hour", "Reads, as of the last hour, by profile.", labels=["profile"]
        )
        for api in list(watch.apis):
            name, budget = api.client.profile.name, api.gate.budget
            sent.add_metric([name], budget.sent)
            hourly.add_metric([name], budget.per_hour(now))
        yield sent
        yield hourly
        opened = GaugeMetricFamily("jobctl_stream_sessions", "Stream sessions opened, reconnects included.")
        opened.add_metric([], sessions)
        yield opened


def _label(job: str) -> str:
    """Valid Unicode: one label that is not would cost the whole scrape."""
    return job.encode("utf-8", "backslashreplace").decode()


def _cannot_listen(address: str, error: Exception) -> ConfigError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    is_taken = isinstance(error, OSError) and error.errno in {errno.EADDRINUSE, errno.EACCES}
    return ConfigError(
        f"--metrics: cannot listen on {visible(address, 80)}: {reason}",
        hint="choose another port" if is_taken else "is that an address of this machine?",
    )


class _Live:
    """What prometheus-client asks at each scrape, from a thread of its own."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        yield from self._metrics.families()

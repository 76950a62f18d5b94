"""OTLP over HTTP, as the OTEL_* variables say: sends spans and log records beside the work, never in its way.

The SDK batches and repeats on threads of its own. What is added here: it writes nothing on the terminal, its
end is bounded, loopback never goes through a proxy, and what did not arrive is known.
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

import logging
import os
import threading
import time
import warnings
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from google.protobuf.message import DecodeError
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExportResult
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

from jobctl._version import __version__
from jobctl.cli.otlp_session import Fate, Session
from jobctl.client.hosts import is_loopback
from jobctl.errors import ConfigError
from jobctl.text import visible

_BASE: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_LOCAL: Final = "http://localhost:4318"
_PATIENCE: Final = 2.0
"""Seconds that the end of a command waits for a collector."""
_QUEUE: Final = 16_384
"""Records not sent yet, of each signal: all spans of 10,000 jobs that end together fit."""
_SPEAKS: Final = "http/protobuf"


class _Spans(OTLPSpanExporter):
    delivered = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        if result is SpanExportResult.SUCCESS:
            self.delivered += len(spans)
        return result


class _Logs(OTLPLogExporter):
    delivered = 0

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        result = super().export(batch)
        if result is LogRecordExportResult.SUCCESS:
            self.delivered += len(batch)
        return result


class Otlp:
    """Two signals on their way to a collector: start spans with `tracer`, emit records with `logger`.

    Whoever sends counts in `sent` what it handed over; `close` compares.
    """

    def __init__(self) -> None:
        """Read the variables and start the threads; nothing is sent yet.

        Raises:
            ConfigError: a variable is wrong, or asks for what is not spoken here.
        """
        _keep_quiet()
        self.sent = 0
        self._fate = Fate()
        self._exporters: list[_Spans | _Logs] = []
        self._processors: list[BatchSpanProcessor | BatchLogRecordProcessor] = []
        traces, logs = endpoint("traces"), endpoint("logs")
        self.sends_traces, self.sends_logs = traces is not None, logs is not None
        self._url = traces or logs or ""
        try:
            resource = _resource()
            tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
            loggers = LoggerProvider(resource=resource, shutdown_on_exit=False)
            if traces is not None:
                tracers.add_span_processor(self._spans_to(traces))
            if logs is not None:
                loggers.add_log_record_processor(self._logs_to(logs))
        except ValueError as error:
            raise ConfigError(
                f"--otel: {visible(str(error))}", hint="check the OTEL_* variables of the environment"
            ) from error
        self.tracer = tracers.get_tracer("jobctl", __version__)
        self.logger = loggers.get_logger("jobctl", __version__)

    def _spans_to(self, url: str) -> BatchSpanProcessor:
        exporter = _Spans(endpoint=url, session=Session(self._fate, _rejected_spans, **_way(url)))
        processor = BatchSpanProcessor(exporter, max_queue_size=_queue("OTEL_BSP_MAX_QUEUE_SIZE"))
        self._exporters.append(exporter)
        self._processors.append(processor)
        return processor

    def _logs_to(self, url: str) -> BatchLogRecordProcessor:
        exporter = _Logs(endpoint=url, session=Session(self._fate, _rejected_logs, **_way(url)))
        processor = BatchLogRecordProcessor(exporter, max_queue_size=_queue("OTEL_BLRP_MAX_QUEUE_SIZE"))
        self._exporters.append(exporter)
        self._processors.append(processor)
        return processor

    def close(self, patience: float = _PATIENCE) -> str | None:
        """Send what is left, in at most `patience` seconds. Returns what to tell, None when all arrived."""
        deadline = self._fate.deadline = time.monotonic() + patience
        # Neither takes a time limit itself; a thread that is left behind ends with the process.
        threads = [threading.Thread(target=one.shutdown, daemon=True) for one in self._processors]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        fate = self._fate
        lost = self.sent - sum(one.delivered for one in self._exporters) + fate.rejected
        if lost <= 0:
            return None
        why, hint = fate.trouble(is_late=any(thread.is_alive() for thread in threads))
        where = urlsplit(self._url)
        host = where.netloc.rpartition("@")[2]
        return (
            f"--otel: {lost} of {self.sent} records did not reach {where.scheme}://{visible(host, 200)}: "
            f"{why}; {hint}"
        )


def _way(url: str) -> dict[str, bool]:
    return {"through_proxies": not is_loopback(urlsplit(url).hostname or "")}


def _rejected_spans(body: bytes) -> int:
    try:
        return int(ExportTraceServiceResponse.FromString(body).partial_success.rejected_spans)
    except DecodeError:
        return 0


def _rejected_logs(body: bytes) -> int:
    try:
        return int(ExportLogsServiceResponse.FromString(body).partial_success.rejected_log_records)
    except DecodeError:
        return 0


def _keep_quiet() -> None:
    """The SDK tells its troubles by `logging` and `warnings`; here `Otlp.close` tells them, in one line."""
    logger = logging.getLogger("opentelemetry")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    warnings.filterwarnings("ignore", module=r"(opentelemetry|requests|urllib3)\b")


def _resource() -> Resource:
    own = {"service.name": "jobctl", "service.version": __version__}
    return Resource.create(own | dict(OTELResourceDetector().detect().attributes))


def _queue(variable: str) -> int | None:
    return None if os.environ.get(variable) else _QUEUE


def endpoint(signal: str) -> str | None:
    """Return the URL that takes a signal (`traces`, `logs`); None where it is not wanted.

    Raises:
        ConfigError: it is no HTTP URL, or another protocol or exporter is asked for.
    """
    wanted = _choice(f"OTEL_{signal.upper()}_EXPORTER") or "otlp"
    if wanted == "none":
        return None
    if wanted != "otlp":
        raise ConfigError(
            f"--otel: OTEL_{signal.upper()}_EXPORTER={visible(wanted, 40)}: only otlp and none are known",
            hint=f"unset it, or set OTEL_{signal.upper()}_EXPORTER=otlp",
        )
    for name in (f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if (protocol := _choice(name)) not in {"", _SPEAKS}:
            raise ConfigError(
                f"--otel: {name}={visible(protocol, 40)}: only {_SPEAKS} is spoken here",
                hint=f"set {name}={_SPEAKS}, and an endpoint that takes it (port 4318 as a rule, not 4317)",
            )
        if protocol:
            break
    name = f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"
    if not (url := os.environ.get(name, "").strip()):
        name = _BASE
        url = f"{(os.environ.get(_BASE, '').strip() or _LOCAL).removesuffix('/')}/v1/{signal}"
    try:
        parts = urlsplit(url)
        is_http = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_http = False
    if not is_http:
        shown = visible(os.environ.get(name, "").rpartition("@")[2], 200)
        raise ConfigError(
            f"--otel: {name}: expected a URL such as {_LOCAL}, got {shown!r}",
            hint="give it with http:// or https://, the host and the port",
        )
    return url


def _choice(variable: str) -> str:
    return os.environ.get(variable, "").strip().lower()

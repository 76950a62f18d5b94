"""OTLP over HTTP: collectors that are of no use, and variables that are wrong."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from support.program import check_message
from support.servers import self_signed

SLACK = 7.0
"""Seconds that a watch may take: two for the collector, and a slow machine; the SDK alone takes more."""


def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def check_useless(done, *said):
    """One line more, and nothing else is different."""
    assert done.code == 3
    assert "failed" in done.out
    lines = [line for line in done.err.splitlines() if "otel" in line]
    assert len(lines) == 1, done
    check_message(done, 3, "jobctl: --otel: ", "records did not reach http", *said)
    assert "opentelemetry" not in done.err.lower()


def test_a_dead_collector(watch_otel, box):
    done = watch_otel(f"http://127.0.0.1:{unused_port()}", box.submit(duration=0.2, end="failed"))
    check_useless(done, "nobody answers; is the collector running, and OTEL_EXPORTER_OTLP_ENDPOINT right?")
    assert done.seconds < SLACK


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, {}, b"no"), "it answered 401; check OTEL_EXPORTER_OTLP_HEADERS"),
        ((503, {"Retry-After": "60"}, b""), "it answered 503; the collector's own log"),
        ((503, {}, b""), "it answered 503; the collector's own log"),
        ((404, {}, b""), "it answered 404; is OTEL_EXPORTER_OTLP_ENDPOINT the base URL"),
        ((302, {"Location": "https://login.invalid/"}, b""), "it answered 302; is OTEL_EXPORTER"),
        ((413, {}, b""), "it answered 413; set OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
        ((200, {"Content-Type": "text/html"}, b"<html>"), "it answered with a page; is OTEL_EXPORTER"),
    ],
)
def test_a_collector_that_refuses(watch_otel, box, collect, answer, said):
    refusing = collect(lambda _path: answer)
    done = watch_otel(refusing.url, box.submit(duration=0.2, end="failed"))
    check_useless(done, said)
    assert done.seconds < SLACK


def test_a_collector_that_throws_some_away(watch_otel, box, collect):
    body = ExportLogsServiceResponse()
    body.partial_success.rejected_log_records = 1
    answers = {"/v1/logs": body.SerializeToString(), "/v1/traces": b""}
    picky = collect(lambda path: (200, {"Content-Type": "application/x-protobuf"}, answers[path]))
    done = watch_otel(picky.url, box.submit(duration=0.2, end="failed"))
    check_useless(done, "--otel: 1 of ", "the collector rejected them; its own log tells why")


def test_a_collector_that_hangs_costs_two_seconds(watch_otel, box):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = watch_otel(
            f"http://127.0.0.1:{silent.getsockname()[1]}", box.submit(duration=0.2, end="failed")
        )
    check_useless(done, "no answer in time; is the collector alive")
    assert done.seconds < SLACK


def test_a_collector_behind_tls(watch_otel, box, collect, tmp_path):
    context, ca = self_signed(tmp_path)
    secure = collect(None, context)
    done = watch_otel(secure.url, box.submit(duration=0.2, end="failed"))
    check_useless(done, "TLS failed; check OTEL_EXPORTER_OTLP_CERTIFICATE")
    done = watch_otel(secure.url, box.submit(duration=0.1), OTEL_EXPORTER_OTLP_CERTIFICATE=str(ca))
    assert (done.code, done.err) == (0, "")
    assert len(secure.spans) == 1


def test_loopback_goes_through_no_proxy(watch_otel, box, collector):
    proxy = f"http://127.0.0.1:{unused_port()}"
    env = {"HTTP_PROXY": proxy, "http_proxy": proxy, "ALL_PROXY": proxy, "NO_PROXY": ""}
    done = watch_otel(collector.url, box.submit(duration=0.1), **env)
    assert (done.code, done.err) == (0, "")
    assert collector.spans


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "expected a URL such as http://localhost:4318"),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: expected a URL"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "only http/protobuf is spoken here"),
        ("OTEL_TRACES_EXPORTER", "console", "only otlp and none are known"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "--otel: max_queue_size must be"),
    ],
)
def test_variables_that_are_wrong_are_told_before_anything_is_asked(watch_otel, box, name, value, said):
    check_message(watch_otel("http://127.0.0.1:4318", "1", **{name: value}), 2, said)
    assert box.requests()["total"] == 0


def test_a_missing_extra_is_told_with_what_to_install(jobctl, box):
    # As where only the API of OpenTelemetry is installed, which other packages bring.
    (jobctl.cwd / "opentelemetry").mkdir()
    (jobctl.cwd / "opentelemetry" / "__init__.py").write_text("")
    path = f"{jobctl.cwd}:{jobctl.environ['PYTHONPATH']}"
    done = jobctl.run("watch", "1", "--otel", fresh=True, env={"PYTHONPATH": path})
    check_message(done, 2, "--otel needs OpenTelemetry", "pip install '.[otel]'")
    assert box.requests()["total"] == 0


def test_nothing_of_it_is_loaded_unasked(jobctl, box):
    code = (
        "import sys, jobctl.cli.app, jobctl.cli.session; print([m for m in sys.modules if 'telemetry' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

"""`watch --otel`, against a receiver that decodes what comes; and collectors that are of no use."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from support.otlp import plain
from support.servers import reply

from jobctl.api import JobClient
from jobctl.exit_codes import ExitCode
from jobctl.redact import REDACTED
from jobctl.settings import resolve
from jobctl.watching.driver import Watch
from jobctl.watching.events import Emit, Finish
from jobctl.watching.options import WatchOptions

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_a_span_for_each_job_and_a_record_for_each_decision(watch_otel, box, collector):
    ids = [box.submit(duration=0.3), box.submit(duration=0.3, end="failed")]
    done = watch_otel(collector.url, *ids, "--json", "-v")
    assert (done.code, done.err) == (3, "")
    decisions = [line for line in done.lines if line["type"] == "decision"]
    told = [record for record in collector.records if record.event_name == "jobctl.decision"]
    assert len(told) == len(decisions)
    spans = {plain(span.attributes)["jobctl.job.id"]: span for _, span in collector.spans}
    assert sorted(spans) == sorted(ids)
    for job, status, end in ((ids[0], Status.STATUS_CODE_UNSET, "completed"), (ids[1], 2, "failed")):
        span, said = spans[job], plain(spans[job].attributes)
        assert (span.name, span.status.code) == ("watch job", status)
        assert (said["jobctl.job.status"], said["jobctl.ending"]) == (end, "terminal")
        assert said.get("error.type") == ("failed" if status else None)
        assert said["server.address"] == "127.0.0.1"
        own = [plain(record.attributes) for record in told if record.span_id == span.span_id]
        assert [(one["jobctl.decision.action"], one["jobctl.decision.reason"]) for one in own] == [
            (line["action"], line["reason"]) for line in decisions if line["job"] == job
        ]
        assert [plain(event.attributes)["jobctl.decision.reason"] for event in span.events] == [
            one["jobctl.decision.reason"] for one in own
        ]
        assert {one["jobctl.job.id"] for one in own} == {job}
    assert plain(spans[ids[1]].attributes)["jobctl.job.error"] == "worker ran out of memory"
    resource = collector.spans[0][0]
    assert resource["service.name"] == "jobctl"
    assert resource["service.version"]


def test_what_a_record_says(watch_otel, box, collector):
    job = box.submit(duration=0.3, end="failed")
    watch_otel(collector.url, job)
    # Whether a frame or a poll told the end first, a verified read may have the last word.
    last = [record for record in collector.records if record.event_name == "jobctl.decision"][-1]
    said = plain(last.attributes)
    assert last.severity_text == "ERROR"
    source = said["jobctl.observation.source"]
    assert last.body.string_value.startswith(f"{source} says failed: apply (")
    assert (said["jobctl.profile.name"], said["jobctl.job.status"]) == ("generation", "failed")
    assert said["http.response.status_code"] == 200
    assert 0 <= said["jobctl.job.staleness"] < 30
    assert 0 < last.time_unix_nano <= last.observed_time_unix_nano


def test_jobs_of_two_apis_are_told_apart(jobctl, box, collector):
    (jobctl.cwd / "jobctl.toml").write_text(
        f'[profiles.one]\nextends = "generation"\nbase_url = "{box.url}"\n'
        f'[profiles.two]\nextends = "v1"\nbase_url = "{box.url}"\n'
    )
    job = box.submit(duration=0.2)
    lines = "".join(json.dumps({"job": job, "profile": name}) + "\n" for name in ("one", "two"))
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "JOBCTL_BASE_URL": None}
    done = jobctl.run("watch", "-", "-p", "one", "--otel", stdin=lines.encode(), env=env)
    assert (done.code, done.err) == (0, "")
    said = [plain(span.attributes) for _, span in collector.spans]
    assert {(one["jobctl.job.id"], one["jobctl.profile.name"]) for one in said} == {
        (job, "one"),
        (job, "two"),
    }
    for _, span in collector.spans:
        own = [plain(record.attributes) for record in collector.records if record.span_id == span.span_id]
        assert {one["jobctl.profile.name"] for one in own} == {plain(span.attributes)["jobctl.profile.name"]}


def test_notices_are_records_too(watch_otel, box, collector):
    box.set_faults(["ws-accept-close"])
    job = box.submit(duration=60)
    done = watch_otel(collector.url, job, "--timeout", "1s", "--json")
    codes = done.codes()
    assert codes
    notices = [record for record in collector.records if record.event_name == "jobctl.notice"]
    assert [plain(record.attributes)["jobctl.notice.code"] for record in notices] == codes
    assert {record.span_id for record in notices} == {collector.spans[0][1].span_id}
    assert plain(collector.spans[0][1].attributes)["error.type"] == "deadline"


def test_the_standard_variables_are_obeyed(watch_otel, box, collector):
    env = {
        "OTEL_SERVICE_NAME": "night-shift",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test,service.name=other",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20abc",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_LOGS_EXPORTER": "none",
    }
    done = watch_otel(collector.url, box.submit(duration=0.1), **env)
    assert (done.code, done.err) == (0, "")
    assert collector.records == []
    ((resource, _),) = collector.spans
    assert resource["service.name"] == "night-shift"
    assert resource["deployment.environment.name"] == "test"
    assert {one["authorization"] for one in collector.headers} == {"Bearer abc"}
    assert {one["content-encoding"] for one in collector.headers} == {"gzip"}


def test_a_disabled_sdk_sends_nothing(watch_otel, box, collector):
    done = watch_otel(collector.url, box.submit(duration=0.1), OTEL_SDK_DISABLED="true")
    assert (done.code, done.err) == (0, "")
    assert collector.requests == []


def test_a_ci_system_is_the_parent(watch_otel, box, collector):
    watch_otel(collector.url, box.submit(duration=0.1), TRACEPARENT=f"00-{TRACE}-{PARENT}-01")
    ((_, span),) = collector.spans
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert {record.trace_id.hex() for record in collector.records} == {TRACE}


@pytest.mark.parametrize("parent", ["", "nonsense", f"00-{'0' * 32}-{PARENT}-01"])
def test_a_parent_that_is_none_is_passed_over(watch_otel, box, collector, parent):
    done = watch_otel(collector.url, box.submit(duration=0.1), TRACEPARENT=parent)
    assert (done.code, done.err) == (0, "")
    ((_, span),) = collector.spans
    assert span.parent_span_id == b""


def test_a_parent_that_is_not_sampled_keeps_spans_back_and_is_no_loss(watch_otel, box, collector):
    done = watch_otel(collector.url, box.submit(duration=0.1), TRACEPARENT=f"00-{TRACE}-{PARENT}-00")
    assert (done.code, done.err) == (0, "")
    assert collector.spans == []
    assert collector.records


def test_what_an_interrupt_leaves_open_is_told(jobctl, box, collector):
    job = box.submit(duration=60, steps=300)
    program = jobctl.start("watch", job, "--otel", env={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
    program.until("running")
    program.signal(signal.SIGINT)
    assert program.finish().code == 130
    ((_, span),) = collector.spans
    assert plain(span.attributes)["error.type"] == "interrupted"


def test_a_job_nobody_waits_for_any_more_is_no_error(watch_otel, box, collector):
    ids = [box.submit(duration=0.2), box.submit(duration=60)]
    assert watch_otel(collector.url, *ids, "--any").code == 0
    spans = {plain(span.attributes)["jobctl.job.id"]: span for _, span in collector.spans}
    assert plain(spans[ids[1]].attributes)["jobctl.ending"] == "stopped"
    assert spans[ids[1]].status.code == Status.STATUS_CODE_UNSET


def test_no_secret_and_no_long_text_gets_out(jobctl, serve, collector):
    key = "sk-live-" + "a1B2" * 8
    text = f'{{"id": "7", "status": "failed", "api_key": "{key}", "error_message": "bad {key} {"x" * 9000}"}}'
    api = serve(lambda _head: reply(200, text.encode(), "Content-Type: application/json"))
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "JOBCTL_TOKEN": "s3cr3t-token"}
    done = jobctl.run("watch", "7", "--base-url", api.url, "--no-stream", "--otel", env=env)
    assert done.code == 3
    sent = b"".join(request.SerializeToString() for request in collector.requests)
    assert REDACTED.encode() in sent
    assert key.encode() not in sent
    assert b"s3cr3t-token" not in sent
    longest = max(
        len(value) for _, span in collector.spans for value in map(str, plain(span.attributes).values())
    )
    assert longest <= 500


def test_a_number_that_otlp_cannot_hold_costs_nothing(jobctl, serve, collector):
    (jobctl.cwd / "jobctl.toml").write_text(
        '[profiles.odd]\nread = "GET /jobs/{id}"\n[profiles.odd.fields]\nattempt = "attempt"\n'
    )
    text = f'{{"id": "7", "status": "completed", "attempt": {2**80}}}'
    api = serve(lambda _head: reply(200, text.encode(), "Content-Type: application/json"))
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    done = jobctl.run("watch", "7", "-p", "odd", "--base-url", api.url, "--otel", env=env)
    assert (done.code, done.err) == (0, "")
    assert collector.spans
    assert collector.records


def test_the_events_of_open_spans_are_bounded_and_the_records_are_not(monkeypatch, box, collector, tmp_path):
    from jobctl.cli import telemetry  # noqa: PLC0415 -- slow to import

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setattr(telemetry, "_MOST_EVENTS", 3)
    witness, ids = telemetry.Telemetry(), [box.submit(duration=0.5) for _ in range(4)]

    async def follow():
        async with JobClient(resolve({"base_url": box.url}, {}, tmp_path).profile) as client:
            watch = Watch(client, WatchOptions(), client.gate)
            witness.begin(watch)
            for job in ids:
                watch.add(job)
            finishes = []
            async for update in watch:
                if isinstance(update.item, Emit):
                    witness.decision(update.job, update.item.decision)
                elif isinstance(update.item, Finish):
                    finishes.append((update.job, update.item))
        for finish in finishes:
            witness.finish(*finish)

    asyncio.run(follow())
    witness.end([], ExitCode.COMPLETED)
    spans = [span for _, span in collector.spans]
    left_out = [plain(span.attributes).get("jobctl.events.left_out", 0) for span in spans]
    assert sum(len(span.events) for span in spans) == 3
    assert 3 + sum(left_out) == len(collector.records)
    assert sum(left_out) > 0

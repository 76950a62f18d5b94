"""The blocking helpers for scripts, against the sandbox."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from support.servers import RawServer, reply

from jobctl import scripting
from jobctl.caching.findings import Rule, Verdict
from jobctl.client.carrier import Limits
from jobctl.errors import (
    ApiError,
    ConfigError,
    DeadlineExceeded,
    JobNotSuccessful,
    ProtocolError,
    SubmitUncertain,
    TransportError,
)
from jobctl.model import JobStatus, Source
from jobctl.profile.load import Profiles
from jobctl.sandbox import Sandbox
from jobctl.watching.options import WatchOptions

PROFILE = Profiles().get("generation")
QUICK = {"duration": 0.1, "pending": 0, "steps": 2}
LONG = {"duration": 60, "pending": 0}


@pytest.fixture(scope="module")
def shared_box():
    with Sandbox() as box:
        yield box


@pytest.fixture
def box(shared_box, monkeypatch):
    shared_box.set_faults((), ())
    shared_box.reset_requests()
    monkeypatch.delenv("JOBCTL_TOKEN", raising=False)
    return shared_box


@pytest.fixture
def api(box):
    """The profile at the sandbox: what the helpers take in place of a name and an address."""
    return PROFILE.with_base_url(box.url)


def requests(box):
    return box.requests()["total"]


def test_blocking_connects_calls_to_a_carrier(box, api):
    job = box.submit(**LONG)
    with scripting.blocking(api) as (calls, http):
        seen = http.run(calls.read(job))
    assert (seen.job, seen.source, seen.http.status) == (job, Source.POLL, 200)
    assert requests(box) == 1


def test_blocking_takes_its_secrets_from_the_environment_it_is_given(monkeypatch):
    monkeypatch.setenv("JOBCTL_TOKEN", "of-the-process")
    heads = []
    for environ in (None, {"JOBCTL_TOKEN": "given"}, {}):
        with RawServer(lambda _head: reply(200, b'{"id": "7", "status": "running"}')) as server:
            with scripting.blocking(PROFILE.with_base_url(server.url), environ=environ) as (calls, http):
                http.run(calls.read("7"))
            heads += server.heads
    assert ["of-the-process" in heads[0], "Bearer given" in heads[1]] == [True, True]
    assert "authorization" not in heads[2].lower()


def test_blocking_keeps_to_its_limits(box, api):
    box.set_faults(["hang"])
    with (
        scripting.blocking(api, limits=Limits(total=0.1)) as (calls, http),
        pytest.raises(TransportError, match=r"within 0\.1 s"),
    ):
        http.run(calls.read("1"))


# --- status and submit -----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["completed", "failed"])
def test_status_is_one_uncached_read_whatever_the_job_came_to(box, api, end):
    job = box.submit(duration=0, pending=0, end=end)
    found = scripting.status(job, api)
    assert (found.id, found.status.value, found.source) == (job, end, Source.VERIFY)
    assert requests(box) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(404, b'{"detail": "Job not found"}'), ApiError),
        (reply(200, b"<html>"), ProtocolError),
        (reply(200, b'{"id": "8", "status": "completed"}'), ProtocolError),
        (reply(200, b'{"id": "7"}'), ProtocolError),
        ([], TransportError),
    ],
)
def test_status_never_makes_up_an_answer(answer, kind):
    with RawServer(lambda _head: answer) as server, pytest.raises(kind):
        scripting.status("7", PROFILE, base_url=server.url)


def test_submit_returns_the_id_and_the_same_key_the_same_one(box, api):
    job = scripting.submit({"prompt": "one"}, api)
    assert box.history(job)
    again = [scripting.submit({"prompt": "two"}, api, idempotency_key="k") for _ in range(2)]
    assert again[0] == again[1] != job


def test_submit_says_when_nobody_knows(box, api):
    box.set_faults(["submit-lost"])
    with pytest.raises(SubmitUncertain):
        scripting.submit({}, api)


def test_a_name_that_is_no_profile_is_a_mistake_of_the_caller(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for call in (scripting.status, scripting.submit, scripting.wait, scripting.cancel):
        with pytest.raises(ConfigError, match="nope"):
            call("7", "nope", base_url="http://127.0.0.1:1")


# --- wait and cancel -------------------------------------------------------------------------------------


def test_wait_returns_the_completed_job(box, api):
    done = scripting.wait(box.submit(**QUICK), api)
    assert done.status is JobStatus.COMPLETED
    assert done.verified


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_wait_raises_any_other_end_with_the_job_and_its_story(box, api, end):
    job = box.submit(**LONG) if end == "cancelled" else box.submit(**QUICK, end=end)
    if end == "cancelled":
        box.cancel(job)
    with pytest.raises(JobNotSuccessful) as caught:
        scripting.wait(job, api)
    assert caught.value.job.status.value == end
    assert caught.value.story.job == caught.value.job


def test_wait_until_something_else_is_content_with_it(box, api):
    job = box.submit(**LONG)
    assert scripting.wait(job, api, options=WatchOptions(until=JobStatus.RUNNING)).status is JobStatus.RUNNING


def test_timeout_outranks_the_options(box, api):
    job = box.submit(**LONG)
    with pytest.raises(DeadlineExceeded, match="not completed after 150ms") as caught:
        scripting.wait(job, api, timeout=0.15, options=WatchOptions(timeout=3600))
    assert caught.value.story.job == caught.value.job


def test_wait_for_nobody(box, api):
    with pytest.raises(ApiError) as caught:
        scripting.wait("1", api, options=WatchOptions(unseen_grace=0.1, fastest=0.05))
    assert caught.value.status == 404


def test_cancel_returns_how_it_ended_and_a_refusal_is_an_answer(box, api):
    assert scripting.cancel(box.submit(**LONG), api).status is JobStatus.CANCELLED
    box.reset_requests()
    assert scripting.cancel(box.submit(duration=0, pending=0), api).status is JobStatus.COMPLETED
    assert requests(box) == 2


def test_a_refused_cancel_of_a_running_job_is_not_waited_for():
    running = reply(200, b'{"id": "7", "status": "running"}')
    refused = reply(409, b'{"detail": "not now"}')
    with RawServer(lambda head: refused if head.startswith("POST") else running) as server:
        found = scripting.cancel("7", PROFILE, base_url=server.url, timeout=0.5)
    assert (found.status, len(server.heads)) == (JobStatus.RUNNING, 2)


def test_cancel_never_calls_a_job_cancelled_on_its_own_word(box, api):
    box.set_faults(["cancel-delay=60s"])
    with pytest.raises(DeadlineExceeded) as caught:
        scripting.cancel(box.submit(**LONG), api, timeout=0.15)
    assert caught.value.job is None or caught.value.job.status is JobStatus.RUNNING


# --- event loops -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "instead"),
    [
        (scripting.wait, "client.watch"),
        (scripting.cancel, "client.cancel"),
        (lambda job, api: scripting.diagnose(job, "loca.lt", api), "asyncio.to_thread(jobctl.diagnose"),
    ],
    ids=["wait", "cancel", "diagnose"],
)
def test_inside_a_running_loop_the_way_out_is_named_and_nothing_is_sent(box, api, call, instead):
    async def main():
        call(box.submit(**LONG), api)

    with pytest.raises(ConfigError, match="inside a running event loop") as caught:
        asyncio.run(main())
    assert instead in caught.value.hint
    assert requests(box) == 0


def test_in_a_thread_beside_a_loop_they_work(box, api):
    job = box.submit(**QUICK)
    assert asyncio.run(asyncio.to_thread(scripting.wait, job, api)).status is JobStatus.COMPLETED


def test_status_and_submit_need_no_event_loop(box):
    code = (
        "import sys\n"
        "from jobctl.scripting import status, submit\n"
        f"print(status(submit({{}}, base_url={box.url!r}), base_url={box.url!r}).status.value)\n"
        "sys.exit('asyncio' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() in {"pending", "running"}


@pytest.mark.parametrize(
    ("faults", "verdict", "by_echo"),
    [
        (([], ["cache=60s"]), Verdict.PROVEN_STALE, False),
        ((["echo-request-id"], ["cache=60s"]), Verdict.PROVEN_STALE, True),
        ((["echo-request-id"], []), Verdict.CACHEABLE, False),
    ],
    ids=["cached", "cached-echo", "clean"],
)
def test_diagnose_judges_the_route(box, api, faults, verdict, by_echo):
    box.set_faults(*faults)
    job = box.submit(duration=60, pending=0, steps=120)
    report = scripting.diagnose(job, box.tunnel_url, api, check_stream=False)
    assert report.diagnosis.verdict is verdict
    assert (Rule.R1 in {finding.rule for finding in report.diagnosis.findings}) is by_echo
    assert (report.job, report.direct_url, report.stream) == (job, box.url, None)
    assert report.requests == len(report.exchanges) <= report.budget_requests


def test_diagnose_takes_an_origin_and_limits(box):
    job = box.submit(**LONG)
    report = scripting.diagnose(
        job,
        box.tunnel_url,
        base_url="http://127.0.0.1:9",
        origin=box.url,
        budget_requests=2,
        budget_seconds=5,
    )
    assert (report.direct_url, report.requests, report.stopped) == (box.url, 2, "budget")
    assert (report.budget_requests, report.budget_seconds) == (2, 5)


def test_diagnose_refuses_what_it_cannot_use(box, api):
    with pytest.raises(ConfigError):
        scripting.diagnose("7", "ftp://nowhere", api)
    with pytest.raises(TypeError, match="patience"):
        scripting.diagnose("7", box.tunnel_url, api, patience=3)
    assert requests(box) == 0

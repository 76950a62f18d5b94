"""The incident on software nobody here wrote: Celery and Flower, behind Varnish and HAProxy as they come."""

from __future__ import annotations

import httpx
from support.caches import cache
from support.flower import flower

from jobctl.caching.findings import Rule, Verdict
from jobctl.caching.probe import ProbeSettings, run_probe
from jobctl.profile.load import Profiles


def test_a_cache_goes_on_saying_started(tmp_path):
    # One test for both caches: the engine takes seconds to start.
    with (
        flower(tmp_path) as engine,
        cache("varnish-stock", engine.url) as varnish,
        cache("haproxy-cache", engine.url) as haproxy,
        httpx.Client(trust_env=False, timeout=20) as http,
    ):
        profile = Profiles().get("flower").with_base_url(engine.url)
        for proxied in (varnish, haproxy):
            task = engine.submit()
            engine.until(task, "STARTED")
            url = f"{proxied}/api/task/info/{task}"
            assert http.get(url).json()["state"] == "STARTED"
            engine.release(task)
            engine.until(task, "SUCCESS")

            late = http.get(url)
            assert late.json()["state"] == "STARTED"
            assert "age" in late.headers
            check_diagnosis(profile, task, proxied)


def check_diagnosis(profile, task, proxied):
    report = run_probe(ProbeSettings(profile=profile, job=task, proxy=proxied), environ={})
    diagnosis = report.diagnosis
    assert diagnosis.verdict is Verdict.PROVEN_STALE, report
    held = {finding.rule for finding in diagnosis.findings}
    assert Rule.R3 in held
    assert held & {Rule.R7, Rule.R8}
    assert diagnosis.evidence is not None
    control, convicted = (report.exchange(number) for number in diagnosis.evidence)
    assert control.seen.raw_status == "SUCCESS"
    assert convicted.seen.raw_status == "STARTED"

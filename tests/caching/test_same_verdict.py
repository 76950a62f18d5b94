"""One traffic, one verdict: the probe asks through mitmproxy; addon, flow file and HAR judge it."""

from __future__ import annotations

import json
import re

import pytest
from support.caches import cache
from support.mitm import Mitmdump, addon_file, run_on_file
from support.program import Starter

from jobctl.caching.findings import Verdict
from jobctl.caching.probe import ProbeSettings, run_probe
from jobctl.profile.load import Profiles
from jobctl.sandbox import Sandbox

GENERATION = Profiles(()).get("generation")
ADDON = ("-s", addon_file("jobctl_diagnose.py"), "--set", "jobctl_exit_code=true")


@pytest.fixture(scope="module")
def box():
    with Sandbox(seed=3) as running:
        yield running


def verdicts(box, suspect, home, *, has_direct=False):
    """Let the probe ask `suspect` through mitmdump; return every verdict there is on what passed.

    Without direct reads all that the probe knows has passed.
    """
    flows, har = home / "saved.flow", home / "saved.har"
    job = box.submit(duration=60, steps=120, pending=0)
    with Mitmdump(home, suspect, *ADDON, "-w", str(flows), "--set", f"hardump={har}") as proxy:
        profile = GENERATION.with_base_url(box.url if has_direct else proxy.url)
        probe = run_probe(ProbeSettings(profile=profile, job=job, proxy=proxy.url), environ={}).diagnosis
        output = proxy.stop()
    jobctl = Starter(home)
    return probe, {
        "addon": (said(output), proxy.code),
        "again": tuple(reversed(judged_again(home, flows))),
        "flows": offline(jobctl, flows),
        "har": offline(jobctl, har),
    }


def said(output):
    """The verdict in the summary of the addon."""
    return re.findall(r"jobctl: job \S+ at \S+: ([A-Z_]+):", output)[-1]


def judged_again(home, flows):
    code, output = run_on_file(home, flows, *ADDON)
    return code, said(output)


def offline(jobctl, path):
    done = jobctl.run("diagnose", "--from", str(path), "--json")
    return json.loads(done.out)["verdict"], done.code


def test_a_cache_whose_origin_echoes_ids(box, tmp_path):
    box.set_faults(("echo-request-id",), ("cache=20s",))
    probe, others = verdicts(box, box.tunnel_url, tmp_path)
    assert probe.verdict is Verdict.PROVEN_STALE
    assert set(others.values()) == {("PROVEN_STALE", 10)}, others


def test_stock_varnish(box, tmp_path):
    box.set_faults((), ())
    with cache("varnish-stock", box.url) as suspect:
        probe, others = verdicts(box, suspect, tmp_path, has_direct=True)
    assert probe.verdict is Verdict.PROVEN_STALE
    assert set(others.values()) == {("PROVEN_STALE", 10)}, others


def test_direct_reads_prove_more_than_who_listens_can_see(box, tmp_path):
    """The probe stops as soon as a direct read convicts: that read never passed the listener."""
    box.set_faults(("echo-request-id",), ("cache=20s",))
    probe, others = verdicts(box, box.tunnel_url, tmp_path, has_direct=True)
    assert probe.verdict is Verdict.PROVEN_STALE
    assert len(set(others.values())) == 1, others
    assert set(others.values()) <= {("PROVEN_STALE", 10), ("SERVED_FROM_CACHE", 10)}


def test_a_silent_cache_without_ids_is_at_least_suspected(box, tmp_path):
    """Nothing but older answers: few of them could be a replica's as well."""
    box.set_faults((), ("cache=20s",))
    probe, others = verdicts(box, box.tunnel_url, tmp_path)
    assert probe.verdict in {Verdict.PROVEN_STALE, Verdict.SUSPECT_STALE}
    assert {verdict for verdict, _ in others.values()} <= {"PROVEN_STALE", "SUSPECT_STALE"}, others
    assert len(set(others.values())) == 1


def test_a_path_without_a_cache(box, tmp_path):
    box.set_faults((), ())
    probe, others = verdicts(box, box.tunnel_url, tmp_path, has_direct=True)
    assert probe.verdict is Verdict.CACHEABLE
    assert set(others.values()) == {("CACHEABLE", 11)}, others
